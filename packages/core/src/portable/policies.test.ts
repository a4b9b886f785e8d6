import { describe, expect, it } from "vitest";
import { z } from "zod";
import { fakeCloud } from "../../test/fake-cloud.js";
import { manualClock } from "../clock.js";
import { type ConnectSettings, connect } from "../connect.js";
import type { PoliciesDriver, Policy, PolicySpec } from "../contracts/policy.js";
import type { ProviderDrivers } from "../contracts/provider.js";
import {
  AlreadyExistsError,
  CapacityError,
  ConfigError,
  NotFoundError,
  RefusedError,
  UnsupportedError,
} from "../errors.js";
import { createMemoryStore } from "../memory-store.js";
import { collect } from "../paging.js";
import { emptyMemory, type Memory, withPause } from "../pipeline/memory.js";
import { defineProvider } from "../plugins/define.js";

const START_MS = 1_700_000_000_000;
const KEY = "a server key of some length";

async function setup(settings: ConnectSettings = {}, drivers: ProviderDrivers = {}) {
  const clock = manualClock(START_MS);
  const cloud = fakeCloud(clock);
  const store = createMemoryStore();
  const plugin = defineProvider({
    name: "fake",
    contract: 1,
    options: z.object({}),
    launch: z.looseObject({}),
    drivers: ["servers"],
    create: () => ({ servers: cloud.servers, ...drivers, close: async () => {} }),
  });
  const fake = await connect(
    plugin,
    {},
    { clock, store, serverKey: KEY, webhookUrl: "https://scale.example.com/", ...settings },
  );
  await fake.groups.create({ name: "web", min: 1, max: 10, desired: 3, cooldownMs: 60_000, launch: {} });
  return { clock, cloud, store, fake, group: fake.groups.of("web") };
}

const up: PolicySpec = { name: "up", adjust: { change: 2 }, cooldownMs: 120_000 };

describe("groups for which something is kept", () => {
  it("are told with their policies, and are none any more when they are gone", async () => {
    const { fake, group } = await setup();
    expect(await collect(fake.portable?.kept() ?? none())).toEqual([]);
    const made = await group.policies.create(up);
    expect(await collect(fake.portable?.kept() ?? none())).toEqual([{ id: "web", policies: [made] }]);
    expect(await collect(fake.portable?.kept({ id: "web", name: "web" }) ?? none())).toHaveLength(1);
    expect(await collect(fake.portable?.kept({ id: "other", name: "web" }) ?? none())).toEqual([]);
    await fake.groups.delete("web", { force: true, wait: true });
    expect(await collect(fake.portable?.kept() ?? none())).toEqual([]);
  });
});

async function* none(): AsyncGenerator<never> {}

describe("policies kept here", () => {
  it("are listed, read by name or id, changed and deleted", async () => {
    const { group } = await setup();
    const made = await group.policies.create(up);
    expect(made).toMatchObject({ name: "up", engine: "bellows", group: "web", adjust: { change: 2 } });
    expect(await group.policies.get(made.id)).toEqual(made);
    expect(await group.policies.update("up", { adjust: { percent: 50 } })).toMatchObject({
      id: made.id,
      adjust: { percent: 50 },
    });
    await group.policies.delete("up");
    expect(await collect(group.policies.list())).toEqual([]);
    await expect(group.policies.get("up")).rejects.toThrow(NotFoundError);
  });

  it("are found again by an equal create, and refuse a different one of that name", async () => {
    const { group } = await setup();
    const first = await group.policies.create(up);
    expect(await group.policies.create({ ...up })).toEqual(first);
    await expect(group.policies.create({ ...up, adjust: { change: 3 } })).rejects.toThrow(AlreadyExistsError);
  });

  it("go with their group", async () => {
    const { group, fake, store } = await setup();
    await group.policies.create(up);
    await group.webhooks.create("up", { name: "ci" });
    await group.delete({ force: true });
    await fake.portable?.idle();
    expect(await collect(store.list("web"))).toEqual([]);
    expect(await collect(store.list(""))).toEqual([]);
  });

  it("that a file declares are listed and executed, and not changed", async () => {
    const { group } = await setup({ declared: () => [up] });
    expect((await collect(group.policies.list())).map((policy) => policy.name)).toEqual(["up"]);
    expect(await group.policies.execute("up")).toMatchObject({ result: "executed", to: 5 });
    await expect(group.policies.delete("up")).rejects.toThrow(RefusedError);
  });
});

describe("executing a policy", () => {
  const results: [string, PolicySpec["adjust"], number][] = [
    ["adds", { change: 2 }, 5],
    ["stays within max", { change: 90 }, 10],
    ["stays within min", { change: -90 }, 1],
    ["rounds percentages away from zero, as Otter does", { percent: 50 }, 5],
    ["and so downwards", { percent: -50 }, 1],
    ["sets", { desired: 7 }, 7],
  ];
  it.each(results)("%s", async (_name, adjust, to) => {
    const { group } = await setup();
    await group.policies.create({ name: "it", adjust });
    expect(await group.policies.execute("it")).toMatchObject({ result: "executed", from: 3, to });
    expect(await group.get()).toMatchObject({ desired: to });
  });

  it("starts the cooldowns of policy and group, which end when exactly their time has passed", async () => {
    const { group, clock } = await setup();
    await group.policies.create(up);
    await group.policies.create({ name: "other", adjust: { change: 1 } });
    await group.policies.execute("up");
    clock.advance(59_999);
    expect(await group.policies.execute("other")).toMatchObject({
      result: "cooldown",
      text: expect.stringMatching(/group's cooldown.*1ms/),
    });
    clock.advance(1);
    expect(await group.policies.execute("up")).toMatchObject({
      result: "cooldown",
      text: expect.stringMatching(/policy's cooldown.*1m/),
    });
    expect(await group.policies.execute("other")).toMatchObject({ result: "executed", from: 5, to: 6 });
  });

  it("starts no cooldown when it changes nothing", async () => {
    const { group } = await setup();
    await group.policies.create({ name: "same", adjust: { desired: 3 } });
    await group.policies.create(up);
    expect(await group.policies.execute("same")).toMatchObject({ result: "unchanged" });
    expect(await group.policies.execute("up")).toMatchObject({ result: "executed" });
  });

  it("starts no cooldown when the cloud fails", async () => {
    const { group, fake } = await setup();
    await group.policies.create(up);
    const scale = fake.portable?.groups?.scale;
    if (fake.portable) fake.portable.groups.scale = () => Promise.reject(new CapacityError("full"));
    await expect(group.policies.execute("up")).rejects.toThrow(CapacityError);
    if (fake.portable && scale) fake.portable.groups.scale = scale;
    expect(await group.policies.execute("up")).toMatchObject({ result: "executed" });
  });

  it("skips cooldowns on request", async () => {
    const { group } = await setup();
    await group.policies.create(up);
    await group.policies.execute("up");
    expect(await group.policies.execute("up", { honorCooldown: false })).toMatchObject({
      result: "executed",
      to: 7,
    });
  });

  it("counts both of two executions at the same moment", async () => {
    const { group } = await setup();
    await group.update({ cooldownMs: 0 });
    await group.policies.create({ name: "one", adjust: { change: 1 } });
    await Promise.all([group.policies.execute("one"), group.policies.execute("one")]);
    expect(await group.get()).toMatchObject({ desired: 5 });
  });

  it("is refused while the group is paused, before anybody looks for the policy", async () => {
    const { group } = await setup();
    await group.pause();
    expect(await group.policies.execute("nobody")).toMatchObject({ result: "paused" });
  });

  it("is refused while Bellows's own pause lies on the group", async () => {
    const { group, store, clock } = await setup();
    await group.policies.create(up);
    const memory: Memory = withPause(emptyMemory(), { sinceMs: clock.now() });
    await store.commit("web", { documents: [{ key: "memory", value: memory }] });
    expect(await group.policies.execute("up")).toMatchObject({ result: "paused" });
  });

  it("goes through the daemon's queue where there is one", async () => {
    const seen: string[] = [];
    const { group } = await setup({
      execute: async (where, policy) => {
        seen.push(`${where.name}/${policy.name}`);
        return { result: "accepted" };
      },
    });
    await group.policies.create(up);
    expect(await group.policies.execute("up")).toEqual({ result: "accepted" });
    expect(seen).toEqual(["web/up"]);
  });
});

describe("beside policies that the cloud keeps", () => {
  async function withNative() {
    const native: Policy = {
      name: "cloudy",
      engine: "native",
      group: "web",
      id: "n1",
      providerId: "arn:1",
      adjust: { change: 1 },
    };
    const calls: string[] = [];
    const driver = {
      async *list() {
        yield native;
      },
      get: async (_group: string, ref: string) => {
        if (ref === "cloudy") return native;
        throw new NotFoundError(`no ${ref}`);
      },
      create: async (_group: string, spec: PolicySpec) => {
        calls.push(`create ${spec.name}`);
        return { ...native, ...spec, engine: "native" as const };
      },
      execute: async (_group: string, ref: string) => {
        calls.push(`execute ${ref}`);
        return { result: "accepted" as const };
      },
    } as unknown as PoliciesDriver;
    const base = await setup();
    const { groups } = base.fake;
    const own = await setup({}, { groups: groups as never, policies: driver });
    return { ...own, calls };
  }

  it("lists both, told apart by their engine", async () => {
    const { group } = await withNative();
    await group.policies.create({ name: "mine", engine: "bellows", adjust: { change: 1 } });
    expect((await collect(group.policies.list())).map((policy) => [policy.name, policy.engine])).toEqual([
      ["cloudy", "native"],
      ["mine", "bellows"],
    ]);
  });

  it("sends to the cloud what needs no signal of ours, and executes it there", async () => {
    const { group, calls } = await withNative();
    await group.policies.create({ name: "plain", adjust: { change: 1 } });
    await group.policies.create({ name: "clever", when: "cpu > 70", adjust: { change: 1 } });
    await group.policies.execute("cloudy");
    expect(calls).toEqual(["create plain", "execute cloudy"]);
  });

  it("sends to the cloud what says something in the cloud's own words, and keeps none of that itself", async () => {
    const { group, calls } = await withNative();
    const target = { adjust: { target: { value: 60 } }, native: { predefined: "cpu" } };
    await group.policies.create({ name: "steady", ...target });
    expect(calls).toEqual(["create steady"]);
    const kept = group.policies.create({ name: "other", engine: "bellows", ...target });
    await expect(kept).rejects.toBeInstanceOf(ConfigError);
  });
});

describe("webhooks", () => {
  const hashOf = (url: string | undefined): string => url?.split("/").at(-1) ?? "";

  it("have a URL that can be shown again and opens their policy", async () => {
    const { group, fake } = await setup();
    const policy = await group.policies.create(up);
    const made = await group.webhooks.create("up", { name: "ci", metadata: { owner: "web" } });
    expect(made.url).toMatch(/^https:\/\/scale\.example\.com\/v1\.0\/execute\/1\/[0-9a-f]{64}$/);
    expect(await group.webhooks.get("up", "ci")).toEqual(made);
    expect(await fake.portable?.resolveCapability(hashOf(made.url))).toMatchObject({
      provider: "fake",
      group: "web",
      policy: policy.id,
      name: "ci",
    });
  });

  it("open nothing when forged, shortened, or made under another key", async () => {
    const { group, fake } = await setup();
    await group.policies.create(up);
    const hash = hashOf((await group.webhooks.create("up", { name: "ci" })).url);
    const forged = hash.slice(0, 63) + (hash.endsWith("0") ? "1" : "0");
    for (const bad of [forged, hash.slice(0, 32), "", "x".repeat(64), `${hash}00`, hash.toUpperCase()]) {
      if (bad !== hash) expect(await fake.portable?.resolveCapability(bad)).toBeUndefined();
    }
  });

  it("leave nothing in the store that would open them", async () => {
    const { group, store } = await setup();
    await group.policies.create(up);
    const hash = hashOf((await group.webhooks.create("up", { name: "ci" })).url);
    const kept = JSON.stringify([...(await collect(store.list("web"))), ...(await collect(store.list("")))]);
    expect(kept).not.toContain(hash.slice(32));
  });

  it("get a new URL by rotation, and the old one is dead", async () => {
    const { group, fake } = await setup();
    await group.policies.create(up);
    const old = await group.webhooks.create("up", { name: "ci" });
    const fresh = await group.webhooks.rotate?.("up", "ci");
    expect(fresh?.id).toBe(old.id);
    expect(await fake.portable?.resolveCapability(hashOf(old.url))).toBeUndefined();
    expect(await fake.portable?.resolveCapability(hashOf(fresh?.url))).toMatchObject({ name: "ci" });
  });

  it("keep their URL when they are changed, and lose it when they are deleted", async () => {
    const { group, fake } = await setup();
    await group.policies.create(up);
    const made = await group.webhooks.create("up", { name: "ci" });
    expect(await group.webhooks.update("up", "ci", { name: "deploy" })).toMatchObject({
      name: "deploy",
      url: made.url,
    });
    expect(await fake.webhooks.metadata?.merge("web/up/deploy", { a: "1" })).toEqual({ a: "1" });
    await group.webhooks.delete("up", "deploy");
    expect(await fake.portable?.resolveCapability(hashOf(made.url))).toBeUndefined();
    expect(await collect(group.webhooks.list("up"))).toEqual([]);
  });

  it("cannot be made without a server key, and the error says what to pass", async () => {
    const { fake } = await setup({ serverKey: "short" });
    await fake.policies.create("web", up);
    await expect(fake.webhooks.create("web", "up", { name: "ci" })).rejects.toThrow(UnsupportedError);
  });
});
