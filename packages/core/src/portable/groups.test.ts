import { describe, expect, it } from "vitest";
import { fakeBalancers, fakeCloud } from "../../test/fake-cloud.js";
import { manualClock } from "../clock.js";
import type { GroupSpec } from "../contracts/group.js";
import { AlreadyExistsError, CapacityError, ConflictError, LimitError, NotFoundError } from "../errors.js";
import { createMemoryStore } from "../memory-store.js";
import { collect } from "../paging.js";
import type { PortableGroupsOptions } from "./groups.js";
import { createPortableGroups } from "./groups.js";

const START_MS = 1_700_000_000_000;
const silent = { debug() {}, info() {}, warn() {}, error() {} };

function setup(options: Partial<PortableGroupsOptions> = {}) {
  const clock = manualClock(START_MS);
  const cloud = fakeCloud(clock);
  const balancers = fakeBalancers();
  const store = options.store ?? createMemoryStore();
  let serial = 0;
  const portable = createPortableGroups({
    provider: "fake",
    servers: cloud.servers,
    loadBalancers: balancers.driver,
    store,
    capabilities: { readAfterWriteMs: 0, buildTimeoutMs: 600_000 },
    clock,
    logger: silent,
    newId: () => `${String(++serial).padStart(8, "0")}-0000-4000-8000-000000000000`,
    ...options,
  });
  /** Lets so much time pass, in steps, and every pass that falls into it end. */
  const pass = async (ms: number, stepMs = 1_000): Promise<void> => {
    for (let left = ms; left > 0; left -= stepMs) {
      await portable.idle();
      clock.advance(Math.min(stepMs, left));
    }
    await portable.idle();
  };
  return { clock, cloud, balancers, store, portable, groups: portable.groups, pass };
}

const web: GroupSpec = { name: "web", min: 1, max: 6, desired: 3, launch: { image: "ami" } };

describe("creating a group", () => {
  it("has issued its creates when it returns", async () => {
    const { groups, cloud } = setup();
    const group = await groups.create({ ...web, max: 40, desired: 25 });
    expect(group).toMatchObject({ name: "web", id: "web", min: 1, max: 40, desired: 25, paused: false });
    expect(cloud.running("web")).toHaveLength(25);
  });

  it("finds the group of an earlier equal call, and refuses a different one", async () => {
    const { groups, cloud } = setup();
    await groups.create(web);
    await expect(groups.create({ ...web })).resolves.toMatchObject({ name: "web" });
    expect(cloud.running("web")).toHaveLength(3);
    await expect(groups.create({ ...web, max: 9 })).rejects.toThrow(AlreadyExistsError);
  });

  it("refuses a desired count outside its bounds and names them", async () => {
    const { groups } = setup();
    await expect(groups.create({ ...web, desired: 7 })).rejects.toThrow(/7.*1 to 6/);
  });

  it("waits for its instances on request", async () => {
    const { groups, cloud, clock } = setup();
    cloud.slowBuilds = true;
    let done = false;
    const created = groups.create(web, { wait: true }).then(() => (done = true));
    for (let i = 0; i < 20; i++) {
      await new Promise(setImmediate);
      clock.advance(1_000);
    }
    expect(done).toBe(false);
    cloud.finish();
    while (!done) {
      await new Promise(setImmediate);
      clock.advance(1_000);
    }
    await created;
    expect((await collect(groups.instances("web"))).map((one) => one.lifecycle)).toEqual([
      "in-service",
      "in-service",
      "in-service",
    ]);
  });
});

describe("changing a group", () => {
  it("moves desired into new bounds, and refuses an explicit one outside", async () => {
    const { groups, cloud } = setup();
    await groups.create(web);
    expect(await groups.update("web", { max: 2 })).toMatchObject({ desired: 2 });
    expect(cloud.running("web")).toHaveLength(2);
    await expect(groups.update("web", { desired: 3 })).rejects.toThrow(LimitError);
    await expect(groups.update("web", { min: 5 })).rejects.toThrow(/min 5.*max 2/);
  });

  it("says when a scale changes nothing", async () => {
    const { groups, cloud } = setup();
    await groups.create(web);
    expect(await groups.scale("web", 3)).toEqual({ result: "unchanged", desired: 3 });
    expect(await groups.scale("web", 5)).toEqual({ result: "done", desired: 5 });
    expect(cloud.running("web")).toHaveLength(5);
    await expect(groups.scale("web", 7)).rejects.toThrow(LimitError);
  });

  it("takes the oldest first when it shrinks", async () => {
    const { groups, cloud, clock } = setup();
    await groups.create({ ...web, desired: 1 });
    const eldest = cloud.running("web")[0]?.id;
    clock.advance(1_000);
    await groups.scale("web", 3);
    await groups.scale("web", 2);
    expect(cloud.running("web").map((server) => server.id)).not.toContain(eldest);
  });

  it("never takes protected instances, and says why it has too many", async () => {
    const { groups, cloud, pass } = setup();
    await groups.create(web);
    await groups.protect(
      "web",
      cloud.running("web").map((server) => server.id),
      true,
    );
    await groups.scale("web", 1);
    await pass(5_000);
    expect(cloud.running("web")).toHaveLength(3);
    expect((await groups.get("web")).problems?.join()).toMatch(/2 more than wanted.*protected/);
  });
});

describe("deleting a group", () => {
  it("refuses while anything is wanted, unless forced", async () => {
    const { groups, cloud, pass } = setup();
    await groups.create(web);
    await expect(groups.delete("web")).rejects.toThrow(ConflictError);
    await groups.delete("web", { force: true });
    await pass(1_000);
    expect(cloud.running("web")).toHaveLength(0);
    await expect(groups.get("web")).rejects.toThrow(NotFoundError);
  });

  it("goes right after the bounds were set to zero", async () => {
    const { groups, pass } = setup();
    await groups.create(web);
    await groups.update("web", { min: 0, max: 0 });
    await groups.delete("web");
    await pass(1_000);
    expect(await collect(groups.list())).toEqual([]);
    await groups.create({ ...web, max: 9 });
  });
});

describe("attach and detach", () => {
  it("takes a running server in and lets it go again, running", async () => {
    const { groups, cloud, pass } = setup();
    await groups.create(web);
    const guest = cloud.add("guest");
    await groups.attach?.("web", ["guest"]);
    expect(await groups.get("web")).toMatchObject({ desired: 4 });
    expect(cloud.running("web")).toHaveLength(4);
    await groups.detach?.("web", [guest.id]);
    await pass(5_000);
    expect(await groups.get("web")).toMatchObject({ desired: 3 });
    expect(cloud.running("web")).toHaveLength(3);
    expect(cloud.running().map((server) => server.name)).toContain("guest");
  });

  it("refuses beyond max and changes nothing", async () => {
    const { groups, cloud } = setup();
    await groups.create({ ...web, max: 3 });
    cloud.add("guest");
    await expect(groups.attach?.("web", ["guest"])).rejects.toThrow(LimitError);
    expect(await groups.get("web")).toMatchObject({ desired: 3 });
  });
});

describe("single instances", () => {
  it("are replaced when terminated, or leave the group smaller", async () => {
    const { groups, cloud, pass } = setup();
    await groups.create(web);
    const [first, second] = cloud.running("web");
    await groups.terminate("web", first?.id ?? "");
    await pass(2_000);
    expect(cloud.running("web")).toHaveLength(3);
    await groups.terminate("web", second?.id ?? "", { replace: false });
    await pass(2_000);
    expect(cloud.running("web")).toHaveLength(2);
    expect(await groups.get("web")).toMatchObject({ desired: 2 });
  });

  it("stand by outside the count and come back", async () => {
    const { groups, cloud, pass } = setup();
    await groups.create(web);
    const [first] = cloud.running("web");
    await groups.enterStandby("web", [first?.id ?? ""]);
    await pass(5_000);
    expect(cloud.running("web")).toHaveLength(3);
    expect(await groups.state("web")).toMatchObject({ desiredCapacity: 2, activeCapacity: 2 });
    await groups.exitStandby("web", [first?.id ?? ""]);
    expect(await groups.state("web")).toMatchObject({
      desiredCapacity: 3,
      activeCapacity: 3,
      pendingCapacity: 0,
    });
  });
});

describe("balancers", () => {
  it("hold members that are active, drain those that leave, and only then end them", async () => {
    const { groups, cloud, balancers, pass } = setup();
    balancers.add("front", { drains: true });
    balancers.members("front").push({ id: "foreign", state: "enabled", health: "healthy" });
    await groups.create({ ...web, loadBalancers: ["front"] });
    await pass(2_000);
    expect(balancers.members("front").map((member) => member.id)).toEqual(["foreign", "s1", "s2", "s3"]);
    await groups.scale("web", 2);
    expect(cloud.running("web")).toHaveLength(3);
    expect(balancers.members("front").find((member) => member.id === "s1")?.state).toBe("draining");
    expect((await collect(groups.instances("web"))).map((one) => one.lifecycle)).toEqual([
      "draining",
      "in-service",
      "in-service",
    ]);
    await pass(12_000);
    expect(cloud.running("web").map((server) => server.id)).toEqual(["s2", "s3"]);
    expect(balancers.members("front").map((member) => member.id)).toEqual(["foreign", "s2", "s3"]);
  });

  it("make an instance in service only when their checks call it healthy", async () => {
    const { groups, balancers, pass } = setup();
    balancers.add("front", { checked: true });
    await groups.create({ ...web, desired: 1, loadBalancers: ["front"] });
    await pass(1_000);
    expect(await groups.state("web")).toMatchObject({ activeCapacity: 0, pendingCapacity: 1 });
    for (const member of balancers.members("front")) member.health = "healthy";
    await pass(1_000);
    expect(await groups.state("web")).toMatchObject({ activeCapacity: 1 });
  });
});

describe("pausing", () => {
  it("writes nothing at all, repairs included, until resumed", async () => {
    const { groups, cloud, pass } = setup();
    await groups.create(web);
    await groups.pause("web", { reason: "surgery" });
    cloud.vanish("s1");
    cloud.exit("s2");
    const before = { ...cloud.calls };
    await groups.observe(["web"]);
    await pass(60_000);
    expect([cloud.calls.create, cloud.calls.delete]).toEqual([before.create, before.delete]);
    await groups.resume("web");
    await pass(5_000);
    expect(cloud.running("web")).toHaveLength(3);
  });
});

describe("observing", () => {
  it("reads many groups in one list", async () => {
    const { groups, cloud } = setup({ background: false });
    await groups.create(web);
    await groups.create({ ...web, name: "api", desired: 2 });
    const before = cloud.calls.list;
    const seen = await groups.observe(["web", "api", "nobody"]);
    expect(cloud.calls.list).toBe(before + 1);
    expect(seen.map((one) => ("status" in one ? one.status.instances.length : one.unavailable))).toEqual([
      3,
      2,
      'there is no group "nobody"',
    ]);
  });

  it("starts repairs without waiting for them", async () => {
    const { groups, cloud, pass, clock } = setup();
    await groups.create(web);
    await pass(5_000);
    clock.advance(3_600_000);
    cloud.vanish("s1");
    const [seen] = await groups.observe(["web"]);
    expect(seen && "status" in seen && seen.status.instances.length).toBe(2);
    await pass(1_000);
    expect(cloud.running("web")).toHaveLength(3);
  });

  it("starts nothing in the background when told so", async () => {
    const { groups, cloud, pass, clock } = setup({ background: false });
    await groups.create(web);
    clock.advance(3_600_000);
    cloud.vanish("s1");
    await groups.observe(["web"]);
    await pass(60_000);
    expect(cloud.running("web")).toHaveLength(2);
    await groups.converge("web");
    expect(cloud.running("web")).toHaveLength(3);
  });
});

describe("a lost store", () => {
  it("shows its groups as paused, and gives their servers back to whoever creates them again", async () => {
    const first = setup();
    await first.groups.create({ ...web, owner: "shop/web" });
    await first.portable.close();
    const { cloud } = first;
    const portable = createPortableGroups({
      provider: "fake",
      servers: cloud.servers,
      store: createMemoryStore(),
      capabilities: { readAfterWriteMs: 5_000, buildTimeoutMs: 600_000 },
      clock: first.clock,
      logger: silent,
    });
    const [lost] = await collect(portable.groups.list());
    expect(lost).toMatchObject({ name: "web", desired: 3, paused: true });
    expect(lost?.problems?.join()).toMatch(/definition lost/);
    await expect(portable.groups.scale("web", 1)).rejects.toThrow(/definition.*lost/);
    await expect(portable.groups.create({ ...web, owner: "other/web" })).rejects.toThrow(ConflictError);
    const back = await portable.groups.create({ ...web, desired: 1, owner: "shop/web" });
    expect(back.desired).toBe(3);
    expect(cloud.running("web")).toHaveLength(3);
    expect(cloud.calls.create).toBe(3);
  });
});

describe("creates that are refused", () => {
  it("are told as a problem, tried again at growing distances, and forgotten when they work", async () => {
    const { groups, cloud, pass } = setup();
    cloud.faults.create.push(...Array.from({ length: 9 }, () => new CapacityError("no room in this zone")));
    await groups.create(web);
    expect((await groups.get("web")).problems).toEqual(["cannot create servers: no room in this zone"]);
    await pass(120_000);
    expect(cloud.running("web")).toHaveLength(3);
    expect((await groups.get("web")).problems).toBeUndefined();
  });
});

describe("a clock that jumps by an hour", () => {
  it.each([3_600_000, -3_600_000])(
    "neither cuts draining short nor makes it last (%i ms)",
    async (jumpMs) => {
      const { groups, cloud, balancers, pass, clock } = setup();
      balancers.add("front", { drains: true });
      await groups.create({ ...web, loadBalancers: ["front"] });
      await pass(3_000);
      await groups.scale("web", 2);
      await pass(4_000);
      clock.jumpTo(clock.now() + jumpMs);
      await groups.converge("web");
      await pass(4_000);
      expect(cloud.running("web")).toHaveLength(3);
      await pass(4_000);
      expect(cloud.running("web")).toHaveLength(2);
    },
  );
});

describe("several controllers on one store", () => {
  it("make no server twice", async () => {
    const first = setup();
    const second = createPortableGroups({
      provider: "fake",
      servers: first.cloud.servers,
      store: first.store,
      capabilities: { readAfterWriteMs: 5_000, buildTimeoutMs: 600_000 },
      clock: first.clock,
      logger: silent,
    });
    await first.groups.create({ ...web, desired: 1 });
    await Promise.all([
      first.groups.scale("web", 6),
      second.groups.converge("web"),
      first.groups.converge("web"),
      second.groups.converge("web"),
    ]);
    await first.pass(10_000);
    expect(first.cloud.calls.create).toBe(6);
    expect(first.cloud.running("web")).toHaveLength(6);
    await second.close();
  });
});
