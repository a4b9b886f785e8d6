import {
  type AlarmSpec,
  type Clock,
  type Cloud,
  collect,
  connect,
  createHost,
  createMemoryStore,
  isBellowsError,
  systemClock,
} from "@bellows/core";
import source from "@bellows/metrics-sources/rackspace-monitoring";
import { IMAGE_ID, type RackspaceStandIn, startRackspace } from "@bellows/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import rackspace, { type RackspaceProvider } from "../src/index.js";
import { optionsSchema, type RackspaceOptions } from "../src/options.js";

let cloud: RackspaceStandIn;
let own: Cloud<RackspaceProvider>;
const options = (): RackspaceOptions => optionsSchema.parse(cloud.providerOptions);
beforeAll(async () => {
  cloud = await startRackspace();
  own = await connect(rackspace, options());
});
afterEach(() => {
  cloud.setFaults();
  cloud.forget();
});
afterAll(async () => {
  await own.close();
  await cloud.stop();
});

/** A clock of which twenty seconds pass in one: what is looked for is given up sooner. */
const hasty: Clock = {
  ...systemClock,
  monotonic: () => systemClock.monotonic() * 20,
  after: (delayMs, run, options) => systemClock.after(delayMs / 20, run, options),
};

let serial = 0;
/** A group of its own with policies up and down. */
async function group(desired = 1): Promise<string> {
  serial += 1;
  const name = `web-${serial}`;
  await own.groups.create(
    {
      name,
      min: desired,
      max: 6,
      cooldownMs: 0,
      launch: { image: IMAGE_ID, size: "general1-1", serverName: name },
      policies: [
        { name: "up", engine: "native", adjust: { change: 1 }, cooldownMs: 0 },
        { name: "down", engine: "native", adjust: { change: -1 }, cooldownMs: 0 },
      ],
    },
    { wait: true },
  );
  return name;
}

function alarm(name: string, more: Partial<AlarmSpec> = {}): AlarmSpec {
  return {
    name: `busy ${name}`,
    metric: { namespace: "agent.cpu", name: "usage_average" },
    above: 80,
    periodMs: 60_000,
    periods: 1,
    scope: "instance",
    executes: [{ group: name, policy: "up" }],
    ...more,
  };
}

const serversOf = async (name: string): Promise<string[]> =>
  (await collect(own.groups.instances(name))).map(({ id }) => id).sort();
const desiredOf = async (name: string): Promise<number> => (await own.groups.get(name)).desired;
/** What Bellows has made at Cloud Monitoring. */
const made = (kind?: string) =>
  cloud.monitoring.state.objects.filter(
    (one) => (kind === undefined || one.kind === kind) && one.fields.managed !== true,
  );
const find = (label: string, kind: string) => made(kind).filter(({ fields }) => fields.label === label);

describe("an alarm", () => {
  it("orders its policy when a server's state changes, once, as it says", async () => {
    const name = await group();
    const created = await own.alarms.create(alarm(name));
    expect(created).toMatchObject({
      name: `busy ${name}`,
      state: "insufficient-data",
      repeats: false,
      enabled: true,
    });
    const [server = ""] = await serversOf(name);
    await cloud.monitoring.observeServer(server, { usage_average: 50 });
    expect((await own.alarms.get(created.id)).state).toBe("ok");
    await cloud.monitoring.observeServer(server, { usage_average: 93 });
    await vi.waitFor(async () => expect(await desiredOf(name)).toBe(2));
    expect(await own.alarms.get(created.name)).toMatchObject({
      state: "alarm",
      stateReason: expect.stringContaining("> 80"),
    });
    await cloud.monitoring.observeServer(server, { usage_average: 95 });
    expect(await desiredOf(name)).toBe(2);
    const events = await collect(own.alarms.history(created.id));
    expect(events.map(({ text }) => text)).toEqual([expect.stringContaining("CRITICAL")]);
  });

  it("watches servers that come and forgets those that go, as the group is looked at", async () => {
    const name = await group(2);
    const { id } = await own.alarms.create(alarm(name));
    const wired = () => made("alarm").filter(({ fields }) => fields.label === `busy ${name}`).length;
    expect(wired()).toBe(2);
    await own.groups.update(name, { min: 0 });
    await own.groups.scale(name, 4);
    await vi.waitFor(async () => {
      await own.groups.observe([name]);
      expect(wired()).toBe(4);
    });
    await own.groups.scale(name, 1);
    await vi.waitFor(async () => {
      await own.groups.observe([name]);
      expect(wired()).toBe(1);
    });
    cloud.forget();
    await own.groups.observe([name]);
    await own.groups.observe([name]);
    expect(cloud.calls().GetOverview).toBeUndefined();
    await own.alarms.delete(id);
  });

  it("of an empty group is kept, and wired by hand when servers come", async () => {
    const name = await group(0);
    const { id } = await own.alarms.create(alarm(name));
    expect(await own.alarms.get(id)).toMatchObject({ executes: [{ group: name, policy: "up" }] });
    await own.groups.scale(name, 1, { wait: true });
    expect(await own.native.alarms.rewire({ group: name })).toMatchObject({
      [`busy ${name}`]: { added: [expect.stringContaining(name)], changed: [], removed: [] },
    });
    expect(await own.native.alarms.rewire({ group: name })).toEqual({
      [`busy ${name}`]: { added: [], changed: [], removed: [] },
    });
  });

  it("is found again by an equal spec, which makes nothing, and refused to a different one", async () => {
    const name = await group();
    const first = await own.alarms.create(alarm(name, { owner: "shop/busy" }));
    const before = made().length;
    expect((await own.alarms.create(alarm(name))).id).toBe(first.id);
    expect(made()).toHaveLength(before);
    expect(first.owner).toBe("shop/busy");
    await expect(own.alarms.create(alarm(name, { above: 90 }))).rejects.toMatchObject({
      code: "already-exists",
    });
  });

  it("for up and one for down look at the same check", async () => {
    const name = await group();
    await own.alarms.create(alarm(name));
    const idle = {
      name: `idle ${name}`,
      above: undefined,
      below: 20,
      executes: [{ group: name, policy: "down" }],
    };
    await own.alarms.create(alarm(name, idle));
    const [server = ""] = await serversOf(name);
    const entity = cloud.monitoring.state.objects.find(({ fields }) => String(fields.uri).endsWith(server));
    expect(made("check").filter(({ entityId }) => entityId === entity?.id)).toHaveLength(1);
    await own.alarms.delete(`busy ${name}`);
    expect(made("check").filter(({ entityId }) => entityId === entity?.id)).toHaveLength(1);
    await own.alarms.delete(`idle ${name}`);
    expect(made("check").filter(({ entityId }) => entityId === entity?.id)).toEqual([]);
  });

  it("is changed in place: threshold, policies and check", async () => {
    const name = await group();
    const { id } = await own.alarms.create(alarm(name));
    const changed = await own.alarms.update(id, {
      atMost: 10,
      periodMs: 30_000,
      periods: 2,
      executes: [{ group: name, policy: "down" }],
    });
    expect(changed).toMatchObject({
      id,
      atMost: 10,
      periods: 2,
      executes: [{ group: name, policy: "down" }],
    });
    expect(changed.above).toBeUndefined();
    expect(await collect(own.webhooks.list(name, "up"))).toEqual([]);
    expect(await collect(own.webhooks.list(name, "down"))).toHaveLength(1);
    await own.groups.scale(name, 1);
    await own.groups.update(name, { min: 0 });
    const [server = ""] = await serversOf(name);
    await cloud.monitoring.observeServer(server, { usage_average: 5 });
    expect(await desiredOf(name)).toBe(1);
    await cloud.monitoring.observeServer(server, { usage_average: 5 });
    await vi.waitFor(async () => expect(await desiredOf(name)).toBe(0));
  });

  it("that is switched off tells nobody until it is switched on", async () => {
    const name = await group();
    const { id } = await own.alarms.create(alarm(name));
    await own.alarms.enable(id, false);
    expect((await own.alarms.get(id)).enabled).toBe(false);
    const [server = ""] = await serversOf(name);
    await cloud.monitoring.observeServer(server, { usage_average: 93 });
    expect(await desiredOf(name)).toBe(1);
    await own.alarms.enable(id, true);
    await cloud.monitoring.observeServer(server, { usage_average: 93 });
    await vi.waitFor(async () => expect(await desiredOf(name)).toBe(2));
  });

  it("leaves nothing behind when it is deleted", async () => {
    const name = await group(2);
    const before = made().map(({ id }) => id);
    const { id } = await own.alarms.create(alarm(name, { native: { okUrls: ["http://127.0.0.1:9/ok"] } }));
    await own.alarms.delete(id);
    expect(made().map((one) => one.id)).toEqual(before);
    expect(await collect(own.webhooks.list(name, "up"))).toEqual([]);
    await expect(own.alarms.get(id)).rejects.toSatisfy((error) => isBellowsError(error, "not-found"));
  });

  it("watches one entity that is named, without a group's servers", async () => {
    const name = await group();
    const [server = ""] = await serversOf(name);
    const entity = cloud.monitoring.state.objects.find(({ fields }) => String(fields.uri).endsWith(server));
    const spec = alarm(name, {
      name: `front ${name}`,
      scope: "group",
      metric: { namespace: "remote.http", name: "duration", dimensions: { entity: entity?.id ?? "" } },
      native: { check: { zones: ["mzdfw"], targetAlias: "public0_v4", details: { url: "http://shop/" } } },
    });
    await own.alarms.create(spec);
    expect(find(`front ${name}`, "alarm")).toHaveLength(1);
  });

  it("is listed by prefix, state and policy", async () => {
    const name = await group();
    await own.alarms.create(alarm(name));
    const names = async (filter: object) => (await collect(own.alarms.list(filter))).map((one) => one.name);
    expect(await names({ namePrefix: `busy ${name}` })).toEqual([`busy ${name}`]);
    expect(await names({ executes: { group: name, policy: "up" } })).toEqual([`busy ${name}`]);
    expect(await names({ executes: { group: name, policy: "down" } })).toEqual([]);
    await expect(names({ executes: { group: name, policy: "nobody" } })).rejects.toMatchObject({
      code: "not-found",
    });
    expect(await names({ namePrefix: `busy ${name}`, state: "alarm" })).toEqual([]);
  });

  it("of a policy that is not there is refused, and nothing is left", async () => {
    const name = await group();
    const before = made().length;
    await expect(
      own.alarms.create(alarm(name, { executes: [{ group: name, policy: "nobody" }] })),
    ).rejects.toMatchObject({ code: "not-found" });
    expect(made()).toHaveLength(before);
  });
});

describe("on a bad day", () => {
  it.each(["CreateEntity", "CreateCheck", "CreateAlarm", "CreateNotification", "CreateNotificationPlan"])(
    "a lost answer to %s makes nothing twice",
    async (operation) => {
      const name = await group(2);
      cloud.setFaults({ kind: "lost-answer", operations: [operation], times: 1 });
      await own.alarms.create(alarm(name));
      expect(cloud.faults()).toEqual({ "lost-answer": 1 });
      expect(find(`busy ${name}`, "alarm")).toHaveLength(2);
      expect(find(`bellows/busy ${name}`, "entity")).toHaveLength(1);
      expect(find(`bellows/busy ${name}`, "notification")).toHaveLength(1);
      expect(find(`bellows/busy ${name}`, "plan")).toHaveLength(1);
      const checks = made("check").map(({ entityId }) => entityId);
      expect(new Set(checks).size).toBe(checks.length);
    },
    30_000,
  );

  it.each(["CreateEntity", "CreateAlarm", "CreateNotificationPlan"])(
    "a create that fails at %s is taken back",
    async (operation) => {
      const name = await group(2);
      const before = made().map(({ id }) => id);
      cloud.setFaults({ kind: "broken", operations: [operation] });
      await using quick = await connect(rackspace, options(), { clock: hasty });
      await expect(quick.alarms.create(alarm(name))).rejects.toMatchObject({ code: "unavailable" });
      cloud.setFaults();
      expect(made().map((one) => one.id)).toEqual(before);
      expect(await collect(own.webhooks.list(name, "up"))).toEqual([]);
    },
    60_000,
  );
});

describe("metrics", () => {
  const soon = { deadlineMs: 10_000 };

  it("of a group are those of its agents, the mean of its servers", async () => {
    const name = await group(2);
    await own.alarms.create(alarm(name));
    await own.alarms.create(
      alarm(name, {
        name: `full ${name}`,
        metric: { namespace: "agent.memory", name: "actual_used" },
        above: 1e9,
      }),
    );
    const [one = "", two = ""] = await serversOf(name);
    await cloud.monitoring.observeServer(one, { usage_average: 20, actual_used: 256, total: 1_024 });
    await cloud.monitoring.observeServer(two, { usage_average: 60, actual_used: 768, total: 1_024 });
    const queries = ["cpuPercent", "memoryPercent", "memoryBytes", "requestRate"].map((metric) => ({
      params: { metric },
      group: name,
    }));
    cloud.forget();
    const samples = await own.metrics.read(queries, soon);
    expect(samples.map((sample) => ("value" in sample ? sample.value : sample.unavailable))).toEqual([
      40,
      50,
      1_024,
      expect.stringContaining("does not tell requestRate"),
    ]);
    // One look at the account, and one call for each series, although two queries need the same one.
    expect(cloud.calls()).toMatchObject({ GetOverview: 1, GetMetricPlot: 6 });
    expect(
      await own.metrics.read([{ params: { metric: "cpuPercent", stat: "max" }, group: name }], soon),
    ).toMatchObject([{ value: 60 }]);
  });

  it("in Cloud Monitoring's words are read by the source, now and in the past, in milliseconds", async () => {
    const name = await group();
    await own.alarms.create(alarm(name));
    const [server = ""] = await serversOf(name);
    const startMs = cloud.now();
    for (const usage of [10, 20, 30]) {
      await cloud.monitoring.observeServer(server, { usage_average: usage });
      cloud.advance(60_000);
    }
    const opened = await source.create({}, createHost({ key: "monitoring" }));
    const query = (params: object) => ({ params: source.query.parse(params), group: name });
    const cpu = { check: "agent.cpu", metric: "usage_average" };
    await using later = await connect(rackspace, options(), {
      clock: { ...systemClock, now: () => cloud.now() },
    });
    const bound = { ...soon, provider: later.provider };
    const asked = [
      query(cpu),
      query({ ...cpu, server }),
      query({ ...cpu, entity: "nobody" }),
      query({ ...cpu, metric: "none" }),
    ];
    const [sample, ofServer, nobody, none] = await opened.read(asked, bound);
    expect(sample).toMatchObject({ value: 30 });
    expect(ofServer).toEqual(sample);
    expect([nobody, none]).toMatchObject([
      { unavailable: expect.stringContaining("no entity nobody") },
      { unavailable: expect.stringContaining("no points") },
    ]);
    const range = { fromMs: startMs - 1, toMs: startMs + 180_000, stepMs: 60_000 };
    const [past] = (await opened.readRange?.([query(cpu)], range, bound)) ?? [];
    expect(past?.map((one) => "value" in one && one.value)).toEqual([10, 20, 30]);
  });

  it("that do not answer in time are unavailable, and say so", async () => {
    const name = await group();
    cloud.setFaults({ kind: "slow", operations: ["GetOverview"], delayMs: 2_000 });
    const [sample] = await own.metrics.read([{ params: { metric: "cpuPercent" }, group: name }], {
      deadlineMs: 150,
    });
    expect(sample).toEqual({ unavailable: "no answer within 150ms" });
  });
});

it("groups that core keeps are watched too, and told by an address", async () => {
  const keeping = { ...options(), groups: "servers" as const };
  const settings = {
    store: createMemoryStore(),
    serverKey: "k".repeat(16),
    webhookUrl: "http://127.0.0.1:9",
  };
  await using mine = await connect(rackspace, keeping, settings);
  const launch = { image: IMAGE_ID, size: "general1-1", serverName: "kept" };
  await mine.groups.create({ name: "kept", min: 1, max: 3, launch }, { wait: true });
  await expect(mine.alarms.create(alarm("kept"))).rejects.toMatchObject({
    code: "unsupported",
    hint: expect.stringContaining("native.urls"),
  });
  const spec = alarm("kept", {
    executes: undefined,
    metric: { namespace: "agent.cpu", name: "usage_average", dimensions: { group: "kept" } },
    native: { urls: ["http://127.0.0.1:9/execute"] },
  });
  await mine.alarms.create(spec);
  expect(find("busy kept", "alarm")).toHaveLength(1);
  await mine.groups.scale("kept", 2, { wait: true });
  await vi.waitFor(async () => {
    await mine.groups.observe(["kept"]);
    expect(find("busy kept", "alarm")).toHaveLength(2);
  });
});
