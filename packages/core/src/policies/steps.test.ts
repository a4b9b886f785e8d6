import { describe, expect, test } from "vitest";
import type { Step } from "../contracts/policy.js";
import { findStep, stepDirection, stepHolds } from "./steps.js";

/** `spikes` of the configuration's example. */
const spikes: Step[] = [
  { atMost: 40, adjust: { change: -1 } },
  { atLeast: 70, adjust: { change: 1 } },
  { atLeast: 85, adjust: { percent: 50 } },
];

describe("a step", () => {
  test.each([
    [69.9, undefined],
    [70, { change: 1 }],
    [84.9, { change: 1 }],
    [85, { percent: 50 }],
    [1_000, { percent: 50 }],
    [30, undefined],
  ])("that grows is the one with the highest atLeast that holds: at %d", (value, adjust) => {
    expect(findStep(spikes, value, "grow")?.adjust).toEqual(adjust);
  });

  const calm: Step[] = [
    { atMost: 40, adjust: { change: -1 } },
    { atMost: 20, adjust: { change: -3 } },
  ];
  test.each([
    [40.1, undefined],
    [40, { change: -1 }],
    [20.1, { change: -1 }],
    [20, { change: -3 }],
    [-5, { change: -3 }],
  ])("that shrinks is the one with the lowest atMost that holds: at %d", (value, adjust) => {
    expect(findStep(calm, value, "shrink")?.adjust).toEqual(adjust);
  });

  test("does not depend on the order in the file", () => {
    const backwards = [...spikes].reverse();
    for (const value of [10, 50, 70, 85, 99]) {
      expect(findStep(backwards, value, "grow")).toEqual(findStep(spikes, value, "grow"));
    }
  });

  test("with both bounds holds at both of them", () => {
    const between: Step = { atLeast: 50, atMost: 60, adjust: { change: 1 } };
    expect([49.9, 50, 60, 60.1].map((value) => stepHolds(between, value))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  test("of two that are open on the same side, the narrower one on the other side wins", () => {
    const low: Step[] = [
      { atMost: 20, adjust: { change: 1 } },
      { atMost: 10, adjust: { change: 2 } },
    ];
    expect(findStep(low, 5, "grow")?.adjust).toEqual({ change: 2 });
    expect(findStep(low, 15, "grow")?.adjust).toEqual({ change: 1 });
  });

  test("that overlaps another gives way to the one that begins higher", () => {
    const overlapping: Step[] = [
      { atLeast: 70, atMost: 90, adjust: { change: 1 } },
      { atLeast: 80, atMost: 100, adjust: { change: 2 } },
    ];
    expect(findStep(overlapping, 85, "grow")?.adjust).toEqual({ change: 2 });
  });

  test("with an exact count grows if it is open upwards, and shrinks if it is open downwards", () => {
    expect(stepDirection({ atLeast: 90, adjust: { desired: 8 } })).toBe("grow");
    expect(stepDirection({ atMost: 10, adjust: { desired: 1 } })).toBe("shrink");
  });
});
