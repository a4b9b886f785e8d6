import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { codes, move, NOON, Scene, share, target, threshold } from "../../test/scene.js";
import type { OnMissing } from "../contracts/policy.js";

const lastKnown = (forMs: number, next: OnMissing = { kind: "hold" }): OnMissing => ({
  kind: "last-known",
  forMs,
  next,
});
const idle = threshold("queue < 1", -1, { name: "idle" });

describe("hold (the default)", () => {
  test("a policy without data neither grows nor shrinks", () => {
    const decided = new Scene({ policies: [target(60)] }).round({});
    expect(move(decided)).toBe("4");
    expect(decided.record.proposals[0]).toMatchObject({ kind: "unavailable", reason: { code: "no-data" } });
  });

  test("the reason of the source reaches the record", () => {
    const { record } = new Scene({ policies: [target(60)] }).round({ cpu: { unavailable: "503 from prom" } });
    expect(record.proposals[0]?.reason.params.why).toBe("cpu: 503 from prom");
  });

  test("while data is missing, a policy that could grow vetoes shrinking", () => {
    const decided = new Scene({ policies: [target(60), idle] }).round({ queue: 0 });
    expect(move(decided)).toBe("4");
    expect(codes(decided)).toEqual(["when-true", "missing-vetoes-shrink"]);
  });

  test("a policy that can only shrink vetoes nothing", () => {
    const other = threshold("cpu < 10", -1, { name: "cold" });
    expect(move(new Scene({ policies: [other, idle] }).round({ queue: 0 }))).toBe("4 → 3");
  });

  test("an exact count vetoes only while it would be growth", () => {
    const peak = { name: "peak", when: "cpu > 90", adjust: { desired: 3 } };
    expect(move(new Scene({ desired: 4, policies: [peak, idle] }).round({ queue: 0 }))).toBe("4 → 3");
    expect(move(new Scene({ desired: 2, policies: [peak, idle] }).round({ queue: 0 }))).toBe("2");
  });

  test("others go on growing", () => {
    expect(move(new Scene({ policies: [target(60), share(20)] }).round({ queue: 200 }))).toBe("4 → 10");
  });
});

describe("last known", () => {
  const scene = () => {
    const made = new Scene({
      policies: [target(60, { onMissing: lastKnown(60_000, { kind: "at-least", count: 7 }) })],
    });
    made.instances = { inService: 4 };
    return made;
  };

  test("goes by the last sample, the time counted from when it was observed", () => {
    const made = scene();
    made.round({ cpu: { value: 60, observedAtMs: NOON - 20_000 } });
    expect(codes(made.after(40_000).round({}))).toEqual(["last-known"]);
    expect(codes(made.after(1).round({}))).toEqual(["at-least-on-missing"]);
  });

  test("grows by it", () => {
    const made = new Scene({ policies: [target(60, { onMissing: lastKnown(60_000) })], mode: "observe" });
    made.round({ cpu: 90 });
    expect(made.after(10_000).round({}).record.wanted).toBe(6);
  });

  test("never shrinks by it", () => {
    const made = new Scene({ policies: [target(60, { onMissing: lastKnown(60_000) })], mode: "observe" });
    expect(made.round({ cpu: 10 }).record.wanted).toBe(1);
    const { record } = made.after(10_000).round({});
    expect(record.wanted).toBe(4);
    expect(record.proposals[0]).toMatchObject({ kind: "want", want: 4 });
  });

  test("computes signals again from what it knows", () => {
    const signals = [{ name: "backlog", expression: "queue / cpu" }];
    const busy = threshold("backlog > 5", 1, { onMissing: lastKnown(60_000) });
    const made = new Scene({ signals, policies: [busy] });
    made.round({ queue: 8, cpu: 2 });
    expect(move(made.after(10_000).round({ queue: 20 }))).toBe("4 → 5");
    expect(made.after(1_000).round({ cpu: 8 }).record.wanted).toBe(5);
  });

  test("goes on with a `for` by what it knows", () => {
    const busy = threshold("queue > 5", 1, { forMs: 20_000, onMissing: lastKnown(60_000) });
    const made = new Scene({ policies: [busy] });
    made.round({ queue: 9 });
    made.after(10_000).round({});
    expect(move(made.after(10_000).round({}))).toBe("4 → 5");
  });

  test("a sample that has grown too old to be fresh is still known", () => {
    const made = new Scene({ policies: [target(60, { onMissing: lastKnown(900_000) })] });
    expect(codes(made.round({ cpu: { value: 90, observedAtMs: NOON - 420_000 } }))).toEqual(["last-known"]);
  });

  test("without any sample ever goes to the next in the chain", () => {
    expect(codes(scene().round({}))).toEqual(["at-least-on-missing"]);
  });
});

describe("at least N", () => {
  test("wants the larger of N and desired", () => {
    const onMissing: OnMissing = { kind: "at-least", count: 6 };
    expect(move(new Scene({ policies: [target(60, { onMissing })] }).round({}))).toBe("4 → 6");
    expect(move(new Scene({ desired: 8, policies: [target(60, { onMissing })] }).round({}))).toBe("8");
  });
});

describe("breach", () => {
  const onMissing: OnMissing = { kind: "breach" };
  test("counts as true for thresholds that grow", () => {
    expect(move(new Scene({ policies: [threshold("queue > 5", 1, { onMissing })] }).round({}))).toBe("4 → 5");
  });
  test("waits its `for` out", () => {
    const scene = new Scene({ policies: [threshold("queue > 5", 1, { onMissing, forMs: 20_000 })] });
    scene.round({});
    scene.after(10_000).round({});
    expect(move(scene.after(10_000).round({}))).toBe("4 → 5");
  });
  test("is hold for thresholds that shrink, and for targets", () => {
    expect(move(new Scene({ policies: [threshold("queue < 5", -1, { onMissing })] }).round({}))).toBe("4");
    expect(move(new Scene({ policies: [target(60, { onMissing })] }).round({}))).toBe("4");
  });
});

test("a group's onMissing holds for its policies, and a policy may have its own", () => {
  const onMissing: OnMissing = { kind: "at-least", count: 6 };
  expect(move(new Scene({ onMissing, policies: [target(60)] }).round({}))).toBe("4 → 6");
  expect(
    move(new Scene({ onMissing, policies: [target(60, { onMissing: { kind: "hold" } })] }).round({})),
  ).toBe("4");
});

test("with its data back, the group goes on", () => {
  const scene = new Scene({ policies: [target(60)] });
  scene.round({ cpu: 60 });
  scene.after(10_000).round({});
  expect(move(scene.after(10_000).round({ cpu: 90 }))).toBe("4 → 6");
});

test("missing data never shrinks a group, whatever its chain and its other policies say", () => {
  const chain: fc.Arbitrary<OnMissing> = fc.letrec<{ chain: OnMissing }>((tie) => ({
    chain: fc.oneof(
      fc.constant<OnMissing>({ kind: "hold" }),
      fc.constant<OnMissing>({ kind: "breach" }),
      fc.record({ kind: fc.constant("at-least" as const), count: fc.integer({ min: 0, max: 12 }) }),
      fc.record({
        kind: fc.constant("last-known" as const),
        forMs: fc.integer({ min: 0, max: 100_000 }),
        next: tie("chain"),
      }),
    ),
  })).chain;
  const cpu = fc.double({ min: 0, max: 200, noNaN: true });
  fc.assert(
    fc.property(chain, fc.integer({ min: 1, max: 10 }), cpu, cpu, (onMissing, desired, before, queue) => {
      const policies = [
        target(60),
        share(30),
        threshold("queue < 50", -2, { name: "idle" }),
        threshold("cpu < 50", -2, { name: "cold" }),
      ];
      const scene = new Scene({ policies, onMissing, desired, mode: "observe" });
      scene.round({ cpu: before, queue });
      expect(scene.after(10_000).round({ queue }).record.wanted).toBeGreaterThanOrEqual(desired);
      expect(scene.after(10_000).round({}).record.wanted).toBeGreaterThanOrEqual(desired);
    }),
    { numRuns: 300 },
  );
});
