import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { codes, move, NOON, Scene, share, target, threshold } from "../../test/scene.js";
import { renderReason } from "../reasons.js";
import { withPause, withPin } from "./memory.js";

const busy = threshold("queue > 5", 1);
const idle = threshold("queue < 1", -1, { name: "idle" });
const rates = (count: number, perMs = 60_000) => ({ stabilizationMs: 0, rates: [{ count, perMs }] });
const percentRate = (percent: number, perMs = 60_000) => ({
  stabilizationMs: 0,
  rates: [{ percent, perMs }],
});
const stable = (stabilizationMs: number) => ({ stabilizationMs, rates: [] });
const always = { startMinute: 0, endMinute: 0, timezone: "UTC" };

/** Puts a keep in force, as an order leaves it. */
function keep(scene: Scene, floor: number, forMs = 60_000): void {
  scene.memory = { ...scene.memory, keeps: [{ id: "o1", floor, untilMs: scene.nowMs + forMs }] };
}

describe("paused", () => {
  test("writes nothing at all, repairs included", () => {
    const scene = new Scene({ desired: 0, min: 2, policies: [busy] });
    scene.memory = withPause(scene.memory, { sinceMs: NOON, by: "alice", reason: "migration" });
    const decided = scene.round({ queue: 9 });
    expect(move(decided)).toBe("0");
    expect(decided.record.reasons.map(renderReason)).toContain("paused by alice: migration");
  });

  test("ends by itself at its time", () => {
    const scene = new Scene({ policies: [busy] });
    scene.memory = withPause(scene.memory, { sinceMs: NOON, untilMs: NOON + 60_000 });
    expect(move(scene.after(59_999).round({ queue: 9 }))).toBe("4");
    expect(move(scene.after(1).round({ queue: 9 }))).toBe("4 → 5");
  });

  test("at the provider counts as well", () => {
    expect(codes(new Scene({ policies: [busy], group: { paused: true } }).round({ queue: 9 }))).toContain(
      "paused-at-provider",
    );
  });

  test("lets timers run on, so that nothing is forgotten meanwhile", () => {
    const scene = new Scene({ policies: [threshold("queue > 5", 1, { forMs: 20_000 })] });
    scene.memory = withPause(scene.memory, { sinceMs: NOON, untilMs: NOON + 15_000 });
    scene.round({ queue: 9 });
    scene.after(10_000).round({ queue: 9 });
    expect(move(scene.after(10_000).round({ queue: 9 }))).toBe("4 → 5");
  });
});

describe("mode", () => {
  test("observe decides and records, and does nothing", () => {
    const scene = new Scene({ mode: "observe", cooldownMs: 60_000, policies: [busy] });
    const decided = scene.round({ queue: 9 });
    expect(decided.record).toMatchObject({ action: "hold", from: 4, to: 4, wanted: 5 });
    expect(renderReason(decided.record.reasons.at(-1) ?? { code: "", params: {} })).toBe(
      "mode is observe: would scale 4 → 5, does nothing",
    );
    expect(decided.memory.stamp).toBeUndefined();
  });

  test("off does neither", () => {
    const decided = new Scene({ mode: "off", policies: [busy] }).round({ queue: 9 });
    expect(codes(decided)).toEqual(["mode-off"]);
    expect(decided.record.proposals).toEqual([]);
    expect(decided.record.wanted).toBeUndefined();
  });
});

describe("pinned", () => {
  const pinned = (to: number, options = {}) => {
    const scene = new Scene({ policies: [busy], ...options });
    scene.memory = withPin(scene.memory, { to, sinceMs: NOON });
    return scene;
  };
  test("holds the group at its count, whatever policies want", () => {
    expect(move(pinned(4).round({ queue: 9 }))).toBe("4");
    expect(move(pinned(7).round({ queue: 9 }))).toBe("4 → 7");
    expect(move(pinned(2).round({ queue: 9 }))).toBe("4 → 2");
  });
  test("waits for no cooldown and starts none", () => {
    const scene = pinned(7, { cooldownMs: 60_000 });
    scene.memory = { ...scene.memory, stamp: { atMs: NOON, id: "x" } };
    const decided = scene.round({ queue: 9 });
    expect(move(decided)).toBe("4 → 7");
    expect(decided.memory.stamp?.id).toBe("x");
  });
  test("stays within the bounds: max beats pin", () => {
    expect(codes(pinned(20).round({ queue: 0 }))).toEqual(["nobody-wants-change", "pinned", "max"]);
  });
});

describe("group cooldown", () => {
  test("runs from the execution, and is over when it equals what has passed", () => {
    const scene = new Scene({ cooldownMs: 30_000, policies: [busy] });
    expect(move(scene.round({ queue: 9 }))).toBe("4 → 5");
    const cooling = scene.after(29_999).round({ queue: 9 });
    expect(codes(cooling)).toEqual(["when-true", "group-cooldown"]);
    expect(cooling.record.wouldChangeIf[0]).toEqual({
      code: "if-group-cooldown-ends",
      params: { leftMs: 1, wanted: 6 },
    });
    expect(move(scene.after(1).round({ queue: 9 }))).toBe("5 → 6");
  });

  test("of a round that changes nothing does not start", () => {
    const scene = new Scene({ cooldownMs: 30_000, policies: [busy], desired: 10 });
    expect(scene.round({ queue: 9 }).memory.stamp).toBeUndefined();
  });

  test("has as much left as before when the clock jumps back an hour", () => {
    const scene = new Scene({ cooldownMs: 30_000, policies: [busy] });
    scene.round({ queue: 9 });
    scene.after(20_000).round({ queue: 9 });
    expect(codes(scene.after(-3_600_000).round({ queue: 9 }))).toContain("group-cooldown");
    expect(move(scene.after(10_000).round({ queue: 9 }))).toBe("5 → 6");
  });

  test("is a new one after a reload that shortens it", () => {
    const scene = new Scene({ cooldownMs: 3_600_000, policies: [busy] });
    scene.round({ queue: 9 });
    scene.redefine({ cooldownMs: 10_000 });
    expect(move(scene.after(10_000).round({ queue: 9 }))).toBe("5 → 6");
  });
});

describe("stabilization", () => {
  test("shrinks only to the highest recommendation of its window", () => {
    const scene = new Scene({ desired: 8, scaleIn: stable(300_000), policies: [share(10)] });
    scene.round({ queue: 80 });
    const held = scene.after(100_000).round({ queue: 30 });
    expect(move(held)).toBe("8");
    expect(codes(held)).toContain("stabilized-shrinking");
    expect(held.record.wouldChangeIf[0]).toEqual({ code: "if-stable-for", params: { leftMs: 300_000 } });
    scene.after(100_000).round({ queue: 50 });
    expect(move(scene.after(200_000).round({ queue: 20 }))).toBe("8 → 5");
  });

  test("grows only to the lowest recommendation of its window", () => {
    const scene = new Scene({ scaleOut: stable(60_000), policies: [share(10)] });
    scene.round({ queue: 40 });
    expect(move(scene.after(30_000).round({ queue: 90 }))).toBe("4");
    expect(move(scene.after(30_000).round({ queue: 60 }))).toBe("4");
    expect(move(scene.after(30_000).round({ queue: 90 }))).toBe("4 → 6");
  });

  test("of one direction does not slow the other", () => {
    const scene = new Scene({ scaleIn: stable(300_000), policies: [share(10)] });
    expect(move(scene.round({ queue: 90 }))).toBe("4 → 9");
  });

  test("of a group seen for the first time begins with its desired count", () => {
    const scene = new Scene({ scaleIn: stable(300_000), policies: [share(10)] });
    expect(move(scene.round({ queue: 10 }))).toBe("4");
    expect(move(scene.after(300_000).round({ queue: 10 }))).toBe("4 → 1");
  });

  test("does not depend on how often rounds come", () => {
    const often = new Scene({ scaleIn: stable(300_000), policies: [share(10)], cooldownMs: 0 });
    const seldom = new Scene({ scaleIn: stable(300_000), policies: [share(10)], cooldownMs: 0 });
    for (let i = 0; i < 30; i++) often.after(i === 0 ? 0 : 10_000).round({ queue: 10 });
    seldom.round({ queue: 10 });
    seldom.after(290_000);
    expect([
      move(often.after(10_000).round({ queue: 10 })),
      move(seldom.after(10_000).round({ queue: 10 })),
    ]).toEqual(["4 → 1", "4 → 1"]);
  });

  test("keeps its history within bounds, however the signal jumps, and only errs on the cautious side", () => {
    const scene = new Scene({ desired: 10, scaleIn: stable(3_600_000), policies: [share(10)] });
    scene.round({ queue: 95 });
    for (let i = 0; i < 400; i++) scene.after(5_000).round({ queue: i % 2 === 0 ? 10 : 20 });
    expect(scene.memory.recommendations.length).toBeLessThanOrEqual(64 * 3);
    expect(scene.desired).toBe(10);
    scene.after(3_600_000).round({ queue: 10 });
    for (let i = 0; i < 70; i++) scene.after(60_000).round({ queue: 10 });
    expect(scene.desired).toBe(1);
    expect(scene.memory.recommendations.length).toBeLessThanOrEqual(6);
  });
});

describe("rates", () => {
  test("hold growth to so many per period, counted from its own moves", () => {
    const scene = new Scene({ scaleOut: rates(2), policies: [share(10)] });
    expect(move(scene.round({ queue: 90 }))).toBe("4 → 6");
    const held = scene.after(20_000).round({ queue: 90 });
    expect(codes(held)).toContain("rate-growth");
    expect(held.record.wouldChangeIf).toContainEqual({ code: "if-rate-allows", params: { leftMs: 40_000 } });
    expect(move(scene.after(40_000).round({ queue: 90 }))).toBe("6 → 8");
  });

  test("hold shrinking to so many per period", () => {
    const scene = new Scene({ scaleIn: rates(1), policies: [share(10)] });
    expect(move(scene.round({ queue: 10 }))).toBe("4 → 3");
    expect(move(scene.after(59_999).round({ queue: 10 }))).toBe("3");
    expect(move(scene.after(1).round({ queue: 10 }))).toBe("3 → 2");
  });

  test("by percent count from the start of the period: growth rounds up", () => {
    const scene = new Scene({ desired: 3, max: 100, scaleOut: percentRate(50), policies: [share(10)] });
    expect(move(scene.round({ queue: 900 }))).toBe("3 → 5");
    expect(move(scene.after(30_000).round({ queue: 900 }))).toBe("5");
    expect(move(scene.after(30_000).round({ queue: 900 }))).toBe("5 → 8");
  });

  test("by percent truncate what remains when shrinking", () => {
    const scene = new Scene({ desired: 7, scaleIn: percentRate(50), policies: [share(10)] });
    expect(move(scene.round({ queue: 10 }))).toBe("7 → 3");
  });

  test("by percent let a group leave zero", () => {
    const scene = new Scene({ min: 0, desired: 0, scaleOut: percentRate(100), policies: [share(10)] });
    expect(move(scene.round({ queue: 90 }))).toBe("0 → 1");
    expect(move(scene.after(60_000).round({ queue: 90 }))).toBe("1 → 2");
  });

  test("all hold: the strictest decides", () => {
    const limits = {
      stabilizationMs: 0,
      rates: [
        { percent: 100, perMs: 60_000 },
        { count: 1, perMs: 60_000 },
      ],
    };
    expect(move(new Scene({ scaleOut: limits, policies: [share(10)] }).round({ queue: 90 }))).toBe("4 → 5");
  });

  test("count what was taken away since as room to grow again", () => {
    const scene = new Scene({ desired: 6, scaleOut: rates(1), policies: [share(10)] });
    expect(move(scene.round({ queue: 40 }))).toBe("6 → 4");
    expect(move(scene.after(10_000).round({ queue: 90 }))).toBe("4 → 7");
  });
});

describe("protection", () => {
  test("protected instances are not removable", () => {
    const scene = new Scene({ policies: [share(10)], instances: { protected: 3 } });
    const decided = scene.round({ queue: 10 });
    expect(move(decided)).toBe("4 → 3");
    expect(codes(decided)).toContain("protected");
  });
  test("never makes a group grow", () => {
    const scene = new Scene({ desired: 2, policies: [idle], instances: { inService: 4, protected: 4 } });
    expect(move(scene.round({ queue: 0 }))).toBe("2");
  });
});

describe("busy", () => {
  test("an own step still pending blocks shrinking", () => {
    const scene = new Scene({ policies: [busy, idle] });
    scene.round({ queue: 9 });
    scene.instances = { inService: 4, pending: 1 };
    const decided = scene.after(10_000).round({ queue: 0 });
    expect(move(decided)).toBe("5");
    expect(codes(decided)).toContain("busy");
  });
  test("an own step still draining blocks shrinking", () => {
    const scene = new Scene({ policies: [idle] });
    scene.round({ queue: 0 });
    scene.instances = { inService: 3, draining: 1 };
    expect(codes(scene.after(10_000).round({ queue: 0 }))).toContain("busy");
  });
  test("blocks shrinking only", () => {
    const scene = new Scene({ policies: [busy, idle] });
    scene.round({ queue: 9 });
    scene.instances = { inService: 4, pending: 1 };
    expect(move(scene.after(10_000).round({ queue: 9 }))).toBe("5 → 6");
  });
  test("is over once instances have settled, and what others do later does not bring it back", () => {
    const scene = new Scene({ policies: [busy, idle] });
    scene.round({ queue: 9 });
    scene.after(10_000).round({ queue: 3 });
    scene.instances = { inService: 4, pending: 1 };
    expect(move(scene.after(10_000).round({ queue: 0 }))).toBe("5 → 4");
  });
  test("an instance that never comes up does not keep a group large for ever", () => {
    const scene = new Scene({ policies: [busy, idle] });
    scene.round({ queue: 9 });
    scene.instances = { inService: 4, pending: 1 };
    expect(move(scene.after(600_000).round({ queue: 0 }))).toBe("5 → 4");
  });
});

describe("keep", () => {
  test("is a floor", () => {
    const scene = new Scene({ policies: [idle] });
    keep(scene, 4);
    expect(codes(scene.round({ queue: 0 }))).toEqual(["when-true", "kept-up"]);
    expect(move(scene.after(60_000).round({ queue: 0 }))).toBe("4 → 3");
  });
  test("raises a group that somebody made smaller", () => {
    const scene = new Scene({ desired: 2 });
    keep(scene, 5);
    expect(move(scene.round())).toBe("2 → 5");
  });
  test("stays within the bounds: max beats keep", () => {
    const scene = new Scene({ max: 6 });
    keep(scene, 9);
    expect(move(scene.round())).toBe("4 → 6");
  });
});

describe("windows", () => {
  test("are bounds for their hours", () => {
    const windows = [{ ...always, name: "office", min: 6 }];
    const decided = new Scene({ windows, policies: [idle] }).round({ queue: 0 });
    expect(move(decided)).toBe("4 → 6");
    expect(decided.record.reasons.map(renderReason)).toContain("window office asks for at least 6: 3 → 6");
  });
  test("several: the highest min and the lowest max in force, and max beats min", () => {
    const windows = [
      { ...always, name: "a", min: 8 },
      { ...always, name: "b", max: 6 },
      { ...always, name: "c", max: 9, min: 2 },
    ];
    expect(codes(new Scene({ windows }).round())).toEqual(["no-policies", "window-min", "window-max"]);
    expect(move(new Scene({ windows }).round())).toBe("4 → 6");
  });
  test("the group's max beats windows", () => {
    expect(move(new Scene({ max: 5, windows: [{ ...always, name: "a", min: 8 }] }).round())).toBe("4 → 5");
  });
  test("raise a group even in its cooldown", () => {
    const scene = new Scene({ cooldownMs: 3_600_000, windows: [{ ...always, name: "a", min: 8 }] });
    scene.memory = { ...scene.memory, stamp: { atMs: NOON, id: "x" } };
    expect(move(scene.round())).toBe("4 → 8");
  });
});

describe("bounds", () => {
  test("repairing a group below its min waits for no cooldown and no metric", () => {
    const scene = new Scene({ desired: 1, min: 3, cooldownMs: 3_600_000, policies: [target(60)] });
    scene.memory = { ...scene.memory, stamp: { atMs: NOON, id: "x" } };
    const decided = scene.round({});
    expect(move(decided)).toBe("1 → 3");
    expect(codes(decided)).toContain("min");
  });
  test("a repair starts no cooldown", () => {
    expect(new Scene({ desired: 1, min: 3, cooldownMs: 60_000 }).round().memory.stamp).toBeUndefined();
  });
  test("a group above its max shrinks to it", () => {
    expect(move(new Scene({ desired: 9, max: 6, policies: [target(60)] }).round({}))).toBe("9 → 6");
  });
  test("a capped want says so, and what would have changed it", () => {
    const { record } = new Scene({ max: 5, policies: [target(60)] }).round({ cpu: 82 });
    expect(record.reasons.map(renderReason)).toEqual([
      "cpu: cpu 82 against target 60: 4 × 82 ÷ 60 = 5.466667, wants 6",
      "max is 5: 6 → 5",
    ]);
    expect(record.wouldChangeIf.map(renderReason)).toEqual(["max raised above 5"]);
  });
  test("the provider's own bounds hold too, where they differ", () => {
    expect(codes(new Scene({ group: { max: 4 }, policies: [busy] }).round({ queue: 9 }))).toEqual([
      "when-true",
      "provider-max",
    ]);
    expect(codes(new Scene({ group: { min: 4 }, policies: [idle] }).round({ queue: 0 }))).toEqual([
      "when-true",
      "provider-min",
    ]);
  });
});

describe("mid-batch of a rollout", () => {
  test("growth passes", () => {
    expect(move(new Scene({ policies: [busy] }).round({ queue: 9 }, { rolling: true }))).toBe("4 → 5");
  });
  test("shrinking waits for the batch, to new bounds as well", () => {
    expect(codes(new Scene({ policies: [idle] }).round({ queue: 0 }, { rolling: true }))).toContain(
      "rolling",
    );
    expect(move(new Scene({ desired: 9, max: 6 }).round({}, { rolling: true }))).toBe("9");
  });
});

describe("none is silent", () => {
  test("each clamp adds a reason, in the order in which they spoke", () => {
    const scene = new Scene({
      desired: 5,
      max: 5,
      policies: [share(10)],
      scaleOut: { stabilizationMs: 0, rates: [] },
      windows: [{ ...always, name: "w", min: 4 }],
      instances: { protected: 1 },
    });
    keep(scene, 3);
    const decided = scene.round({ queue: 0 });
    expect(codes(decided)).toEqual(["under-share", "protected", "kept-up", "window-min"]);
  });

  const settings = fc.record({
    desired: fc.integer({ min: 0, max: 15 }),
    min: fc.integer({ min: 0, max: 6 }),
    max: fc.integer({ min: 6, max: 12 }),
    cooldownMs: fc.constantFrom(0, 15_000),
    growStable: fc.constantFrom(0, 20_000),
    shrinkStable: fc.constantFrom(0, 60_000),
    rate: fc.constantFrom(1, 3),
    windowMin: fc.integer({ min: 0, max: 14 }),
    keepFloor: fc.integer({ min: 0, max: 14 }),
    pin: fc.option(fc.integer({ min: 0, max: 14 })),
    protectedCount: fc.integer({ min: 0, max: 4 }),
    rounds: fc.array(
      fc.record({
        cpu: fc.option(fc.integer({ min: 0, max: 200 })),
        queue: fc.option(fc.integer({ min: 0, max: 300 })),
      }),
      { maxLength: 12 },
    ),
  });

  test("the result is always within min and max, and differs from what was wanted only with a reason", () => {
    fc.assert(
      fc.property(settings, (s) => {
        const scene = new Scene({
          desired: s.desired,
          min: s.min,
          max: s.max,
          cooldownMs: s.cooldownMs,
          scaleOut: { stabilizationMs: s.growStable, rates: [{ count: s.rate, perMs: 60_000 }] },
          scaleIn: { stabilizationMs: s.shrinkStable, rates: [{ percent: 50, perMs: 60_000 }] },
          windows: [{ ...always, name: "w", min: s.windowMin }],
          policies: [
            target(60, { cooldownMs: 5_000 }),
            share(20),
            threshold("queue < 30", -2, { name: "idle", forMs: 10_000 }),
          ],
          instances: { protected: s.protectedCount },
        });
        keep(scene, s.keepFloor);
        if (s.pin !== null)
          scene.memory = withPin(scene.memory, { to: s.pin, sinceMs: NOON, untilMs: NOON + 40_000 });
        for (const { cpu, queue } of s.rounds) {
          const samples = { ...(cpu === null ? {} : { cpu }), ...(queue === null ? {} : { queue }) };
          const { record } = scene.after(10_000).round(samples);
          expect(record.to).toBeGreaterThanOrEqual(s.min);
          expect(record.to).toBeLessThanOrEqual(s.max);
          const said = record.reasons.filter(
            ({ code }) => !record.proposals.some(({ reason }) => reason.code === code),
          );
          if (record.to !== record.wanted) expect(said.length).toBeGreaterThan(0);
          expect(record.reasons.length).toBeGreaterThan(0);
          if (record.action === "hold") expect(record.wouldChangeIf.length).toBeGreaterThan(0);
          expect(JSON.parse(JSON.stringify(record))).toEqual(record);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("while every sample is missing nothing shrinks, unless the bounds demand it", () => {
    fc.assert(
      fc.property(settings, (s) => {
        const scene = new Scene({
          desired: s.desired,
          min: s.min,
          max: s.max,
          policies: [target(60), share(20), idle],
        });
        for (const { cpu, queue } of s.rounds) {
          scene
            .after(10_000)
            .round({ ...(cpu === null ? {} : { cpu }), ...(queue === null ? {} : { queue }) });
        }
        const before = scene.desired;
        const { record } = scene.after(10_000).round({});
        expect(record.to).toBeGreaterThanOrEqual(Math.min(before, s.max));
      }),
    );
  });
});
