import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pick } from "./select.js";

interface Member {
  id: string;
  weight: number;
  active: number;
  credit: number;
}

const member = (id: string, weight = 1, active = 0): Member => ({ id, weight, active, credit: 0 });
const turns = (members: Member[], count: number): string =>
  Array.from({ length: count }, () => pick("round-robin", members, [])?.id).join("");

describe("round robin", () => {
  it.each([
    ["equal weights take turns", [member("a"), member("b"), member("c")], "abcabc"],
    ["a heavy member is spread over the round", [member("a", 5), member("b"), member("c")], "aabacaa"],
    ["one member gets everything", [member("a", 7)], "aaa"],
  ])("%s", (_name, members, expected) => {
    expect(turns(members, expected.length)).toBe(expected);
  });

  it("gives each exactly its weight in every full round, whatever the weights", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 6 }), (weights) => {
        const members = weights.map((weight, index) => member(String(index), weight));
        const round = weights.reduce((sum, weight) => sum + weight, 0);
        const hits = weights.map(() => 0);
        for (let turn = 0; turn < round; turn += 1) {
          const index = Number(pick("round-robin", members, [])?.id);
          hits[index] = (hits[index] ?? 0) + 1;
        }
        expect(hits).toEqual(weights);
      }),
    );
  });

  it("never chooses one that was tried, and nobody when all were", () => {
    const members = [member("a"), member("b")];
    expect(pick("round-robin", members, [members[0] as Member])?.id).toBe("b");
    expect(pick("round-robin", members, members)).toBeUndefined();
    expect(pick("round-robin", [], [])).toBeUndefined();
  });
});

describe("least connections", () => {
  it.each([
    ["the least busy one", [member("a", 1, 2), member("b", 1, 1)], "b"],
    ["busy in proportion to weight", [member("a", 4, 3), member("b", 1, 1)], "a"],
    ["an idle one before all", [member("a", 9, 1), member("b", 1, 0)], "b"],
  ])("chooses %s", (_name, members, expected) => {
    expect(pick("least-connections", members, [])?.id).toBe(expected);
  });

  it("lets equals take turns", () => {
    const members = [member("a"), member("b"), member("c", 1, 1)];
    const chosen = Array.from({ length: 4 }, () => pick("least-connections", members, [])?.id);
    expect(chosen).toEqual(["a", "b", "a", "b"]);
  });

  it("never leaves a chosen member with more load than another had, counted by weight", () => {
    const arbitrary = fc.array(fc.record({ weight: fc.integer({ min: 1, max: 9 }), active: fc.nat(50) }), {
      minLength: 1,
    });
    fc.assert(
      fc.property(arbitrary, (loads) => {
        const members = loads.map(({ weight, active }, index) => member(String(index), weight, active));
        const chosen = pick("least-connections", members, []) as Member;
        for (const other of members)
          expect(chosen.active / chosen.weight).toBeLessThanOrEqual(other.active / other.weight);
      }),
    );
  });

  it("never chooses one that was tried", () => {
    const members = [member("a"), member("b", 1, 5)];
    expect(pick("least-connections", members, [members[0] as Member])?.id).toBe("b");
  });
});
