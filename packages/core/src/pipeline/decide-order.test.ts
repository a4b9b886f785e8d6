import { describe, expect, test } from "vitest";
import { codes, move, NOON, Scene, target, threshold } from "../../test/scene.js";
import { withPause, withPin } from "./memory.js";

const deploy = { name: "deploy", adjust: { change: 2 }, webhooks: ["ci"], cooldownMs: 30_000 };
const kept = { name: "kept", adjust: { change: 2 }, webhooks: ["ci"], keepMs: 1_800_000 };
const webhook = { origin: { kind: "webhook" as const, by: "ci" } };

describe("an order", () => {
  test("is computed at once from the current desired", () => {
    const scene = new Scene({ policies: [deploy] });
    scene.desired = 6;
    const decided = scene.order({ ...webhook, policy: "deploy" });
    expect(decided.verdict).toBe("execute");
    expect(decided.record).toMatchObject({
      trigger: "order",
      order: { kind: "webhook", by: "ci", policy: "deploy" },
      action: "scale",
      from: 6,
      to: 8,
      wanted: 8,
    });
  });

  test("is not outvoted", () => {
    const scene = new Scene({ policies: [target(60)] });
    scene.round({ cpu: 60 });
    expect(move(scene.order({ adjust: { desired: 2 } }, { cpu: 60 }))).toBe("4 → 2");
  });

  test("passes stabilization and rates", () => {
    const limits = { stabilizationMs: 600_000, rates: [{ count: 1, perMs: 600_000 }] };
    const scene = new Scene({ scaleOut: limits, scaleIn: limits });
    scene.round();
    expect(move(scene.order({ adjust: { desired: 9 } }))).toBe("4 → 9");
    expect(move(scene.after(1).order({ adjust: { desired: 2 } }))).toBe("9 → 2");
  });

  test("is held to the bounds, the windows and what is protected", () => {
    expect(codes(new Scene().order({ adjust: { change: 20 } }))).toEqual(["ordered", "max"]);
    expect(codes(new Scene().order({ adjust: { desired: 0 } }))).toEqual(["ordered", "min"]);
    const windows = [{ name: "w", startMinute: 0, endMinute: 0, timezone: "UTC", min: 3 }];
    expect(move(new Scene({ windows }).order({ adjust: { desired: 1 } }))).toBe("4 → 3");
    expect(move(new Scene({ instances: { protected: 2 } }).order({ adjust: { desired: 1 } }))).toBe("4 → 2");
  });

  test("of a percentage uses its policy's rounding, and the provider's without a policy", () => {
    const half = { name: "half", adjust: { percent: 50 }, rounding: "aws" as const };
    expect(move(new Scene({ desired: 3, policies: [half] }).order({ policy: "half" }))).toBe("3 → 4");
    expect(move(new Scene({ desired: 3, rounding: "otter" }).order({ adjust: { percent: 50 } }))).toBe(
      "3 → 5",
    );
  });

  test("to shrink a group that waits for no own step goes through", () => {
    const scene = new Scene({ waitsForOwnSteps: false });
    scene.order({ adjust: { change: 2 } });
    scene.instances = { inService: 4, pending: 2 };
    expect(move(scene.after(1_000).order({ adjust: { change: -1 } }))).toBe("6 → 5");
  });

  test("to shrink waits while an own step is pending or draining", () => {
    const scene = new Scene();
    scene.order({ adjust: { change: 2 } });
    scene.instances = { inService: 4, pending: 2 };
    const decided = scene.after(1_000).order({ adjust: { change: -1 } });
    expect(decided.verdict).toBe("refused");
    expect(codes(decided)).toEqual(["ordered", "busy"]);
  });

  test("to shrink waits for the batch of a rollout, and growth passes", () => {
    const decided = new Scene().order({ adjust: { change: -1 } }, {}, { rolling: true });
    expect([decided.verdict, codes(decided)]).toEqual(["refused", ["ordered", "rolling"]]);
    expect(new Scene().order({ adjust: { change: 1 } }, {}, { rolling: true }).verdict).toBe("execute");
  });

  test("of a pinned group is refused, with the pin as the reason", () => {
    const scene = new Scene();
    scene.memory = withPin(scene.memory, { to: 4, sinceMs: NOON });
    const decided = scene.order({ adjust: { desired: 2 } });
    expect([decided.verdict, codes(decided)]).toEqual(["refused", ["ordered", "pinned"]]);
  });

  test("of a paused group is answered with paused, and does nothing", () => {
    const scene = new Scene();
    scene.memory = withPause(scene.memory, { sinceMs: NOON });
    expect(scene.order({ adjust: { change: 1 } }).verdict).toBe("paused");
    expect(scene.desired).toBe(4);
  });

  test("in mode observe is only recorded", () => {
    const scene = new Scene({ mode: "observe", cooldownMs: 60_000 });
    const decided = scene.order({ adjust: { change: 1 }, keepMs: 60_000 });
    expect(decided.verdict).toBe("observed");
    expect(codes(decided)).toEqual(["ordered", "mode-observe"]);
    expect(decided.memory).toMatchObject({ keeps: [], moves: [] });
    expect(decided.memory.stamp).toBeUndefined();
  });

  test("in mode off is refused", () => {
    expect(new Scene({ mode: "off" }).order({ adjust: { change: 1 } }).verdict).toBe("refused");
  });

  test("of a group that cannot be read is refused", () => {
    const decided = new Scene().blindOrder("503", { adjust: { change: 1 } });
    expect(decided.verdict).toBe("refused");
    expect(codes(decided)).toEqual(["group-unreadable"]);
    expect(decided.record.order?.kind).toBe("manual");
  });

  test.each([
    ["an unknown policy", { policy: "nope" }, "order-unknown-policy"],
    ["a policy that the cloud keeps", { policy: "cloud" }, "order-native-policy"],
    ["nothing", {}, "order-without-change"],
  ])("of %s is refused, with the reason", (_, request, code) => {
    const native = threshold("cpu > 1", 1, { name: "cloud", engine: "native" });
    const decided = new Scene({ policies: [native] }).order(request);
    expect(decided.verdict).toBe("refused");
    expect(codes(decided)).toEqual([code]);
  });

  test("of a policy made by hand brings its amount and its own cooldown along", () => {
    const burst = { policy: "burst", adjust: { change: 1 }, policyCooldownMs: 60_000 };
    const scene = new Scene({ cooldownMs: 0, max: 9 });
    expect(scene.order(burst)).toMatchObject({
      verdict: "execute",
      memory: { policies: { burst: { stamp: {} } } },
    });
    const again = scene.order(burst);
    expect(again).toMatchObject({ verdict: "cooldown", retryAfterMs: 60_000 });
    expect(codes(again)).toContain("order-policy-cooldown");
  });

  test("of a threshold does what it says, whether its condition holds or not", () => {
    expect(move(new Scene({ policies: [threshold("queue > 5", 1)] }).order({ policy: "busy" }))).toBe(
      "4 → 5",
    );
  });

  test("of a target looks at its signal, and is refused without one", () => {
    expect(move(new Scene({ policies: [target(60)] }).order({ policy: "cpu" }, { cpu: 90 }))).toBe("4 → 6");
    const blind = new Scene({ policies: [target(60)] }).order({ policy: "cpu" });
    expect([blind.verdict, codes(blind)]).toEqual(["refused", ["no-data", "order-without-step"]]);
  });

  test("moves no timer of a round on", () => {
    const scene = new Scene({ policies: [threshold("queue > 5", 1, { forMs: 20_000 }), deploy] });
    scene.round({ queue: 9 });
    scene.after(10_000).order({ policy: "deploy" }, { queue: 0 });
    scene.round({ queue: 9 });
    expect(move(scene.after(10_000).round({ queue: 9 }))).toBe("6 → 7");
  });
});

describe("cooldowns of orders, as Otter's", () => {
  test("the policy's own refuses it first, then the group's", () => {
    const scene = new Scene({ cooldownMs: 60_000, policies: [deploy, kept] });
    scene.order({ policy: "deploy" });
    const own = scene.after(10_000).order({ policy: "deploy" });
    expect(own).toMatchObject({ verdict: "cooldown", retryAfterMs: 20_000 });
    expect(codes(own)).toContain("order-policy-cooldown");
    const groups = scene.after(20_000).order({ policy: "deploy" });
    expect(groups).toMatchObject({ verdict: "cooldown", retryAfterMs: 30_000 });
    expect(codes(groups)).toContain("order-group-cooldown");
    expect(scene.after(30_000).order({ policy: "deploy" }).verdict).toBe("execute");
  });

  test("of one policy lets another policy's order through", () => {
    const scene = new Scene({ policies: [deploy, kept] });
    scene.order({ policy: "deploy" });
    expect(scene.order({ policy: "kept" }).verdict).toBe("execute");
  });

  test("are over when what has passed equals them", () => {
    const scene = new Scene({ policies: [deploy] });
    scene.order({ policy: "deploy" });
    expect(scene.after(29_999).order({ policy: "deploy" }).verdict).toBe("cooldown");
    expect(scene.after(1).order({ policy: "deploy" }).verdict).toBe("execute");
  });

  test("start with no refused order", () => {
    const scene = new Scene({ cooldownMs: 60_000, policies: [deploy] });
    scene.order({ policy: "deploy" });
    const before = scene.memory.stamp;
    scene.after(10_000).order({ policy: "deploy" });
    expect(scene.memory.stamp).toEqual(before);
  });

  test("start with no order that changes nothing", () => {
    const scene = new Scene({ desired: 10, cooldownMs: 60_000, policies: [deploy] });
    const decided = scene.order({ policy: "deploy" });
    expect(decided.verdict).toBe("unchanged");
    expect(decided.memory.stamp).toBeUndefined();
    expect(codes(decided)).toEqual(["ordered", "max", "order-changes-nothing"]);
  });

  test("bind rounds after an order, and orders after a round", () => {
    const scene = new Scene({ cooldownMs: 60_000, policies: [threshold("queue > 5", 1), deploy] });
    scene.order({ policy: "deploy" });
    expect(codes(scene.after(10_000).round({ queue: 9 }))).toContain("group-cooldown");
    scene.after(60_000).round({ queue: 9 });
    expect(scene.after(10_000).order({ policy: "deploy" }).verdict).toBe("cooldown");
  });

  test("are skipped by `bellows scale`", () => {
    const scene = new Scene({ cooldownMs: 60_000, policies: [deploy] });
    scene.order({ policy: "deploy" });
    expect(move(scene.after(1_000).order({ adjust: { desired: 3 }, skipCooldowns: true }))).toBe("6 → 3");
  });
});

describe("keep", () => {
  test("makes the result a floor for that long", () => {
    const idle = threshold("queue < 1", -1, { name: "idle" });
    const scene = new Scene({ policies: [kept, idle] });
    expect(move(scene.order({ policy: "kept" }))).toBe("4 → 6");
    expect(codes(scene.after(10_000).round({ queue: 0 }))).toEqual(["when-true", "kept-up"]);
    expect(move(scene.after(1_800_000).round({ queue: 0 }))).toBe("6 → 5");
  });

  test("of an order that finds the group where it wants it is a floor too", () => {
    const scene = new Scene({ policies: [threshold("queue < 1", -1, { name: "idle" })] });
    expect(scene.order({ adjust: { desired: 4 }, keepMs: 60_000 }).verdict).toBe("unchanged");
    expect(codes(scene.after(10_000).round({ queue: 0 }))).toContain("kept-up");
  });

  test("of an order that is refused is none", () => {
    const scene = new Scene({ policies: [{ ...kept, cooldownMs: 60_000 }] });
    scene.order({ policy: "kept" });
    const before = scene.memory.keeps;
    scene.after(1_000).order({ policy: "kept" });
    expect(scene.memory.keeps).toEqual(before);
  });

  test("is ended by `bellows scale`", () => {
    const scene = new Scene({ policies: [kept] });
    scene.order({ policy: "kept" });
    expect(
      move(scene.after(1_000).order({ adjust: { desired: 1 }, skipCooldowns: true, endKeeps: true })),
    ).toBe("6 → 1");
    expect(scene.memory.keeps).toEqual([]);
  });

  test("holds orders that do not end it", () => {
    const scene = new Scene({ policies: [kept] });
    scene.order({ policy: "kept" });
    expect(codes(scene.after(1_000).order({ adjust: { desired: 1 } }))).toContain("kept-up");
  });

  test("stays bounded in number", () => {
    const scene = new Scene({ max: 1_000, policies: [kept] });
    for (let i = 0; i < 200; i++) scene.after(1_000).order({ policy: "kept" });
    expect(scene.memory.keeps.length).toBeLessThanOrEqual(64);
    expect(scene.memory.moves.length).toBeLessThanOrEqual(64);
  });
});
