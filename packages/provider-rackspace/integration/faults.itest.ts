/**
 * The bad days of facts/peers.md, section 4 (Otter's list): whatever happens to one call, nothing is made twice and
 * nothing is lost.
 */
import {
  type Clock,
  type Cloud,
  collect,
  connect,
  createMemoryStore,
  type GroupSpec,
  isBellowsError,
} from "@bellows/core";
import { IMAGE_ID, type RackspaceFaultKind, type RackspaceStandIn, startRackspace } from "@bellows/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import provider, { type RackspaceProvider } from "../src/index.js";
import { clockOf, connected, optionsFor } from "./standing.js";

/** How much faster our time goes than the stand-in's: what is waited for is waited for, but not as long. */
const HURRY = 10;

/** A clock of a stand-in whose spans are short. */
function hurried(one: RackspaceStandIn): Clock {
  const clock = clockOf(one);
  return {
    ...clock,
    monotonic: () => clock.monotonic() * HURRY,
    after: (delayMs, run, options) => clock.after(delayMs / HURRY, run, options),
  };
}

let standIn: RackspaceStandIn;
let cloud: Cloud<RackspaceProvider>;
beforeAll(async () => {
  standIn = await startRackspace({ maxBalancers: 1_000, maxServers: 1_000 });
  cloud = await connected(standIn, {}, { clock: hurried(standIn) });
});
afterEach(() => {
  standIn.setFaults();
  standIn.forget();
});
afterAll(async () => {
  await cloud.close();
  await standIn.stop();
});

const launch = { image: IMAGE_ID, size: "general1-2", serverName: "web" };
let serial = 0;
const fresh = (): string => `bad-day-${++serial}`;
const spec = (name: string, more: Partial<GroupSpec> = {}): GroupSpec => ({
  name,
  min: 0,
  max: 6,
  cooldownMs: 0,
  launch,
  ...more,
});
const up = { name: "up", engine: "native", adjust: { change: 1 }, cooldownMs: 0 } as const;
const listeners = [{ port: 80, protocol: "http", instancePort: 8_080 }] as const;

const keptGroups = (name: string) =>
  standIn
    .region()
    .groups.filter(({ configuration, isDeleting }) => configuration.name === name && !isDeleting);
const keptBalancers = (name: string) =>
  standIn.region().balancers.filter((one) => one.name === name && one.status !== "DELETED");

/** A group with a policy. */
async function makeGroup(name: string): Promise<void> {
  await cloud.groups.create(spec(name, { policies: [up] }));
}

/** A write: what there must be before it, the calls that it makes, itself, and the one effect that it must have. */
interface Write {
  operations: readonly string[];
  prepare?(name: string): Promise<unknown>;
  act(name: string): Promise<unknown>;
  effect(name: string): unknown;
  expected: unknown;
}

const WRITES: Readonly<Record<string, Write>> = {
  "making a group": {
    operations: ["CreateGroup"],
    act: (name) => cloud.groups.create(spec(name, { policies: [up] })),
    effect: (name) => keptGroups(name).map(({ policies }) => policies.length),
    expected: [1],
  },
  "updating a group": {
    operations: ["UpdateGroupConfig"],
    prepare: makeGroup,
    act: (name) => cloud.groups.update(name, { min: 1, max: 3 }),
    effect: (name) =>
      keptGroups(name).map(({ configuration, desired }) => [configuration.maxEntities, desired]),
    expected: [[3, 1]],
  },
  "changing a launch configuration": {
    operations: ["UpdateLaunchConfig"],
    prepare: makeGroup,
    act: (name) => cloud.launch.patch(name, { size: "general1-4" }),
    effect: (name) => keptGroups(name).map((group) => JSON.stringify(group.launch).includes("general1-4")),
    expected: [true],
  },
  "scaling a group": {
    operations: ["CreatePolicies", "ExecutePolicy"],
    prepare: makeGroup,
    act: (name) => cloud.groups.scale(name, 2),
    effect: (name) => keptGroups(name).map(({ desired, policies }) => [desired, policies.length]),
    expected: [[2, 2]],
  },
  "executing a policy": {
    operations: ["ExecutePolicy"],
    prepare: makeGroup,
    act: (name) => cloud.policies.execute(name, "up"),
    effect: (name) => keptGroups(name).map(({ desired }) => desired),
    expected: [1],
  },
  "making a policy": {
    operations: ["CreatePolicies"],
    prepare: makeGroup,
    act: (name) => cloud.policies.create(name, { ...up, name: "more" }),
    effect: (name) => keptGroups(name).flatMap(({ policies }) => policies.map(({ given }) => given.name)),
    expected: ["up", "more"],
  },
  "making a webhook": {
    operations: ["CreateWebhooks"],
    prepare: makeGroup,
    act: (name) => cloud.webhooks.create(name, "up", { name: "alarm" }),
    effect: (name) =>
      keptGroups(name).flatMap(({ policies }) => policies.map(({ webhooks }) => webhooks.length)),
    expected: [1],
  },
  "pausing a group": {
    operations: ["PauseGroup"],
    prepare: makeGroup,
    act: (name) => cloud.groups.pause(name),
    effect: (name) => keptGroups(name).map(({ isPaused }) => isPaused),
    expected: [true],
  },
  "deleting a group": {
    operations: ["DeleteGroup"],
    prepare: makeGroup,
    act: (name) => cloud.groups.delete(name),
    effect: keptGroups,
    expected: [],
  },
  "making a balancer": {
    operations: ["CreateBalancer"],
    act: (name) => cloud.loadBalancers.create({ name, listeners: [...listeners] }),
    effect: (name) => keptBalancers(name).length,
    expected: 1,
  },
  "registering a member": {
    operations: ["AddNodes"],
    prepare: (name) => cloud.loadBalancers.create({ name, listeners: [...listeners] }),
    act: (name) => cloud.loadBalancers.register(name, [{ address: "10.1.1.1", port: 8_080 }]),
    effect: (name) => keptBalancers(name).map(({ nodes }) => nodes.map(({ address }) => address)),
    expected: [["10.1.1.1"]],
  },
  "deleting a balancer": {
    operations: ["DeleteBalancer"],
    prepare: (name) => cloud.loadBalancers.create({ name, listeners: [...listeners] }),
    act: (name) => cloud.loadBalancers.delete(name),
    effect: (name) => keptBalancers(name).length,
    expected: 0,
  },
};

const KINDS = [
  "lost-answer",
  "lying-500",
  "reset",
  "broken",
  "unavailable",
  "html",
  "throttle",
  "unauthorized",
] as const satisfies readonly RackspaceFaultKind[];

describe.each(Object.entries(WRITES))("%s", (_what, { operations, prepare, act, effect, expected }) => {
  it.each(KINDS)("has its effect once on a day with a %s", async (kind) => {
    const name = fresh();
    await prepare?.(name);
    standIn.setFaults(
      ...operations.map((operation) => ({ kind, operations: [operation], times: 1, retryAfterSeconds: 0 })),
    );
    await act(name);
    expect(effect(name)).toEqual(expected);
    expect(standIn.faults()).toEqual({ [kind]: operations.length });
  });
});

describe("many bad days in a row", () => {
  it.each([1, 2, 3])(
    "end with what was asked for last: seed %i",
    async (seed) => {
      const stormy = await startRackspace({ seed });
      const own = await connected(stormy, {}, { clock: hurried(stormy) });
      stormy.setFaults(...KINDS.map((kind) => ({ kind, probability: 0.04, retryAfterSeconds: 0 })), {
        kind: "build-error",
        probability: 0.2,
      });
      await own.groups.create(spec("storm"));
      for (const desired of [3, 1, 6, 2, 5])
        expect(await own.groups.scale("storm", desired)).toMatchObject({ desired });
      const blown = stormy.faults();
      stormy.setFaults();
      await expect.poll(() => livingIn(stormy).length, { timeout: 20_000 }).toBe(5);
      await expect.poll(() => livingIn(stormy).every(({ status }) => status === "ACTIVE")).toBe(true);
      expect(stormy.region().groups).toHaveLength(1);
      expect(Object.keys(blown).length).toBeGreaterThan(2);
      await own.close();
      await stormy.stop();
    },
    60_000,
  );
});

function livingIn(one: RackspaceStandIn) {
  return one.region().servers.filter(({ status }) => status !== "DELETED");
}

describe("groups that core keeps on plain servers", () => {
  let own: Cloud<RackspaceProvider>;
  beforeAll(async () => {
    // The stand-in shows at once what it was told.
    const capabilities = { ...provider.capabilities, readAfterWriteMs: 500 };
    const settings = { clock: hurried(standIn), store: createMemoryStore(), serverKey: "kept elsewhere" };
    const options = optionsFor(standIn, { groups: "servers" });
    own = (await connect({ ...provider, capabilities }, options, settings)) as Cloud<RackspaceProvider>;
  });
  afterAll(() => own.close());

  const running = (name: string) =>
    livingIn(standIn).filter((server) => server.name.endsWith(`-${name}`) && server.status === "ACTIVE");
  const specOf = (name: string): GroupSpec => spec(name, { min: 2, launch: { ...launch, serverName: name } });

  it.each(KINDS)("have as many servers as they want on a day with a %s, and no more", async (kind) => {
    const name = fresh();
    const operations = ["CreateServer"];
    standIn.setFaults({ kind, operations, times: 1, retryAfterSeconds: 0 });
    await own.groups.create(specOf(name), { wait: true });
    expect(standIn.faults()).toEqual({ [kind]: 1 });
    expect((await own.groups.state(name)).activeCapacity).toBe(2);
    expect(running(name)).toHaveLength(2);
    standIn.setFaults({ kind, operations: ["DeleteServer"], times: 1, retryAfterSeconds: 0 });
    await own.groups.delete(name, { force: true, wait: true });
    await expect.poll(() => running(name)).toEqual([]);
  });

  it("replace servers that fail to build or disappear", async () => {
    const name = fresh();
    standIn.setFaults({ kind: "build-error", times: 1 });
    await own.groups.create(specOf(name), { wait: true });
    expect(running(name)).toHaveLength(2);
    Object.assign(running(name)[0] ?? {}, { status: "DELETED" });
    await own.groups.converge(name);
    await expect.poll(() => running(name).length, { timeout: 10_000 }).toBe(2);
  });
});

/** What others do behind our back, to groups that Autoscale keeps. */
describe("behind the back of a group", () => {
  let name: string;
  let front: string;
  beforeAll(() => {
    standIn.behaviour.maxNodes = 25;
  });

  const serversOf = () =>
    standIn
      .region()
      .servers.filter(
        ({ metadata, status }) =>
          metadata["rax:autoscale:group:id"] === keptGroups(name)[0]?.id && status !== "DELETED",
      );
  const active = async (): Promise<number> => (await cloud.groups.state(name)).activeCapacity;
  const settled = (count: number) => expect.poll(active, { timeout: 10_000 }).toBe(count);

  /** A group of two that run behind a balancer. */
  async function makePair(): Promise<void> {
    name = fresh();
    front = `${name}-front`;
    await cloud.loadBalancers.create({ name: front, listeners: [...listeners] }, { wait: true });
    await cloud.groups.create(spec(name, { min: 2, loadBalancers: [front] }), { wait: true });
  }

  it.each(["DELETED", "ERROR", "SHUTOFF"] as const)(
    "a server that becomes %s is replaced, and only it",
    async (status) => {
      await makePair();
      const [first, second] = serversOf();
      if (first === undefined || second === undefined) throw new Error("two servers were wanted");
      first.status = status;
      await expect
        .poll(() => serversOf().length === 2 && serversOf().every((one) => one.status === "ACTIVE"), {
          timeout: 10_000,
        })
        .toBe(true);
      await settled(2);
      expect(serversOf().map(({ id }) => id)).toContain(second.id);
      const members = await collect(cloud.loadBalancers.members(front));
      expect(members.map(({ id }) => id).sort()).toEqual(
        serversOf()
          .map(({ id }) => id)
          .sort(),
      );
    },
  );

  it("servers that fail to build are replaced until all run", async () => {
    name = fresh();
    standIn.setFaults({ kind: "build-error", times: 3 });
    await cloud.groups.create(spec(name, { min: 2 }), { wait: true });
    await settled(2);
    expect(standIn.faults()).toEqual({ "build-error": 3 });
    expect(serversOf()).toHaveLength(2);
  });

  it("a node that was taken out comes back", async () => {
    await makePair();
    keptBalancers(front)[0]?.nodes.pop();
    await expect
      .poll(async () => (await collect(cloud.loadBalancers.members(front))).length, { timeout: 10_000 })
      .toBe(2);
  });

  it.each([
    ["that is deleted", () => Object.assign(keptBalancers(front)[0] ?? {}, { status: "DELETED" })],
    ["that is full", () => Object.assign(standIn.behaviour, { maxNodes: 2 })],
  ])("a balancer %s is told as a problem, and no server is lost", async (_what, harm) => {
    await makePair();
    harm();
    await cloud.groups.scale(name, 3);
    await expect
      .poll(async () => (await cloud.groups.get(name)).problems, { timeout: 10_000 })
      .toHaveLength(1);
    expect(serversOf()).toHaveLength(3);
    standIn.behaviour.maxNodes = 25;
  });

  it("a quota that is used up is told as a problem, which ends with it", async () => {
    name = fresh();
    await cloud.groups.create(spec(name));
    standIn.behaviour.maxServers = livingIn(standIn).length + 1;
    await cloud.groups.scale(name, 3);
    const problems = async (): Promise<string> => String((await cloud.groups.get(name)).problems);
    await expect.poll(problems, { timeout: 10_000 }).toContain("Quota exceeded");
    standIn.behaviour.maxServers = 1_000;
    await settled(3);
    expect((await cloud.groups.get(name)).problems).toBeUndefined();
  });

  it("an image that is gone is told as a problem, and a new one ends it", async () => {
    name = fresh();
    const image = {
      id: "22222222-0000-4000-8000-000000000000",
      name: "short-lived",
      status: "ACTIVE" as const,
      metadata: {},
    };
    standIn.region().images.push(image);
    await cloud.groups.create(spec(name, { launch: { ...launch, image: image.id } }));
    Object.assign(image, { status: "DELETED" });
    await cloud.groups.scale(name, 1);
    await expect
      .poll(async () => (await cloud.groups.get(name)).problems, { timeout: 10_000 })
      .toHaveLength(1);
    await cloud.launch.patch(name, { image: IMAGE_ID });
    await settled(1);
  });

  it("its own policy is made again when somebody has deleted it", async () => {
    name = fresh();
    await cloud.groups.create(spec(name));
    await cloud.groups.scale(name, 1);
    const [group] = keptGroups(name);
    if (group !== undefined) group.policies = [];
    expect(await cloud.groups.scale(name, 2)).toEqual({ result: "done", desired: 2 });
    expect(group?.policies).toHaveLength(1);
  });

  it("it is gone: that is said, and one of its name can be made", async () => {
    name = fresh();
    await cloud.groups.create(spec(name));
    standIn.region().groups = standIn.region().groups.filter((group) => group.configuration.name !== name);
    await expect(cloud.groups.scale(name, 1)).rejects.toSatisfy((error) =>
      isBellowsError(error, "not-found"),
    );
    await cloud.groups.create(spec(name));
    expect(keptGroups(name)).toHaveLength(1);
  });

  it("tokens that are revoked at any time are not noticed", async () => {
    name = fresh();
    await cloud.groups.create(spec(name));
    for (const desired of [1, 2, 3]) {
      standIn.revokeTokens();
      expect(await cloud.groups.scale(name, desired)).toMatchObject({ desired });
    }
    await settled(3);
  });
});
