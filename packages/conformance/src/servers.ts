import assert from "node:assert/strict";
import {
  collect,
  type LaunchConfiguration,
  type Metadata,
  type Server,
  type ServersDriver,
  serverSchema,
} from "@bellows/core";
import { abortedAtOnce, checked, freshName, refused } from "./checks.js";
import { retrying } from "./provider/bench.js";
import { type Add, type Parts, type ReportOptions, registerSuite, type Tests } from "./tests.js";

/** What a servers driver needs to be put to the proof. */
export interface ServersSuiteOptions extends ReportOptions {
  /** Opens the driver; called once a test. */
  create: () => Promise<{ servers: ServersDriver; cleanup?: () => Promise<void> | void }>;
  /** The cheapest server that becomes active. */
  launch: LaunchConfiguration;
  /** A launch configuration that is refused. */
  launchRefused?: LaunchConfiguration;
  /** How long a read may lag behind a write, in milliseconds (default 0). */
  readAfterWriteMs?: number;
  /** How long a server may take to come or go, in milliseconds (default 60,000). */
  settleMs?: number;
}

interface ServersWorld {
  servers: ServersDriver;
  options: ServersSuiteOptions;
  parts: Parts;
  /** Makes a server that goes when the test ends. */
  make(labels?: Metadata, key?: string): Promise<Server>;
  /** Those of this test that exist: listed, and not stopped. */
  mine(labels?: Metadata): Promise<Server[]>;
  afterWrite<T>(look: () => Promise<T>): Promise<T>;
  eventually<T>(look: () => Promise<T>): Promise<T>;
}

/**
 * Puts a bare servers driver to the proof: what core needs in order to keep groups on it. A provider that brings one
 * passes this first, {@link providerSuite} then.
 * @param tests - the caller's test functions.
 */
export function serversSuite(tests: Tests, options: ServersSuiteOptions): void {
  registerSuite(tests, "a servers driver", options, (section, parts) => {
    const inWorld = (run: (world: ServersWorld) => Promise<void>) => () => withWorld(options, parts, run);
    section("life", (add) => lifeTests(add, inWorld));
    section("labels", (add) => labelTests(add, inWorld));
  });
}

type InWorld = (run: (world: ServersWorld) => Promise<void>) => () => Promise<void>;

async function withWorld(
  options: ServersSuiteOptions,
  parts: Parts,
  run: (world: ServersWorld) => Promise<void>,
): Promise<void> {
  const { servers, cleanup } = await options.create();
  const made: string[] = [];
  const test = freshName("test");
  try {
    await run({
      servers,
      options,
      parts,
      async make(labels = {}, key = freshName("server")) {
        const spec = { name: key, idempotencyKey: key, launch: options.launch, labels: { test, ...labels } };
        const server = checked(serverSchema, await servers.create(spec), "the answer of create", false);
        made.push(server.id);
        return server;
      },
      async mine(labels = {}) {
        const listed = await collect(servers.list({ labels: { test, ...labels } }));
        for (const server of listed) checked(serverSchema, server, "a listed server", false);
        return listed.filter(({ status }) => status !== "stopped");
      },
      afterWrite: (look) => retrying(look, options.readAfterWriteMs ?? 0),
      eventually: (look) => retrying(look, options.settleMs ?? 60_000),
    });
  } finally {
    for (const id of made) await servers.delete(id, { graceMs: 0 }).catch(() => undefined);
    await cleanup?.();
  }
}

const idsOf = (servers: readonly Server[]): string[] => servers.map(({ id }) => id).sort();

function lifeTests(add: Add, inWorld: InWorld): void {
  add(
    "a server that was made is listed, and becomes active",
    inWorld(async ({ make, mine, eventually, afterWrite, parts }) => {
      const { id } = await make();
      await afterWrite(async () => assert.deepEqual(idsOf(await mine()), [id]));
      await eventually(async () => assert.equal((await mine())[0]?.status, "active"));
      parts.exercised("list, create, delete");
    }),
  );

  add(
    "the same key never makes two servers, one after the other or at once",
    inWorld(async ({ make, mine, afterWrite, parts }) => {
      const key = freshName("key");
      const first = await make({}, key);
      await afterWrite(async () => assert.equal((await mine()).length, 1));
      const more = await Promise.all([make({}, key), make({}, key)]);
      assert.deepEqual(
        more.map(({ id }) => id),
        [first.id, first.id],
      );
      const other = freshName("key");
      const twins = await Promise.all([make({}, other), make({}, other)]);
      assert.equal(twins[0]?.id, twins[1]?.id);
      await afterWrite(async () => assert.equal((await mine()).length, 2));
      parts.exercised("idempotency keys");
    }),
  );

  add(
    "the list has every server once",
    inWorld(async ({ make, mine, afterWrite }) => {
      const ids = idsOf(await Promise.all(Array.from({ length: 5 }, () => make())));
      assert.equal(new Set(ids).size, 5);
      await afterWrite(async () => assert.deepEqual(idsOf(await mine()), ids));
    }),
  );

  add(
    "a server that is deleted goes, and deleting what is gone succeeds",
    inWorld(async ({ servers, make, mine, eventually }) => {
      const [one, other] = [await make(), await make()];
      await servers.delete(one.id, { graceMs: 0 });
      await eventually(async () => assert.deepEqual(idsOf(await mine()), [other.id]));
      await servers.delete(one.id);
      await servers.delete(freshName("nobody"));
    }),
  );

  add(
    "a server is found by its id, and what is not there is not found",
    inWorld(async ({ servers, make, parts, afterWrite }) => {
      if (!servers.get) return parts.absent("get");
      const { id, name } = await make();
      const found = await afterWrite(async () => servers.get?.(id));
      assert.equal(found?.name, name);
      await refused(async () => servers.get?.(freshName("nobody")), "not-found", "get");
      parts.exercised("get");
    }),
  );

  add(
    "a launch that cannot be is refused, and nothing is made",
    inWorld(async ({ servers, mine, options, parts }) => {
      const { launchRefused: launch } = options;
      if (launch === undefined) return parts.absent("refusals");
      const name = freshName("server");
      await refused(
        servers.create({ name, idempotencyKey: name, launch, labels: {} }),
        "config",
        "a bad launch",
      );
      assert.deepEqual(
        (await collect(servers.list())).filter((server) => server.name === name),
        [],
      );
      assert.deepEqual(await mine(), []);
      parts.exercised("refusals");
    }),
  );

  add(
    "a call that is aborted beforehand is not made",
    inWorld(async ({ servers, make, mine, options, afterWrite }) => {
      const { id, labels } = await make();
      const name = freshName("server");
      const spec = { name, idempotencyKey: name, launch: options.launch, labels };
      await abortedAtOnce((call) => servers.create(spec, call), "create");
      await abortedAtOnce((call) => collect(servers.list({}, call)), "list");
      await abortedAtOnce((call) => servers.delete(id, call), "delete");
      await afterWrite(async () => assert.deepEqual(idsOf(await mine()), [id]));
    }),
  );
}

function labelTests(add: Add, inWorld: InWorld): void {
  add(
    "servers carry the labels that they were made with, and are listed by all of those asked for",
    inWorld(async ({ make, mine, afterWrite, parts }) => {
      const one = await make({ "bellows:group": "web", "bellows:slot": "1" });
      const two = await make({ "bellows:group": "web", "bellows:slot": "2" });
      const three = await make({ "bellows:group": "worker" });
      await afterWrite(async () => {
        assert.deepEqual(idsOf(await mine()), idsOf([one, two, three]));
        assert.deepEqual(idsOf(await mine({ "bellows:group": "web" })), idsOf([one, two]));
        assert.deepEqual(idsOf(await mine({ "bellows:group": "web", "bellows:slot": "2" })), [two.id]);
        assert.deepEqual(await mine({ "bellows:group": "we" }), []);
        const shown = (await mine({ "bellows:slot": "1" }))[0]?.labels;
        assert.deepEqual([shown?.["bellows:group"], shown?.["bellows:slot"]], ["web", "1"]);
      });
      parts.exercised("labels");
    }),
  );

  add(
    "labels of a running server are set, kept and taken away one by one",
    inWorld(async ({ servers, make, mine, afterWrite, eventually, parts }) => {
      if (!servers.label) return parts.absent("label");
      const { id } = await make({ a: "1", b: "2" });
      await eventually(async () => assert.equal((await mine())[0]?.status, "active"));
      const { labels } = await servers.label(id, { b: "3", c: "4" });
      assert.deepEqual([labels.a, labels.b, labels.c], ["1", "3", "4"]);
      await servers.label(id, { a: "" });
      await afterWrite(async () => {
        const [now] = await mine({ b: "3" });
        assert.deepEqual([now?.id, now?.labels.a, now?.labels.c], [id, undefined, "4"]);
        assert.deepEqual(await mine({ a: "1" }), []);
      });
      await refused(async () => servers.label?.(freshName("nobody"), { a: "1" }), "not-found", "label");
      parts.exercised("label");
    }),
  );

  add(
    "who listens for changes can stop listening",
    inWorld(async ({ servers, parts }) => {
      if (!servers.onChange) return parts.absent("onChange");
      const stop = servers.onChange(() => undefined);
      stop();
      stop();
      parts.exercised("onChange");
    }),
  );
}
