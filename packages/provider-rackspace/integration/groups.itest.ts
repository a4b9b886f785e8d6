import { type Cloud, collect, type GroupSpec, isBellowsError } from "@bellows/core";
import { IMAGE_ID, type RackspaceStandIn, startRackspace } from "@bellows/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Rackspace } from "../src/client.js";
import type { RackspaceProvider } from "../src/index.js";
import { clientOf, connected } from "./standing.js";

let standIn: RackspaceStandIn;
let cloud: Cloud<RackspaceProvider>;
let other: Rackspace;
beforeAll(async () => {
  standIn = await startRackspace();
  cloud = await connected(standIn);
  other = clientOf(standIn);
});
afterEach(() => {
  standIn.setFaults();
  standIn.forget();
  standIn.behaviour.buildMs = 0;
});
afterAll(async () => {
  await cloud.close();
  other.close();
  await standIn.stop();
});

const launch = { image: IMAGE_ID, size: "general1-2", serverName: "web" };
let serial = 0;
function spec(more: Partial<GroupSpec> = {}): GroupSpec {
  serial += 1;
  return { name: `group-${serial}`, min: 0, max: 4, cooldownMs: 0, launch, ...more };
}

/** The groups of a name, as the stand-in keeps them. */
const kept = (name: string) =>
  standIn.region().groups.filter((group) => group.configuration.name === name && !group.isDeleting);
/** Calls by operation, without those by which alarms are kept in step in the background. */
const calls = () => {
  const { GetOverview: _, ...others } = standIn.calls();
  return others;
};
const only = (name: string) => {
  const [group, twin] = kept(name);
  expect(twin).toBeUndefined();
  if (group === undefined) throw new Error(`there is no group ${name}`);
  return group;
};

describe("making a group", () => {
  it("sends all that its parameters say, in one call", async () => {
    const balancer = await cloud.loadBalancers.create({
      name: "front",
      listeners: [{ port: 80, protocol: "http", instancePort: 8_080 }],
    });
    standIn.forget();
    const made = await cloud.groups.create({
      name: "MyScalingGroup",
      cooldownMs: 120_000,
      min: 2,
      max: 16,
      launch: {
        serverName: "sg_test",
        size: "3",
        image: IMAGE_ID,
        diskConfig: "AUTO",
        metadata: { mykey: "myvalue" },
        files: { "/etc/motd": "Grüße" },
        networks: ["public", "servicenet"],
        rackspace: { drainingTimeout: "1m" },
      },
      loadBalancers: [{ id: balancer.id, port: 80 }],
      metadata: { team: "blue" },
      owner: "shop/web",
      policies: [
        { name: "up", adjust: { change: 1 }, cooldownMs: 60_000 },
        { name: "nightly", adjust: { desired: 1 }, cooldownMs: 0, schedule: { cron: "0 22 * * *" } },
      ],
    });
    expect(made).toMatchObject({
      name: "MyScalingGroup",
      min: 2,
      max: 16,
      desired: 2,
      cooldownMs: 120_000,
      metadata: { team: "blue" },
      owner: "shop/web",
      loadBalancers: [{ id: balancer.id, port: 80 }],
      paused: false,
    });
    const { configuration, launch: sent, policies } = only("MyScalingGroup");
    expect(configuration).toMatchObject({ cooldown: 120, minEntities: 2, maxEntities: 16 });
    expect(sent).toEqual({
      type: "launch_server",
      args: {
        server: {
          name: "sg_test",
          flavorRef: "3",
          imageRef: IMAGE_ID,
          "OS-DCF:diskConfig": "AUTO",
          metadata: { mykey: "myvalue" },
          networks: [
            { uuid: "00000000-0000-0000-0000-000000000000" },
            { uuid: "11111111-1111-1111-1111-111111111111" },
          ],
          personality: [{ path: "/etc/motd", contents: Buffer.from("Grüße").toString("base64") }],
        },
        loadBalancers: [{ loadBalancerId: Number(balancer.id), port: 80 }],
        draining_timeout: 60,
      },
    });
    expect(policies.map(({ given }) => given.name)).toEqual(["up", "nightly"]);
    expect(calls()).toMatchObject({ CreateGroup: 1 });
    expect(standIn.calls().UpdateGroupConfig).toBeUndefined();
    await cloud.groups.delete("MyScalingGroup", { force: true });
  });

  it("with more servers than its min starts no cooldown, and leaves it its own min", async () => {
    const { name, desired, min } = await cloud.groups.create(
      spec({ min: 1, desired: 3, cooldownMs: 3_600_000 }),
    );
    expect([desired, min]).toEqual([3, 1]);
    expect(only(name)).toMatchObject({ desired: 3, configuration: { minEntities: 1 } });
    expect(await cloud.groups.scale(name, 2)).toEqual({ result: "done", desired: 2 });
  });

  it("that was stopped half-way is finished by the next call, and shows its own min meanwhile", async () => {
    const wanted = spec({ min: 1, desired: 2 });
    standIn.setFaults({ kind: "broken", operations: ["UpdateGroupConfig", "DeleteGroup"] });
    await expect(cloud.groups.create(wanted)).rejects.toMatchObject({
      message: expect.stringContaining(`left behind: group ${wanted.name}`),
    });
    standIn.setFaults();
    expect(only(wanted.name).configuration.minEntities).toBe(2);
    expect((await cloud.groups.get(wanted.name)).min).toBe(1);
    await cloud.groups.create(wanted);
    expect(only(wanted.name).configuration.minEntities).toBe(1);
  });

  it("is taken back when it can't be finished", async () => {
    const wanted = spec({ min: 1, desired: 2 });
    standIn.setFaults({ kind: "broken", operations: ["UpdateGroupConfig"] });
    await expect(cloud.groups.create(wanted)).rejects.toMatchObject({ code: "unavailable" });
    expect(kept(wanted.name)).toEqual([]);
  });

  it.each(["lost-answer", "lying-500"] as const)(
    "makes one although the answer is lost: %s",
    async (kind) => {
      const wanted = spec({ min: 1 });
      standIn.setFaults({ kind, operations: ["CreateGroup"], times: 1 });
      const made = await cloud.groups.create(wanted);
      expect(made.id).toBe(only(wanted.name).id);
      expect(standIn.calls().CreateGroup).toBe(1);
    },
  );

  it("by several connections at once makes one", async () => {
    const wanted = spec();
    const clouds = await Promise.all(Array.from({ length: 4 }, () => connected(standIn)));
    await Promise.allSettled(clouds.map(({ groups }) => groups.create(wanted)));
    expect(kept(wanted.name)).toHaveLength(1);
    expect((await cloud.groups.create(wanted)).id).toBe(only(wanted.name).id);
    await Promise.all(clouds.map((one) => one.close()));
  });

  it("lists every fault at once, before anything is asked of Rackspace", async () => {
    const refused = cloud.groups.create({
      name: "x".repeat(257),
      min: 3,
      max: 2_000,
      cooldownMs: 86_401_000,
      zones: ["a"],
      metadata: { "bellows:owner": "me" },
      loadBalancers: Array.from({ length: 6 }, (_, index) => ({ id: String(index + 1), port: 80 })),
      launch: { image: IMAGE_ID, size: "3", networks: ["public"] },
      policies: [
        { name: "none", adjust: { change: 0 } },
        { name: "cron", adjust: { change: 1 }, schedule: { cron: "0 0 6 * * *" } },
        { name: "past", adjust: { change: 1 }, schedule: { atMs: 1 } },
        { name: "long", adjust: { change: 1 }, cooldownMs: 86_400_001 },
      ],
    });
    const error: unknown = await refused.catch((one: unknown) => one);
    if (!isBellowsError(error, "config")) throw error;
    for (const fault of [
      "name: ",
      "max: must be a whole number from 0 to 1000",
      "cooldownMs: must be from 0 to 86400000",
      "zones: ",
      "metadata.bellows:owner: ",
      "loadBalancers: at most 5",
      "launch.networks: needs private (ServiceNet)",
      "policies.0: adjust.change: must not be 0",
      "policies.1: schedule.cron: ",
      "policies.2: schedule.atMs: lies in the past",
      "policies.3: cooldownMs: at most 86400000",
    ])
      expect(error.message).toContain(fault);
    expect(calls()).toEqual({});
  });

  it.each([
    [{ image: "11111111-2222-4333-8444-555555555555", size: "3" }, "Inactive imageRef"],
    [{ image: IMAGE_ID, size: "no-such-flavor" }, "Invalid flavorRef"],
  ])("that Rackspace refuses ends with its own words: %j", async (bad, words) => {
    const wanted = spec({ launch: bad });
    await expect(cloud.groups.create(wanted)).rejects.toMatchObject({
      code: "config",
      vendorCode: "InvalidLaunchConfiguration",
      resource: wanted.name,
      message: expect.stringContaining(words),
    });
  });

  it("of a name that others use already is refused", async () => {
    const { name } = await cloud.groups.create(spec());
    only(name).configuration.metadata = {};
    await expect(cloud.groups.create(spec({ name }))).rejects.toMatchObject({ code: "already-exists" });
  });
});

describe("ties to load balancers", () => {
  it("are found by name and by id, take the balancer's port, and are shown as they were given", async () => {
    const { id } = await cloud.loadBalancers.create({
      name: "by-name",
      listeners: [{ port: 8_443, protocol: "tcp", instancePort: 9_000 }],
    });
    const { name } = await cloud.groups.create(spec({ loadBalancers: ["by-name"] }));
    const [tie] = only(name).launch.args.loadBalancers as { loadBalancerId: number; port: number }[];
    expect(tie?.loadBalancerId).toBe(Number(id));
    expect((await cloud.groups.get(name)).loadBalancers).toEqual([{ id: "by-name", port: tie?.port }]);
    await cloud.groups.update(name, { loadBalancers: [{ id, port: 80 }] });
    expect((await cloud.groups.get(name)).loadBalancers).toEqual([{ id, port: 80 }]);
    await cloud.groups.update(name, { loadBalancers: [] });
    expect((await cloud.groups.get(name)).loadBalancers).toEqual([]);
    expect((await cloud.launch.get(name)).image).toBe(IMAGE_ID);
  });

  it("to one that is not there are refused before a group is made", async () => {
    const wanted = spec({ loadBalancers: ["nobody"] });
    await expect(cloud.groups.create(wanted)).rejects.toMatchObject({
      code: "not-found",
      resource: "nobody",
    });
    expect(kept(wanted.name)).toEqual([]);
  });

  it("need ServiceNet, also when they come later", async () => {
    const { name } = await cloud.groups.create(spec({ launch: { ...launch, networks: ["public"] } }));
    await expect(cloud.groups.update(name, { loadBalancers: [{ id: "1", port: 80 }] })).rejects.toMatchObject(
      {
        code: "config",
        message: expect.stringContaining("launch.networks"),
      },
    );
  });
});

describe("changing a group", () => {
  it("keeps all that is not named, also what others wrote in between", async () => {
    const { name, id } = await cloud.groups.create(spec({ metadata: { a: "1" }, owner: "shop/web" }));
    const group = only(name);
    group.configuration.metadata.theirs = "kept";
    group.configuration.cooldown = 77;
    await cloud.groups.update(id, { max: 9, min: 0 });
    expect(await cloud.groups.get(id)).toMatchObject({
      min: 0,
      max: 9,
      cooldownMs: 77_000,
      metadata: { a: "1", theirs: "kept" },
      owner: "shop/web",
    });
    await cloud.groups.metadata.replace(id, { b: "2" });
    expect(await cloud.groups.get(id)).toMatchObject({ metadata: { b: "2" }, owner: "shop/web", max: 9 });
    await expect(cloud.groups.metadata.merge(id, { "bellows:owner": "me" })).rejects.toMatchObject({
      code: "config",
    });
  });

  it("that is so already writes nothing", async () => {
    const { id } = await cloud.groups.create(spec({ max: 3 }));
    standIn.forget();
    await cloud.groups.update(id, { max: 3, cooldownMs: 0, loadBalancers: [] });
    expect(calls()).toEqual({ GetGroup: 1 });
  });

  it("by two connections at once loses neither one's word", async () => {
    const { id } = await cloud.groups.create(spec());
    await Promise.all([
      cloud.groups.metadata.merge(id, { a: "1" }),
      cloud.groups.update(id, { max: 9 }),
      cloud.groups.metadata.merge(id, { b: "2" }),
    ]);
    expect(await cloud.groups.get(id)).toMatchObject({ max: 9, metadata: { a: "1", b: "2" } });
  });

  it("sets bounds and desired together, and says what is done when a cooldown stops it", async () => {
    const { id } = await cloud.groups.create(spec({ cooldownMs: 3_600_000 }));
    expect(await cloud.groups.update(id, { max: 9, desired: 7 })).toMatchObject({ max: 9, desired: 7 });
    await expect(cloud.groups.update(id, { max: 8, desired: 5 })).rejects.toMatchObject({
      code: "cooldown",
      message: expect.stringContaining("the rest of the group has been changed"),
    });
    expect(await cloud.groups.get(id)).toMatchObject({ max: 8, desired: 7 });
  });

  it("shows what keeps Autoscale from it", async () => {
    const { name } = await cloud.groups.create(spec());
    Object.assign(only(name), {
      status: "ERROR",
      errors: ["Cloud Load Balancer does not exist: 85621"],
    });
    expect((await cloud.groups.get(name)).problems).toEqual(["Cloud Load Balancer does not exist: 85621"]);
  });
});

describe("scaling", () => {
  it("goes through one policy of the group, in few calls, and shows it nowhere", async () => {
    const { id } = await cloud.groups.create(spec());
    standIn.forget();
    await cloud.groups.scale(id, 2);
    expect(calls()).toEqual({ GetGroup: 1, CreatePolicies: 1, ExecutePolicy: 1 });
    standIn.forget();
    await cloud.groups.scale(id, 1);
    expect(calls()).toEqual({ GetGroup: 1, UpdatePolicy: 1, ExecutePolicy: 1 });
    standIn.forget();
    expect(await cloud.groups.scale(id, 1)).toEqual({ result: "unchanged", desired: 1 });
    expect(calls()).toEqual({ GetGroup: 1 });
    expect(await collect(cloud.policies.list(id))).toEqual([]);
  });

  it("by many at once ends at one of the counts, with one policy", async () => {
    const { id, name } = await cloud.groups.create(spec());
    await Promise.all([3, 1, 2].map((desired) => cloud.groups.scale(id, desired)));
    expect(only(name).policies).toHaveLength(1);
    expect((await cloud.groups.get(id)).desired).toBe(2);
  });

  it("is refused while the group's cooldown runs, and says so", async () => {
    const { id } = await cloud.groups.create(spec({ cooldownMs: 600_000 }));
    await cloud.groups.scale(id, 1);
    await expect(cloud.groups.scale(id, 2)).rejects.toMatchObject({
      code: "cooldown",
      retry: "later",
      message: expect.stringContaining("cooldown of 10m"),
    });
    standIn.advance(600_000);
    await expect(cloud.groups.scale(id, 2)).resolves.toEqual({ result: "done", desired: 2 });
  });

  it.each(["lost-answer", "lying-500"] as const)(
    "is done once although answers are lost: %s",
    async (kind) => {
      const { id, name } = await cloud.groups.create(spec());
      standIn.setFaults({ kind, operations: ["CreatePolicies", "ExecutePolicy"], times: 2 });
      await expect(cloud.groups.scale(id, 2)).resolves.toEqual({ result: "done", desired: 2 });
      expect(only(name)).toMatchObject({ desired: 2, policies: [{}] });
    },
  );

  it("a paused group is refused, with the way out", async () => {
    const { id } = await cloud.groups.create(spec());
    await cloud.groups.pause(id);
    await expect(cloud.groups.scale(id, 1)).rejects.toMatchObject({
      code: "conflict",
      vendorCode: "GroupPausedError",
      hint: "resume the group first",
    });
    await expect(cloud.groups.converge(id)).rejects.toMatchObject({ vendorCode: "GroupPausedError" });
    await expect(cloud.groups.pause(id, { processes: ["Launch"] })).rejects.toMatchObject({
      code: "unsupported",
    });
  });
});

describe("ending", () => {
  it("takes the guide's way: bounds of 0, then deleting", async () => {
    const { id } = await cloud.groups.create(spec({ min: 2 }));
    await expect(cloud.groups.delete(id)).rejects.toMatchObject({
      code: "conflict",
      vendorCode: "GroupNotEmptyError",
      hint: "set min and max to 0 first, or force it",
    });
    await cloud.groups.update(id, { min: 0, max: 0 });
    await cloud.groups.delete(id);
    await expect(cloud.groups.get(id)).rejects.toMatchObject({ code: "not-found" });
  });

  it("waits, if asked to, until the last server has gone", async () => {
    const { id, name } = await cloud.groups.create(spec({ min: 2 }), { wait: true });
    await cloud.groups.delete(name, { force: true, wait: true });
    const left = standIn
      .region()
      .servers.filter(
        ({ metadata, status }) => metadata["rax:autoscale:group:id"] === id && status !== "DELETED",
      );
    expect(left).toEqual([]);
  });

  it("once is enough although the answer is lost", async () => {
    const { id } = await cloud.groups.create(spec());
    standIn.setFaults({ kind: "lost-answer", operations: ["DeleteGroup"], times: 1 });
    await cloud.groups.delete(id);
    await expect(cloud.groups.delete(id)).rejects.toMatchObject({ code: "not-found", resource: id });
  });
});

describe("instances", () => {
  it("have what Cloud Servers know of them, also those that are being built", async () => {
    const { id } = await cloud.groups.create(spec({ min: 1 }), { wait: true });
    standIn.behaviour.buildMs = 3_600_000;
    await cloud.groups.scale(id, 2);
    await expect
      .poll(async () => (await collect(cloud.groups.instances(id))).map(({ lifecycle }) => lifecycle).sort())
      .toEqual(["in-service", "pending"]);
    standIn.forget();
    const all = await collect(cloud.groups.instances(id));
    expect(calls()).toEqual({ GetGroupState: 1, ListServersDetail: 1 });
    const active = all.find(({ lifecycle }) => lifecycle === "in-service");
    expect(active).toMatchObject({ name: expect.stringMatching(/^as[0-9a-f]{8}-web$/), health: "healthy" });
    expect(active?.addresses[0]).toMatch(/^10\./);
    expect(active?.launchedAtMs).toBeGreaterThan(0);
    expect(await collect(cloud.groups.instances(id, { zone: "a" }))).toEqual([]);
  });

  it("are told by their ids alone where servers may not be read", async () => {
    const { id } = await cloud.groups.create(spec({ min: 2 }), { wait: true });
    const servers = `${standIn.url}/servers/DFW/v2/000000`;
    const narrow = await connected(standIn, { endpoints: { servers } });
    const all = await collect(narrow.groups.instances(id));
    expect(all.map(({ lifecycle, addresses }) => [lifecycle, addresses.length])).toEqual([
      ["in-service", 0],
      ["in-service", 0],
    ]);
    await narrow.close();
  });

  it("can be let go running, by id and by name, and then are nobody's", async () => {
    const { id } = await cloud.groups.create(spec({ desired: 3 }), { wait: true });
    const [one, two] = await collect(cloud.groups.instances(id));
    if (!one || !two) throw new Error("there are no instances");
    await cloud.groups.terminate(id, one.id, { replace: false, purge: false });
    await cloud.groups.detach(id, [two.name ?? ""]);
    expect((await cloud.groups.get(id)).desired).toBe(1);
    for (const { id: serverId } of [one, two]) {
      const server = standIn.region().servers.find((each) => each.id === serverId);
      expect(server?.status).toBe("ACTIVE");
      expect(Object.keys(server?.metadata ?? {}).filter((key) => key.startsWith("rax:"))).toEqual([]);
    }
    await expect(cloud.groups.terminate(id, one.id)).rejects.toMatchObject({
      code: "not-found",
      vendorCode: "ServerNotFoundError",
    });
    await expect(cloud.groups.terminate(id, "nobody")).rejects.toMatchObject({ code: "not-found" });
  });

  it("leave once although the answer is lost", async () => {
    const { id } = await cloud.groups.create(spec({ min: 1, desired: 3 }), { wait: true });
    const [one] = await collect(cloud.groups.instances(id));
    standIn.setFaults({ kind: "lost-answer", operations: ["DeleteGroupServer"], times: 1 });
    await cloud.groups.terminate(id, one?.id ?? "", { replace: false });
    expect((await cloud.groups.get(id)).desired).toBe(2);
    expect(standIn.calls().DeleteGroupServer).toBe(1);
  });
});

describe("looking at many groups", () => {
  it("asks for the list, and for what it does not know yet", async () => {
    const names: string[] = [];
    for (let count = 0; count < 12; count++) names.push((await cloud.groups.create(spec({ max: 2 }))).name);
    const fresh = await connected(standIn);
    standIn.forget();
    expect((await fresh.groups.observe(names)).every((seen) => "status" in seen)).toBe(true);
    expect(calls()).toEqual({ Authenticate: 1, ListGroups: 1, GetGroup: 12 });
    standIn.forget();
    await fresh.groups.observe(names);
    expect(calls()).toEqual({ ListGroups: 1 });
    const [first = ""] = names;
    await fresh.groups.update(first, { max: 7 });
    const [seen] = await fresh.groups.observe([first]);
    expect(seen).toMatchObject({ status: { group: { name: first, max: 7 } } });
    await fresh.close();
  });

  it("reads a single one by its id in one call", async () => {
    const { id } = await cloud.groups.create(spec({ min: 1 }), { wait: true });
    standIn.forget();
    const [seen] = await cloud.groups.observe([id]);
    expect(seen).toMatchObject({
      status: { group: { desired: 1 }, instances: [{ lifecycle: "in-service" }] },
    });
    expect(calls()).toEqual({ GetGroup: 1 });
  });

  it("says why where Rackspace does not answer, and throws nothing", async () => {
    const { id, name } = await cloud.groups.create(spec());
    standIn.setFaults({ kind: "broken" });
    const seen = await cloud.groups.observe([id, name]);
    expect(seen).toEqual([
      { unavailable: expect.stringContaining("Rackspace failed") },
      { unavailable: expect.stringContaining("Rackspace failed") },
    ]);
  });

  it("reads lists of more than a page", async () => {
    const many = await startRackspace();
    const bare = clientOf(many);
    const wide = await connected(many);
    for (let count = 0; count < 103; count++) {
      const groupConfiguration = { name: `many-${count}`, cooldown: 0, minEntities: 0, maxEntities: 1 };
      const args = { server: { imageRef: IMAGE_ID, flavorRef: "3" } };
      const json = { groupConfiguration, launchConfiguration: { type: "launch_server", args } };
      await bare.request("autoscale", "/groups", { operation: "test", method: "POST", json });
    }
    const names = new Set((await collect(wide.groups.list())).map(({ name }) => name));
    expect(names.size).toBe(103);
    many.forget();
    await expect(wide.groups.state("many-102")).resolves.toMatchObject({ desiredCapacity: 0 });
    expect(many.calls()).toEqual({ ListGroups: 2 });
    await wide.close();
    bare.close();
    await many.stop();
  });
});
