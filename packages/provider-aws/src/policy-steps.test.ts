import { applyAdjust, findStep, type Step } from "@bellows/core";
import { describe, expect, it } from "vitest";
import {
  endFaults,
  findInterval,
  intervalsOf,
  readIntervals,
  stepAdjustments,
  stepsOf,
} from "./policy-steps.js";

const plus = (change: number) => ({ change });

/** The intervals that steps make, as `from..to: change`. */
function written(steps: readonly Step[]): string[] {
  const faults: string[] = [];
  const intervals = intervalsOf(steps, faults);
  faults.push(...endFaults(intervals));
  return faults.length > 0
    ? faults
    : intervals.map(({ from = "", to = "", adjust }) => `${from}..${to}: ${Object.values(adjust)}`);
}

describe("steps as AWS's intervals", () => {
  it.each<[string, Step[], string[]]>([
    ["one that is open above", [{ atLeast: 0, adjust: plus(1) }], ["0..: 1"]],
    [
      "open ones end where the next begins",
      [
        { atLeast: 20, adjust: plus(3) },
        { atLeast: 0, adjust: plus(1) },
        { atLeast: 10, adjust: plus(2) },
      ],
      ["0..10: 1", "10..20: 2", "20..: 3"],
    ],
    [
      "below too",
      [
        { atMost: 0, adjust: plus(-1) },
        { atMost: -20, adjust: plus(-3) },
        { atMost: -10, adjust: plus(-2) },
      ],
      ["..-20: -3", "-20..-10: -2", "-10..0: -1"],
    ],
    [
      "on both sides",
      [
        { atLeast: 10, adjust: plus(1) },
        { atLeast: -10, atMost: 10, adjust: plus(5) },
        { atMost: -10, adjust: plus(-1) },
      ],
      ["..-10: -1", "-10..10: 5", "10..: 1"],
    ],
    ["with one bound far above the threshold", [{ atLeast: 10, adjust: plus(1) }], ["10..: 1"]],
  ])("%s", (_what, steps, intervals) => expect(written(steps)).toEqual(intervals));

  it.each<[string, Step[], string[]]>([
    ["no bounds", [{ adjust: plus(1) }], ["adjust.steps.0: needs atLeast or atMost"]],
    [
      "bounds that hold nothing",
      [{ atLeast: 5, atMost: 5, adjust: plus(1) }],
      [
        "adjust.steps.0: atLeast 5 must be less than atMost 5",
        "adjust.steps: no step holds above 5: leave atMost out of the highest",
      ],
    ],
    [
      "an overlap",
      [
        { atLeast: 0, atMost: 20, adjust: plus(1) },
        { atLeast: 10, adjust: plus(2) },
      ],
      ["adjust.steps: two steps overlap from 10 to 20"],
    ],
    [
      "a closed step inside an open one",
      [
        { atLeast: 0, adjust: plus(1) },
        { atLeast: 10, atMost: 20, adjust: plus(2) },
      ],
      [
        "adjust.steps: two steps overlap from 10 to 20",
        "adjust.steps: no step holds above 20: leave atMost out of the highest",
      ],
    ],
    [
      "a gap",
      [
        { atLeast: 0, atMost: 10, adjust: plus(1) },
        { atLeast: 20, adjust: plus(2) },
      ],
      ["adjust.steps: no step holds from 10 to 20"],
    ],
    [
      "the same place twice",
      [
        { atLeast: 0, adjust: plus(1) },
        { atLeast: 0, adjust: plus(2) },
      ],
      ["adjust.steps: two steps begin at 0"],
    ],
    [
      "an end above the threshold",
      [{ atLeast: 0, atMost: 10, adjust: plus(1) }],
      ["adjust.steps: no step holds above 10: leave atMost out of the highest"],
    ],
    [
      "an end below the threshold",
      [{ atLeast: -10, atMost: 0, adjust: plus(-1) }],
      ["adjust.steps: no step holds below -10: leave atLeast out of the lowest"],
    ],
    [
      "two ways of changing",
      [
        { atLeast: 0, adjust: plus(1) },
        { atLeast: 10, adjust: { percent: 20 } },
      ],
      ["adjust: AWS has one way to change in a policy, not change and percent"],
    ],
    [
      "half a percent",
      [{ atLeast: 0, adjust: { percent: 12.5 } }],
      ["adjust.steps.0.adjust: AWS takes whole percentages, not 12.5"],
    ],
  ])("refused: %s", (_what, steps, faults) => expect(written(steps)).toEqual(faults));

  it("refused: more than twenty", () => {
    const steps = Array.from({ length: 21 }, (_, n) => ({ atLeast: n, adjust: plus(n + 1) }));
    expect(written(steps)).toEqual(["adjust.steps: at most 20, not 21"]);
  });

  it("come back from AWS as they went, in whatever order it has them", () => {
    const intervals = intervalsOf(
      [
        { atMost: -10, adjust: { percent: -30 } },
        { atLeast: -10, atMost: 10, adjust: { percent: 5 } },
        { atLeast: 10, adjust: { percent: 30 } },
      ],
      [],
    );
    const sent = stepAdjustments(intervals);
    expect(sent).toEqual([
      { MetricIntervalUpperBound: -10, ScalingAdjustment: -30 },
      { MetricIntervalLowerBound: -10, MetricIntervalUpperBound: 10, ScalingAdjustment: 5 },
      { MetricIntervalLowerBound: 10, ScalingAdjustment: 30 },
    ]);
    expect(readIntervals("PercentChangeInCapacity", sent.reverse())).toEqual(intervals);
  });

  const grow: Step[] = [50, 60, 70].map((atLeast) => ({ atLeast, adjust: plus(atLeast) }));
  const shrink: Step[] = [50, 40, 30].map((atMost) => ({ atMost, adjust: plus(-atMost) }));
  it.each([29.9, 30, 30.1, 39.9, 40, 40.1, 49.9, 50, 50.1, 59.9, 60, 60.1, 70, 1000])(
    "mean at %d what Bellows takes them for",
    (value) => {
      for (const [steps, direction] of [
        [grow, "grow"],
        [shrink, "shrink"],
      ] as const) {
        const counted = steps.map(({ atLeast, atMost, adjust }) => ({
          ...(atLeast === undefined ? {} : { atLeast: atLeast - 50 }),
          ...(atMost === undefined ? {} : { atMost: atMost - 50 }),
          adjust,
        }));
        const interval = findInterval(intervalsOf(counted, []), value - 50);
        expect(interval?.adjust, direction).toEqual(findStep(steps, value, direction)?.adjust);
      }
    },
  );
});

// "Step and simple scaling policies" of the user guide: a threshold of 50, and ten instances at the beginning.
it("the user guide's example goes from 10 to 11 to 14 to 13 to 10", () => {
  const out = intervalsOf(
    [
      { atLeast: 10, atMost: 20, adjust: { percent: 10 } },
      { atLeast: 20, adjust: { percent: 30 } },
    ],
    [],
  );
  const back = intervalsOf(
    [
      { atMost: -20, adjust: { percent: -30 } },
      { atLeast: -20, atMost: -10, adjust: { percent: -10 } },
    ],
    [],
  );
  const sizes = [10];
  for (const value of [60, 70, 40, 30]) {
    const now = sizes.at(-1) ?? 0;
    const adjust = findInterval(value > 50 ? out : back, value - 50)?.adjust ?? { desired: now };
    sizes.push(applyAdjust(adjust, now, { rounding: "aws" }));
  }
  expect(sizes).toEqual([10, 11, 14, 13, 10]);
  expect(stepsOf(back)[0]).toEqual({ atMost: -20, adjust: { percent: -30 } });
});
