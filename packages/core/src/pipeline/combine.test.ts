import { describe, expect, test } from "vitest";
import { codes, move, Scene, share, target, threshold } from "../../test/scene.js";

const idle = threshold("queue < 1", -1, { name: "idle" });
const busy = threshold("queue > 5", 1, { name: "busy" });

describe("combine", () => {
  test("the largest want wins", () => {
    const { record } = new Scene({ policies: [busy, target(60)] }).round({ queue: 9, cpu: 110 });
    expect(record.wanted).toBe(8);
    expect(record.reasons[0]?.params.policy).toBe("cpu");
  });

  test("of equal wants the first in the file gives the reason", () => {
    const { record } = new Scene({ policies: [busy, threshold("cpu > 1", 1, { name: "hot" })] }).round({
      queue: 9,
      cpu: 9,
    });
    expect(record.reasons[0]?.params.policy).toBe("busy");
  });

  test("a shrink needs that no policy wants more", () => {
    const decided = new Scene({ policies: [idle, target(60)] }).round({ queue: 0, cpu: 60 });
    expect(move(decided)).toBe("4");
    expect(codes(decided)).toEqual(["within-target", "outvoted"]);
  });

  test("of two that want less, the one that wants more wins", () => {
    expect(move(new Scene({ desired: 8, policies: [idle, target(60)] }).round({ queue: 0, cpu: 15 }))).toBe(
      "8 → 7",
    );
  });

  test("thresholds whose condition is false abstain", () => {
    expect(move(new Scene({ policies: [idle, busy] }).round({ queue: 0 }))).toBe("4 → 3");
  });

  test("targets always want", () => {
    const { record } = new Scene({ policies: [target(60), share(20)] }).round({ queue: 60, cpu: 60 });
    expect(record.proposals.map(({ kind }) => kind)).toEqual(["want", "want"]);
  });

  test("a policy in its own cooldown still votes, with desired in place of its want", () => {
    const scene = new Scene({ policies: [{ ...busy, cooldownMs: 30_000 }, idle] });
    expect(move(scene.round({ queue: 9 }))).toBe("4 → 5");
    const cooling = scene.after(10_000).round({ queue: 9 });
    expect(move(cooling)).toBe("5");
    expect(cooling.record.proposals[0]).toMatchObject({
      kind: "want",
      want: 5,
      reason: { code: "policy-cooldown" },
    });
    expect(move(scene.after(20_000).round({ queue: 9 }))).toBe("5 → 6");
  });

  test("a policy in its own cooldown keeps others from shrinking if it wants to shrink too", () => {
    const cold = threshold("cpu < 10", -1, { name: "cold", cooldownMs: 30_000 });
    const scene = new Scene({ policies: [cold, idle] });
    expect(move(scene.round({ queue: 9, cpu: 5 }))).toBe("4 → 3");
    expect(move(scene.after(10_000).round({ queue: 0, cpu: 5 }))).toBe("3");
  });

  test("a policy's cooldown binds that policy alone", () => {
    const scene = new Scene({
      policies: [{ ...busy, cooldownMs: 60_000 }, threshold("cpu > 80", 2, { name: "hot" })],
    });
    scene.round({ queue: 9, cpu: 10 });
    expect(move(scene.after(10_000).round({ queue: 9, cpu: 90 }))).toBe("5 → 7");
  });

  test("a group without policies holds", () => {
    const decided = new Scene().round({ cpu: 99 });
    expect(codes(decided)).toEqual(["no-policies"]);
    expect(decided.record.wouldChangeIf).toEqual([{ code: "if-policy-added", params: {} }]);
  });

  test("when nobody wants anything, the record says so", () => {
    expect(codes(new Scene({ policies: [idle, busy] }).round({ queue: 3 }))).toEqual(["nobody-wants-change"]);
  });

  test("a group that holds for want of data says so first, with the data's own reason", () => {
    const { record } = new Scene({ policies: [busy] }).round({ queue: { unavailable: "503 from rabbit" } });
    expect(record.reasons).toEqual([
      { code: "no-data", params: { policy: "busy", why: "queue: 503 from rabbit" } },
    ]);
  });
});

describe("combine: first-match", () => {
  const policies = [
    threshold("queue > 10", 3, { name: "a" }),
    threshold("queue > 5", 1, { name: "b" }),
    threshold("cpu > 5", 5, { name: "c" }),
  ];
  test("the first that wants anything wins, in the order of the file", () => {
    expect(move(new Scene({ combine: "first-match", policies }).round({ queue: 20, cpu: 9 }))).toBe("4 → 7");
    expect(move(new Scene({ combine: "first-match", policies }).round({ queue: 7, cpu: 9 }))).toBe("4 → 5");
  });
  test("a shrink that comes first happens, though a later one wants more", () => {
    const both = [idle, threshold("cpu > 5", 5, { name: "c" })];
    expect(move(new Scene({ combine: "first-match", policies: both }).round({ queue: 0, cpu: 9 }))).toBe(
      "4 → 3",
    );
  });
  test("missing data never shrinks here either", () => {
    const both = [idle, threshold("cpu > 5", 5, { name: "c" })];
    expect(move(new Scene({ combine: "first-match", policies: both }).round({ queue: 0 }))).toBe("4");
  });
});

describe("a policy plugin", () => {
  const plugin = {
    kind: "policy" as const,
    name: "doubling",
    contract: 1,
    options: undefined as never,
    signals: () => ["queue"],
    evaluate: (
      limit: unknown,
      input: { signals: ReadonlyMap<string, number>; desired: number },
      seen: unknown,
    ) => {
      const times = typeof seen === "number" ? seen + 1 : 1;
      const queue = input.signals.get("queue") ?? 0;
      if (queue > Number(limit))
        return { verdict: { want: input.desired * 2, text: `seen ${times} times` }, memory: times };
      return { verdict: { abstain: "calm" }, memory: times };
    },
  };
  const custom = [{ name: "double", plugin, options: 5 }];

  test("takes part like any other, with a memory of its own", () => {
    const scene = new Scene({ custom });
    expect(scene.round({ queue: 1 }).record.reasons).toEqual([{ code: "nobody-wants-change", params: {} }]);
    const decided = scene.after(10_000).round({ queue: 9 });
    expect(move(decided)).toBe("4 → 8");
    expect(decided.record.reasons[0]?.params.text).toBe("seen 2 times");
  });

  test("whose signal is missing is unavailable and vetoes shrinking", () => {
    const cold = threshold("cpu < 10", -1, { name: "cold" });
    expect(codes(new Scene({ custom, policies: [cold] }).round({ cpu: 5 }))).toContain(
      "missing-vetoes-shrink",
    );
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("boom");
      },
    ],
    ["wants half an instance", () => ({ verdict: { want: 2.5 } })],
    ["wants nothing countable", () => ({ verdict: { want: Number.NaN } })],
  ])("that %s is unavailable, and the group goes on", (_, evaluate) => {
    const broken = [{ name: "double", plugin: { ...plugin, evaluate }, options: 5 }];
    const decided = new Scene({ custom: broken, policies: [busy] }).round({ queue: 9 });
    expect(move(decided)).toBe("4 → 5");
    expect(decided.record.proposals[1]).toMatchObject({
      kind: "unavailable",
      reason: { code: "plugin-failed" },
    });
  });
});
