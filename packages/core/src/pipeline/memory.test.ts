import { describe, expect, test } from "vitest";
import { NOON, Scene, share, target, threshold } from "../../test/scene.js";
import {
  cooldownLeftMs,
  emptyMemory,
  openMemory,
  readHolds,
  rebaseMemory,
  stampCooldown,
  withdrawCooldown,
  withoutPause,
  withoutPin,
  withPause,
  withPin,
} from "./memory.js";

const execution = { id: "r1", atMs: NOON, from: 2, to: 4, policy: "busy" };

describe("a stamp", () => {
  test("is set on policy and group, and counted as a move", () => {
    const memory = stampCooldown(emptyMemory(), execution);
    expect(memory).toMatchObject({
      stamp: { atMs: NOON, id: "r1" },
      policies: { busy: { stamp: { atMs: NOON, id: "r1" } } },
      moves: [{ id: "r1", atMs: NOON, delta: 2 }],
      step: { id: "r1", to: 4 },
    });
  });

  test("is set once, however often it is set", () => {
    const once = stampCooldown(emptyMemory(), execution);
    expect(stampCooldown(once, execution)).toBe(once);
  });

  test("is withdrawn if the step failed or changed nothing: the one before is back in force", () => {
    const first = stampCooldown(emptyMemory(), { ...execution, id: "r0", atMs: NOON - 50_000 });
    const memory = withdrawCooldown(stampCooldown(first, execution), "r1");
    expect(memory.stamp?.atMs).toBe(NOON - 50_000);
    expect(memory.policies.busy?.stamp?.atMs).toBe(NOON - 50_000);
    expect(memory.moves).toEqual(first.moves);
    expect(memory.step).toBeUndefined();
  });

  test("that was the first leaves nothing behind when withdrawn", () => {
    const memory = withdrawCooldown(stampCooldown(emptyMemory(), execution), "r1");
    expect(memory.stamp).toBeUndefined();
    expect(memory.policies.busy).toEqual({});
  });

  test("of a later execution stays when an earlier one is withdrawn", () => {
    const later = stampCooldown(stampCooldown(emptyMemory(), execution), {
      ...execution,
      id: "r2",
      atMs: NOON + 5,
    });
    const memory = withdrawCooldown(later, "r1");
    expect(memory.stamp).toMatchObject({ id: "r2", atMs: NOON + 5 });
    expect(memory.moves.map(({ id }) => id)).toEqual(["r2"]);
  });

  test("withdrawn takes the keep of its order along", () => {
    const scene = new Scene();
    const { record, memory } = scene.order({ adjust: { change: 1 }, keepMs: 60_000 });
    expect(memory.keeps).toHaveLength(1);
    expect(withdrawCooldown(memory, record.id).keeps).toEqual([]);
  });
});

describe("holds", () => {
  test("are those in force: expired ones are left out", () => {
    const memory = {
      ...withPin(withPause(emptyMemory(), { sinceMs: NOON, untilMs: NOON + 10 }), { to: 3, sinceMs: NOON }),
      keeps: [{ id: "a", floor: 2, untilMs: NOON + 5 }],
    };
    expect(readHolds(memory, NOON)).toMatchObject({
      pause: { untilMs: NOON + 10 },
      pin: { to: 3 },
      keeps: [{ floor: 2 }],
    });
    expect(readHolds(memory, NOON + 10)).toEqual({ pin: { to: 3, sinceMs: NOON }, keeps: [] });
  });

  test("are taken away again", () => {
    const memory = withPin(withPause(emptyMemory(), { sinceMs: NOON }), { to: 3, sinceMs: NOON });
    expect(withoutPin(withoutPause(memory))).toEqual(emptyMemory());
  });
});

test("a cooldown is over once what has passed equals it", () => {
  const stamp = { atMs: NOON, id: "x" };
  expect(cooldownLeftMs(stamp, 60_000, NOON + 59_999)).toBe(1);
  expect(cooldownLeftMs(stamp, 60_000, NOON + 60_000)).toBe(0);
  expect(cooldownLeftMs(stamp, 0, NOON)).toBe(0);
  expect(cooldownLeftMs(undefined, 60_000, NOON)).toBe(0);
});

describe("memory", () => {
  test("is plain JSON: written and read back it decides the same", () => {
    const options = {
      cooldownMs: 20_000,
      scaleIn: { stabilizationMs: 60_000, rates: [{ count: 1, perMs: 60_000 }] },
      policies: [threshold("queue > 50", 1, { forMs: 10_000, cooldownMs: 30_000 }), target(60), share(20)],
    };
    const stored = new Scene(options);
    const kept = new Scene(options);
    for (let i = 0; i < 50; i++) {
      const samples = { cpu: (i * 37) % 120, ...(i % 7 === 0 ? {} : { queue: (i * 53) % 200 }) };
      const a = stored.after(10_000).round(samples);
      const b = kept.after(10_000).round(samples);
      kept.memory = b.memory;
      expect(a).toEqual(b);
    }
  });

  test("given to a decision is never changed by it", () => {
    const scene = new Scene({ cooldownMs: 20_000, policies: [threshold("queue > 5", 1, { forMs: 10_000 })] });
    scene.round({ queue: 9 });
    const before = Object.freeze(scene.memory);
    for (const list of [before.recommendations, before.moves, before.keeps, before.policies])
      Object.freeze(list);
    Object.values(before.policies).forEach(Object.freeze);
    const copy = JSON.stringify(before);
    scene.after(10_000).round({ queue: 9 });
    expect(JSON.stringify(before)).toBe(copy);
  });

  test("forgets what no longer matters", () => {
    const scene = new Scene({ policies: [threshold("queue > 5", 1, { forMs: 10_000 })] });
    scene.round({ queue: 9 });
    scene.after(10_000).round({ queue: 9 });
    scene.after(3_600_000).round({ queue: 0 });
    expect(scene.memory.policies.busy?.timer).toBeUndefined();
    expect(scene.memory.moves).toEqual([]);
    expect(scene.memory.recommendations).toEqual([]);
    expect(scene.memory.step).toBeUndefined();
  });

  test("moves along with a clock that jumps back, except for what people gave a time of day", () => {
    const memory = withPause(stampCooldown({ ...emptyMemory(), atMs: NOON }, execution), {
      sinceMs: NOON,
      untilMs: NOON + 60_000,
    });
    const back = rebaseMemory(memory, NOON - 3_600_000);
    expect(back.stamp?.atMs).toBe(NOON - 3_600_000);
    expect(back.moves[0]?.atMs).toBe(NOON - 3_600_000);
    expect(back.pause?.untilMs).toBe(NOON + 60_000);
    expect(rebaseMemory(memory, NOON + 1)).toBe(memory);
  });

  test("of a policy that is no longer there does no harm", () => {
    const scene = new Scene({ policies: [threshold("queue > 5", 1, { forMs: 10_000 })] });
    scene.round({ queue: 9 });
    scene.redefine({ policies: [target(60)] });
    expect(scene.after(10_000).round({ cpu: 90 }).record.to).toBe(6);
  });

  test("from a newer version is refused, with a way out", () => {
    expect(() => openMemory({ ...emptyMemory(), version: 99 })).toThrow(/newer Bellows/);
    expect(openMemory(undefined)).toEqual(emptyMemory());
    expect(openMemory(JSON.parse(JSON.stringify(emptyMemory())))).toEqual(emptyMemory());
  });
});
