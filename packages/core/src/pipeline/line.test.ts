import { describe, expect, it } from "vitest";
import type { DecisionRecord } from "../contracts/decision.js";
import type { MetricSource, Sample } from "../contracts/metric.js";
import { LimitError, ThrottledError, TimeoutError } from "../errors.js";
import type { OrderRequest } from "./line.js";
import { NOON_MS, pass, rowMetric, settle, specOf, stored, tableSource, worldOf } from "./line-world.test.js";

const manual = (
  adjust: NonNullable<OrderRequest["adjust"]>,
  more: Partial<OrderRequest> = {},
): OrderRequest => ({
  origin: { kind: "manual", by: "test" },
  adjust,
  ...more,
});

const busy = specOf("web", {
  metrics: [rowMetric("queue")],
  policies: [
    { name: "up", when: "queue > 10", adjust: { change: 1 } },
    { name: "down", when: "queue < 2", adjust: { change: -1 } },
  ],
  cooldownMs: 60_000,
});

describe("a group that is gone", () => {
  it("leaves no cooldown and no pause to another one of its name", async () => {
    const world = worldOf([specOf("web", { cooldownMs: 60_000 })], { web: 2 });
    const line = world.line();
    await line.order("web", manual({ change: 1 }));
    expect((await line.order("web", manual({ change: 1 }))).outcome).toBe("cooldown");
    await line.pause("web", { sinceMs: NOON_MS });
    await line.forget("web");
    expect((await line.order("web", manual({ change: 1 }))).outcome).toBe("executed");
    expect(await stored(world.store, "web")).toHaveLength(3);
    await expect(line.forget("nothing")).rejects.toMatchObject({ code: "not-found" });
  });
});

describe("a round", () => {
  it("scales a group by what its metrics say, and writes why", async () => {
    const world = worldOf([busy], { web: 2 });
    world.table.queue = 50;
    const [record] = await world.line().once();
    expect(world.cloud.accepted).toEqual(["web 2>3"]);
    expect(record).toMatchObject({
      action: "scale",
      from: 2,
      to: 3,
      outcomes: [{ kind: "set-desired", result: "done" }],
    });
    expect(await stored(world.store, "web")).toEqual([record]);
  });

  it("counts equal holds instead of storing each", async () => {
    const world = worldOf([busy], { web: 2 });
    world.table.queue = 5;
    const line = world.line();
    for (let n = 0; n < 3; n += 1) {
      await line.once();
      world.clock.advance(10_000);
    }
    const records = await stored(world.store, "web");
    expect(records).toMatchObject([{ action: "hold", count: 3, atMs: NOON_MS, lastAtMs: NOON_MS + 20_000 }]);
  });

  it("does not write a repeated hold at once, but in time, and at the latest when the line stops", async () => {
    const world = worldOf([busy], { web: 2 });
    world.table.queue = 5;
    const line = world.line();
    line.start();
    await pass(world.clock, 20_000);
    expect(await stored(world.store, "web")).toMatchObject([{ count: 1 }]);
    await pass(world.clock, 30_000);
    const [record] = await stored(world.store, "web");
    expect(record?.count).toBeGreaterThan(3);
    await pass(world.clock, 10_000);
    await line.stop(1_000);
    expect((await stored(world.store, "web"))[0]?.count).toBe(7);
  });

  it("goes on counting a hold after a restart", async () => {
    const world = worldOf([busy], { web: 2 });
    world.table.queue = 5;
    await world.line().once();
    await world.line().once();
    expect(await stored(world.store, "web")).toMatchObject([{ count: 2 }]);
  });

  it("keeps the cooldown in force after a restart", async () => {
    const world = worldOf([busy], { web: 2 });
    world.table.queue = 50;
    await world.line().once();
    world.clock.advance(30_000);
    await world.line().once();
    expect(world.cloud.accepted).toEqual(["web 2>3"]);
    world.clock.advance(30_000);
    await world.line().once();
    expect(world.cloud.accepted).toEqual(["web 2>3", "web 3>4"]);
  });

  it("starts no cooldown for a step that failed, and tries again", async () => {
    const world = worldOf([busy], { web: 2 });
    world.table.queue = 50;
    world.cloud.faults.push({ before: new ThrottledError("slow down") });
    const line = world.line();
    const [first] = await line.once();
    expect(first?.outcomes).toMatchObject([{ result: "retry", error: "slow down" }]);
    await line.once();
    expect(world.cloud.accepted).toEqual(["web 2>3"]);
  });

  it("starts no cooldown for a step that changed nothing", async () => {
    const world = worldOf([busy], { web: 2 });
    world.table.queue = 50;
    world.cloud.onScale = (group, to) => void world.cloud.desired.set(group, to);
    const line = world.line();
    const [record] = await line.once();
    expect(record?.outcomes).toMatchObject([{ result: "unchanged" }]);
    expect((await line.view("web")).cooldowns).toEqual([]);
  });

  it("says of a step that asking again will not help", async () => {
    const world = worldOf([busy], { web: 2 });
    world.table.queue = 50;
    world.cloud.faults.push({ before: new LimitError("quota reached") });
    const [record] = await world.line().once();
    expect(record?.outcomes).toMatchObject([{ result: "failed", error: "quota reached" }]);
  });

  it("looks whether a step happened whose answer was lost, and does not take it twice", async () => {
    const world = worldOf([busy], { web: 2 });
    world.table.queue = 50;
    world.cloud.faults.push({ after: new TimeoutError("no answer") });
    const line = world.line();
    await line.once();
    const records = await line.once();
    expect(world.cloud.accepted).toEqual(["web 2>3"]);
    expect((await stored(world.store, "web"))[0]?.outcomes).toMatchObject([
      { result: "retry" },
      { result: "done" },
    ]);
    expect(records).toMatchObject([{ action: "hold" }]);
    expect((await line.view("web")).cooldowns).toMatchObject([{ leftMs: 60_000 }]);
  });

  it("drops a step whose answer was lost and that did not happen, with its cooldown", async () => {
    const world = worldOf([busy], { web: 2 });
    world.table.queue = 50;
    world.cloud.faults.push({ before: new TimeoutError("no answer") });
    const line = world.line();
    await line.once();
    await line.once();
    expect(world.cloud.accepted).toEqual(["web 2>3"]);
    const [first, second] = await stored(world.store, "web");
    expect(first?.outcomes).toMatchObject([{ result: "retry" }, { result: "dropped" }]);
    expect(second).toMatchObject({ action: "scale", outcomes: [{ result: "done" }] });
  });

  it("reads all groups of a provider by one call, and equal queries once", async () => {
    const asked: unknown[][] = [];
    const world = worldOf([busy, { ...busy, name: "api", ref: "api" }], { web: 2, api: 2 });
    world.sources.set("table", {
      async read(queries) {
        asked.push(queries.map(({ params }) => params));
        return queries.map((): Sample => ({ value: 5, observedAtMs: world.clock.now() }));
      },
    });
    await world.line().once();
    expect(world.cloud.looks).toEqual([["web", "api"]]);
    expect(asked).toEqual([[{ name: "queue" }]]);
  });

  it.each<[string, MetricSource["read"], string]>([
    ["throws", () => Promise.reject(new Error("no route to host")), "no route to host"],
    ["answers too little", async () => [], "was asked 1 questions and gave 0 answers"],
    ["answers NaN", async () => [{ value: Number.NaN, observedAtMs: 1 }], "answered NaN, which is no number"],
    ["answers nonsense", async () => ["x"] as unknown as Sample[], "gave no answer to this query"],
    [
      "answers no list",
      async () => undefined as unknown as Sample[],
      "was asked 1 questions and gave undefined instead of a list",
    ],
  ])("holds a group whose source %s, says why, and goes on with the others", async (_, read, why) => {
    const other = specOf("other", {
      metrics: [{ ...rowMetric("load"), source: "good" }],
      policies: [{ name: "up", when: "load > 1", adjust: { change: 1 } }],
    });
    const world = worldOf([busy, other], { web: 2, other: 1 });
    world.table.load = 5;
    world.sources.set("table", { read }).set("good", tableSource(world.clock, world.table));
    const records = await world.line().once();
    const web = records.find(({ group }) => group === "web");
    expect(web).toMatchObject({ action: "hold", metrics: [{ unavailable: why }] });
    expect(world.cloud.accepted).toEqual(["other 1>2"]);
  });

  it("holds a group whose source hangs when its time is over, and reads it again once the old read has ended", async () => {
    const world = worldOf([busy], { web: 2 });
    let reads = 0;
    let release: ((samples: Sample[]) => void) | undefined;
    world.sources.set("table", {
      read: () => {
        reads += 1;
        return new Promise((resolve) => {
          release = resolve;
        });
      },
    });
    const line = world.line();
    const seen: DecisionRecord[] = [];
    line.records.subscribe((record) => void seen.push(record));
    line.start();
    await pass(world.clock, 5_000);
    expect(seen.at(-1)?.metrics).toMatchObject([{ unavailable: "did not answer within 5s" }]);
    await pass(world.clock, 5_000);
    expect(seen.at(-1)?.metrics).toMatchObject([{ unavailable: "does not end an earlier read" }]);
    expect(reads).toBe(1);
    release?.([{ value: 1, observedAtMs: 0 }]);
    await pass(world.clock, 10_000);
    expect(reads).toBe(2);
    await line.stop(0);
  });

  it("says of a group that does not exist that it cannot be read", async () => {
    const world = worldOf([specOf("new")], {});
    expect(await world.line().decide()).toMatchObject([
      { action: "hold", reasons: [{ code: "group-unreadable", params: { why: "there is no group new" } }] },
    ]);
  });

  it("of an unknown group is an error", async () => {
    await expect(worldOf([], {}).line().once(["web"])).rejects.toMatchObject({ code: "not-found" });
  });

  it("does not look at a group whose mode is off", async () => {
    const world = worldOf([specOf("web", { mode: "off" }), specOf("api")], { web: 1, api: 1 });
    await world.line().once();
    expect(world.cloud.looks).toEqual([["api"]]);
  });

  it("does nothing in mode observe, and says what it would have done", async () => {
    const world = worldOf([{ ...busy, mode: "observe" }], { web: 2 });
    world.table.queue = 50;
    const [record] = await world.line().once();
    expect(record?.reasons).toContainEqual({ code: "mode-observe", params: { from: 2, to: 3 } });
    expect(world.cloud.accepted).toEqual([]);
  });

  it("goes on with other groups when the store fails for one", async () => {
    const world = worldOf(
      [
        { ...busy, name: "a", ref: "a" },
        { ...busy, name: "b", ref: "b" },
      ],
      { a: 1, b: 1 },
    );
    world.table.queue = 50;
    const store = { ...world.store };
    store.commit = async (partition, ...rest) => {
      if (partition === "a") throw new Error("disk full");
      return world.store.commit(partition, ...rest);
    };
    await world.line({ store }).once();
    expect(world.cloud.accepted).toEqual(["b 1>2"]);
    expect(world.logged.join("\n")).toContain("disk full");
  });
});

describe("decide", () => {
  it("says what the next round would do, and writes and does nothing", async () => {
    const world = worldOf([busy], { web: 2 });
    world.table.queue = 50;
    expect(await world.line().decide()).toMatchObject([{ action: "scale", from: 2, to: 3 }]);
    expect(world.cloud.accepted).toEqual([]);
    const partitions: string[] = [];
    for await (const name of world.store.partitions()) partitions.push(name);
    expect(partitions).toEqual([]);
  });

  it("can suppose what a group would look like that is yet to be made", async () => {
    const world = worldOf([specOf("new", { min: 2 })], { other: 0 });
    const [seen] = await world.cloud.driver.observe(["other"]);
    if (seen === undefined || !("status" in seen)) throw new Error("the other group is there");
    const suppose = new Map([["new", seen.status]]);
    expect(await world.line().decide(["new"], { suppose })).toMatchObject([
      { action: "scale", from: 0, to: 2 },
    ]);
  });
});

describe("an order", () => {
  it("is carried out at once and answered", async () => {
    const world = worldOf([specOf("web")], { web: 2 });
    const line = world.line();
    const { outcome, record } = await line.order("web", manual({ change: 3 }));
    expect(outcome).toBe("executed");
    expect(record).toMatchObject({ trigger: "order", order: { kind: "manual", by: "test" }, from: 2, to: 5 });
    expect(await stored(world.store, "web")).toEqual([record]);
    expect(world.cloud.accepted).toEqual(["web 2>5"]);
  });

  it("is refused during a cooldown, with how long it lasts", async () => {
    const world = worldOf([specOf("web", { cooldownMs: 60_000 })], { web: 2 });
    const line = world.line();
    await line.order("web", manual({ change: 1 }));
    world.clock.advance(20_000);
    expect(await line.order("web", manual({ change: 1 }))).toMatchObject({
      outcome: "cooldown",
      retryAfterMs: 40_000,
    });
    expect(await line.order("web", manual({ change: 1 }, { skipCooldowns: true }))).toMatchObject({
      outcome: "executed",
    });
  });

  it("is only recorded in mode observe", async () => {
    const world = worldOf([specOf("web", { mode: "observe" })], { web: 2 });
    expect(await world.line().order("web", manual({ change: 1 }))).toMatchObject({ outcome: "observed" });
    expect(world.cloud.accepted).toEqual([]);
    expect(await stored(world.store, "web")).toHaveLength(1);
  });

  it("of an unknown group is an error that names the known ones", async () => {
    const world = worldOf([specOf("web")], { web: 2 });
    await expect(world.line().order("wbe", manual({ change: 1 }))).rejects.toMatchObject({
      code: "not-found",
      hint: "groups here: web",
    });
  });

  it("says that it failed when the cloud refuses, and is not taken up again later", async () => {
    const world = worldOf([specOf("web")], { web: 2 });
    world.cloud.faults.push({ before: new TimeoutError("no answer") });
    const line = world.line();
    expect(await line.order("web", manual({ change: 1 }))).toMatchObject({ outcome: "failed" });
    await line.once();
    expect(world.cloud.accepted).toEqual([]);
  });

  it("says that it failed when the group cannot be read, and that it is refused when the group is off", async () => {
    const world = worldOf([specOf("web"), specOf("off", { mode: "off" })], { off: 2 });
    const line = world.line();
    expect(await line.order("web", manual({ change: 1 }))).toMatchObject({
      outcome: "failed",
      record: { reasons: [{ code: "group-unreadable", params: { why: "there is no group web" } }] },
    });
    expect(await line.order("off", manual({ change: 1 }))).toMatchObject({ outcome: "refused" });
    expect(world.cloud.looks).toEqual([["web"]]);
  });

  it("keeps its result as a floor for as long as it says", async () => {
    const world = worldOf([busy], { web: 2 });
    world.table.queue = 0;
    const line = world.line();
    await line.order("web", manual({ desired: 6 }, { keepMs: 120_000 }));
    world.clock.advance(61_000);
    expect((await line.once())[0]).toMatchObject({ action: "hold", from: 6 });
    world.clock.advance(60_000);
    expect((await line.once())[0]).toMatchObject({ action: "scale", from: 6, to: 5 });
  });

  it("runs one after another, each from what the one before left", async () => {
    const world = worldOf([specOf("web")], { web: 0 });
    const line = world.line();
    await Promise.all(Array.from({ length: 5 }, () => line.order("web", manual({ change: 1 }))));
    expect(world.cloud.accepted).toEqual(["web 0>1", "web 1>2", "web 2>3", "web 3>4", "web 4>5"]);
  });

  it("is not undone by a round that had read the group before", async () => {
    const world = worldOf([{ ...busy, cooldownMs: 0 }], { web: 3 });
    let release: ((samples: Sample[]) => void) | undefined;
    world.sources.set("table", {
      read: () =>
        new Promise((resolve) => {
          release = resolve;
        }),
    });
    const line = world.line();
    const round = line.once();
    await settle();
    await line.order("web", manual({ desired: 8 }));
    release?.([{ value: 50, observedAtMs: world.clock.now() }]);
    await round;
    expect(world.cloud.accepted).toEqual(["web 3>8", "web 8>9"]);
  });

  it("is seen by a round even while the cloud shows the old count", async () => {
    const world = worldOf([{ ...busy, cooldownMs: 0 }], { web: 3 }, 30_000);
    world.table.queue = 50;
    world.cloud.shown.set("web", 3);
    const line = world.line();
    await line.order("web", manual({ desired: 8 }));
    await line.once();
    expect(world.cloud.accepted).toEqual(["web 3>8", "web 8>9"]);
  });

  it("is seen by the first round of a new process even while the cloud shows the old count", async () => {
    const world = worldOf([{ ...busy, cooldownMs: 0 }], { web: 3 }, 30_000);
    world.table.queue = 50;
    world.cloud.shown.set("web", 3);
    await world.line().order("web", manual({ desired: 8 }));
    world.clock.advance(5_000);
    await world.line().once();
    expect(world.cloud.accepted).toEqual(["web 3>8", "web 8>9"]);
  });

  it("gives way to an outside change once the cloud must show it", async () => {
    const world = worldOf([{ ...busy, cooldownMs: 0 }], { web: 3 }, 30_000);
    world.table.queue = 50;
    const line = world.line();
    await line.order("web", manual({ desired: 8 }));
    world.cloud.desired.set("web", 4);
    world.clock.advance(30_000);
    await line.once();
    expect(world.cloud.accepted).toEqual(["web 3>8", "web 4>5"]);
  });
});

describe("other work in a group's queue", () => {
  it("makes rounds that had read the group before read it again", async () => {
    const world = worldOf([busy], { web: 3 });
    let release: ((samples: Sample[]) => void) | undefined;
    world.sources.set("table", { read: () => new Promise((resolve) => (release = resolve)) });
    const line = world.line();
    const round = line.once();
    await settle();
    await line.enqueue("web", async () => void world.cloud.desired.set("web", 7));
    release?.([{ value: 50, observedAtMs: world.clock.now() }]);
    await round;
    expect(world.cloud.accepted).toEqual(["web 7>8"]);
  });

  it("answers with what the work answers, and leaves the queue free when it throws", async () => {
    const world = worldOf([specOf("web")], { web: 3 });
    const line = world.line();
    await expect(line.enqueue("web", async () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await line.enqueue("web", async () => 42)).toBe(42);
  });
});

describe("hands on a group", () => {
  it("stop it while it is paused, also after a restart, until it is resumed", async () => {
    const world = worldOf([busy], { web: 2 });
    world.table.queue = 50;
    await world.line().pause("web", { sinceMs: NOON_MS, reason: "migration" });
    const line = world.line();
    expect((await line.view("web")).pause).toMatchObject({ reason: "migration" });
    await line.once();
    expect(await line.order("web", manual({ change: 1 }))).toMatchObject({ outcome: "paused" });
    expect(world.cloud.accepted).toEqual([]);
    await line.resume("web");
    await line.once();
    expect(world.cloud.accepted).toEqual(["web 2>3"]);
  });

  it("hold it at a count while it is pinned", async () => {
    const world = worldOf([specOf("web")], { web: 2 });
    const line = world.line();
    await line.pin("web", { to: 5, hold: { sinceMs: NOON_MS, untilMs: NOON_MS + 1_000 } });
    await line.once();
    expect(world.cloud.accepted).toEqual(["web 2>5"]);
    expect((await line.view("web")).pin).toMatchObject({ to: 5 });
    await line.unpin("web");
    expect((await line.view("web")).pin).toBeUndefined();
  });
});

describe("stop", () => {
  it("lets a step that has begun end, and starts nothing new", async () => {
    const world = worldOf([busy], { web: 2 });
    world.table.queue = 50;
    let go: (() => void) | undefined;
    world.cloud.onScale = () => new Promise((resolve) => (go = resolve));
    const line = world.line();
    line.start();
    await settle();
    const stopped = line.stop(5_000);
    go?.();
    await stopped;
    expect((await stored(world.store, "web"))[0]?.outcomes).toMatchObject([{ result: "done" }]);
    await pass(world.clock, 60_000);
    expect(world.cloud.looks).toHaveLength(1);
    await expect(line.order("web", manual({ change: 1 }))).rejects.toMatchObject({ code: "unavailable" });
  });

  it("does not wait longer than it may for a step that hangs, and names the group", async () => {
    const world = worldOf([busy], { web: 2 });
    world.table.queue = 50;
    world.cloud.onScale = () => new Promise(() => undefined);
    const line = world.line();
    line.start();
    await settle();
    const stopped = line.stop(5_000);
    await pass(world.clock, 5_000);
    await stopped;
    expect(world.logged.join("\n")).toContain('"groups":["web"]');
  });

  it("completes the records", async () => {
    const line = worldOf([], {}).line();
    let isComplete = false;
    line.records.subscribe({ complete: () => (isComplete = true) });
    line.start();
    await line.stop(1_000);
    expect(isComplete).toBe(true);
  });
});

describe("a reload", () => {
  it("counts from the next round on: new groups run, removed ones do not, new bounds hold", async () => {
    const world = worldOf([busy], { web: 2, api: 1 });
    world.table.queue = 5;
    const line = world.line();
    line.start();
    await settle();
    const runtime = world.groups.get("web")!;
    world.groups.delete("web");
    world.groups.set("api", { ...runtime, spec: specOf("api", { min: 3 }) });
    await pass(world.clock, 10_000);
    expect(world.cloud.accepted).toEqual(["api 1>3"]);
    expect(world.cloud.looks).toEqual([["web"], ["api"]]);
    await line.stop(0);
  });
});

describe("state that a newer version has written", () => {
  it("is refused for its group alone, and left as it is", async () => {
    const world = worldOf([busy, specOf("api", { min: 1 })], { web: 2, api: 0 });
    const memory = { key: "memory", value: { version: 99 } };
    await world.store.commit("web", { documents: [memory] });
    await world.line().once();
    expect(world.cloud.accepted).toEqual(["api 0>1"]);
    expect(world.logged.join()).toContain(
      "the state of group web was written by a newer Bellows (memory version 99",
    );
    expect(await world.store.get("web", "memory")).toMatchObject({ value: { version: 99 } });
  });
});

describe("a clock that jumps", () => {
  it.each([-3_600_000, 3_600_000])("by %i ms neither repeats rounds nor leaves any out", async (jumpMs) => {
    const world = worldOf([busy], { web: 2 });
    world.table.queue = 5;
    const line = world.line();
    line.start();
    await pass(world.clock, 25_000);
    expect(world.cloud.looks).toHaveLength(3);
    world.clock.jumpTo(world.clock.now() + jumpMs);
    await pass(world.clock, 30_000);
    expect(world.cloud.looks).toHaveLength(6);
    await line.stop(0);
  });
});

describe("a reload during an order", () => {
  it("that changes the metrics makes the order read them again", async () => {
    const world = worldOf([{ ...busy, cooldownMs: 0 }], { web: 2 });
    const runtime = world.groups.get("web")!;
    const renamed = specOf("web", {
      metrics: [rowMetric("load")],
      policies: busy.policies.slice(0, 0),
      max: 4,
    });
    world.cloud.observe = async () => {
      delete world.cloud.observe;
      world.groups.set("web", { ...runtime, spec: renamed });
      return world.cloud.driver.observe(["web"]);
    };
    const { outcome, record } = await world.line().order("web", manual({ change: 5 }));
    expect({ outcome, to: record.to }).toEqual({ outcome: "executed", to: 4 });
  });

  it("that takes the group away is answered as not found", async () => {
    const world = worldOf([busy], { web: 2 });
    world.cloud.observe = async () => {
      world.groups.delete("web");
      return [{ unavailable: "gone" }];
    };
    await expect(world.line().order("web", manual({ change: 5 }))).rejects.toMatchObject({
      code: "not-found",
    });
  });
});

describe("two controllers on one store", () => {
  it("do not decide past each other: the later one reads again and sees the cooldown", async () => {
    const world = worldOf([busy], { web: 2 });
    world.table.queue = 50;
    const [first, second] = [world.line({ holder: "one" }), world.line({ holder: "two" })];
    world.table.queue = 5;
    await first.once();
    await second.once();
    world.table.queue = 50;
    await first.once();
    await second.once();
    expect(world.cloud.accepted).toEqual(["web 2>3"]);
  });
});
