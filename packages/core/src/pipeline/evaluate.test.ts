import { describe, expect, test } from "vitest";
import { codes, move, NOON, Scene, share, specOf, target, threshold } from "../../test/scene.js";
import { ConfigError } from "../errors.js";
import { renderReason } from "../reasons.js";
import { compileScaling } from "./compiled.js";

describe("a threshold", () => {
  test("whose condition is true wants its change at once without a `for`", () => {
    expect(move(new Scene({ policies: [threshold("queue > 5", 1)] }).round({ queue: 6 }))).toBe("4 → 5");
  });

  test("whose condition is false abstains", () => {
    const { record } = new Scene({ policies: [threshold("queue > 5", 1)] }).round({ queue: 5 });
    expect(record.proposals[0]?.kind).toBe("abstain");
    expect(record.action).toBe("hold");
  });

  test("acts once its condition has held `for` its time, not before", () => {
    const scene = new Scene({ policies: [threshold("queue > 5", 1, { forMs: 20_000 })] });
    expect(move(scene.round({ queue: 6 }))).toBe("4");
    expect(move(scene.after(10_000).round({ queue: 9 }))).toBe("4");
    expect(move(scene.after(10_000).round({ queue: 7 }))).toBe("4 → 5");
  });

  test("begins its `for` anew after one false round", () => {
    const scene = new Scene({ policies: [threshold("queue > 5", 1, { forMs: 20_000 })] });
    scene.round({ queue: 6 });
    scene.after(10_000).round({ queue: 1 });
    scene.after(10_000).round({ queue: 6 });
    expect(move(scene.after(10_000).round({ queue: 6 }))).toBe("4");
    expect(move(scene.after(10_000).round({ queue: 6 }))).toBe("4 → 5");
  });

  test("with a missing sample stops its `for` where it is", () => {
    const scene = new Scene({ policies: [threshold("queue > 5", 1, { forMs: 20_000 })] });
    scene.round({ queue: 6 });
    scene.after(10_000).round({ queue: 6 });
    scene.after(10_000).round({});
    expect(move(scene.after(10_000).round({ queue: 6 }))).toBe("4");
    expect(move(scene.after(10_000).round({ queue: 6 }))).toBe("4 → 5");
  });

  test("stops its `for` too while the group itself cannot be read", () => {
    const scene = new Scene({ policies: [threshold("queue > 5", 1, { forMs: 20_000 })] });
    scene.round({ queue: 6 });
    scene.after(10_000).blindRound("503 from the cloud");
    expect(move(scene.after(10_000).round({ queue: 6 }))).toBe("4");
  });

  test("is not thrown off by a clock that jumps back an hour", () => {
    const scene = new Scene({ policies: [threshold("queue > 5", 1, { forMs: 30_000 })] });
    scene.round({ queue: 6 });
    scene.after(10_000).round({ queue: 6 });
    scene.after(-3_600_000).round({ queue: 6 });
    expect(move(scene.after(10_000).round({ queue: 6 }))).toBe("4");
    expect(move(scene.after(10_000).round({ queue: 6 }))).toBe("4 → 5");
  });

  test("looks at signals, which are made of metrics and of the group's own numbers", () => {
    const signals = [
      { name: "perOne", expression: "backlog / desired" },
      { name: "backlog", expression: "queue / max([instances, 1])" },
    ];
    const { record } = new Scene({ signals, policies: [threshold("perOne > 1", 1)] }).round({ queue: 40 });
    expect(record.signals).toEqual([
      { name: "backlog", value: 10, formula: "queue / max([instances, 1]) = 40 / max([4, 1])" },
      { name: "perOne", value: 2.5, formula: "backlog / desired = 10 / 4" },
    ]);
    expect(record.to).toBe(5);
  });

  test("over a division by zero is unavailable, with the reason", () => {
    const scene = new Scene({ desired: 0, min: 0, policies: [threshold("queue / instances > 1", 1)] });
    const [proposal] = scene.round({ queue: 3 }).record.proposals;
    expect(proposal?.kind).toBe("unavailable");
    expect(proposal && renderReason(proposal.reason)).toContain("division by zero");
  });

  test("counts its percentage of desired, with its own rounding or the provider's", () => {
    const half = { name: "busy", when: "queue > 5", adjust: { percent: 50 } };
    expect(move(new Scene({ desired: 3, rounding: "aws", policies: [half] }).round({ queue: 6 }))).toBe(
      "3 → 4",
    );
    expect(move(new Scene({ desired: 3, rounding: "otter", policies: [half] }).round({ queue: 6 }))).toBe(
      "3 → 5",
    );
    const own = { ...half, rounding: "aws" as const };
    expect(move(new Scene({ desired: 3, rounding: "otter", policies: [own] }).round({ queue: 6 }))).toBe(
      "3 → 4",
    );
  });
});

describe("steps", () => {
  const spikes = {
    name: "spikes",
    signal: "cpu",
    adjust: {
      steps: [
        { atMost: 40, adjust: { change: -1 } },
        { atLeast: 70, adjust: { change: 1 } },
        { atLeast: 85, adjust: { percent: 50 } },
      ],
    },
  };

  test.each([
    [30, "4 → 3"],
    [40, "4 → 3"],
    [41, "4"],
    [69, "4"],
    [70, "4 → 5"],
    [85, "4 → 6"],
  ])("adjust by where the signal lies: %d gives %s", (cpu, moved) => {
    expect(move(new Scene({ policies: [spikes] }).round({ cpu }))).toBe(moved);
  });

  test("run their `for` for each direction: moving between growing steps does not begin it anew", () => {
    const scene = new Scene({ policies: [{ ...spikes, forMs: 20_000 }] });
    scene.round({ cpu: 72 });
    scene.after(10_000).round({ cpu: 90 });
    expect(move(scene.after(10_000).round({ cpu: 90 }))).toBe("4 → 6");
  });

  test("run their `for` for each direction: a growing step does not count for shrinking", () => {
    const scene = new Scene({ policies: [{ ...spikes, forMs: 20_000 }] });
    scene.round({ cpu: 72 });
    scene.after(10_000).round({ cpu: 30 });
    expect(move(scene.after(10_000).round({ cpu: 30 }))).toBe("4");
    expect(move(scene.after(10_000).round({ cpu: 30 }))).toBe("4 → 3");
  });
});

describe("a target policy", () => {
  test("counts instances in service", () => {
    const scene = new Scene({
      policies: [target(60)],
      desired: 6,
      instances: { inService: 4, unhealthy: 2 },
    });
    expect(move(scene.round({ cpu: 120 }))).toBe("6 → 8");
  });

  test.each([54, 66])("within its tolerance (10 %% for value) wants desired: %d of 60", (cpu) => {
    expect(codes(new Scene({ policies: [target(60)] }).round({ cpu }))).toEqual(["within-target"]);
  });

  test("has a tolerance of 0 for perInstance", () => {
    expect(move(new Scene({ policies: [share(20)] }).round({ queue: 81 }))).toBe("4 → 5");
    expect(move(new Scene({ policies: [share(20)] }).round({ queue: 80 }))).toBe("4");
  });

  test("by perInstance works from zero", () => {
    expect(move(new Scene({ min: 0, desired: 0, policies: [share(20)] }).round({ queue: 1 }))).toBe("0 → 1");
  });

  test("while instances are pending never wants less than desired", () => {
    const scene = new Scene({ policies: [target(60)], desired: 6, instances: { inService: 4, pending: 2 } });
    expect(codes(scene.round({ cpu: 10 }))).toEqual(["target-pending"]);
  });

  test("counts what its own last step asked for and nobody sees yet as pending", () => {
    const scene = new Scene({ policies: [target(60)] });
    expect(move(scene.round({ cpu: 90 }))).toBe("4 → 6");
    scene.instances = { inService: 4 };
    expect(codes(scene.after(1_000).round({ cpu: 10 }))).toEqual(["target-pending"]);
  });
});

describe("samples", () => {
  test("older than their maxAge are missing, with their age as the reason", () => {
    const { record } = new Scene({ policies: [target(60)] }).round({
      cpu: { value: 90, observedAtMs: NOON - 420_000 },
      queue: 1,
    });
    expect(record.metrics[0]).toEqual({
      name: "cpu",
      source: "http",
      unavailable: "is 7m old, older than 5m",
      observedAtMs: NOON - 420_000,
      ageMs: 420_000,
    });
    expect(record.proposals[0]?.kind).toBe("unavailable");
  });

  test("at their maxAge exactly still count", () => {
    const { record } = new Scene({ policies: [target(60)] }).round({
      cpu: { value: 90, observedAtMs: NOON - 300_000 },
    });
    expect(record.to).toBe(6);
  });

  test("from the future are as good as new", () => {
    const { record } = new Scene({ policies: [target(60)] }).round({
      cpu: { value: 90, observedAtMs: NOON + 5_000 },
    });
    expect(record.metrics[0]).toMatchObject({ value: 90, ageMs: 0 });
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])("that are no finite number are missing: %d", (value) => {
    const { record } = new Scene({ policies: [target(60)] }).round({ cpu: { value, observedAtMs: NOON } });
    expect(record.metrics[0]?.unavailable).toBe("is not a finite number");
    expect(record.action).toBe("hold");
  });

  test("of one group never leak into another with other names", () => {
    new Scene({ metrics: ["load"], policies: [threshold("load > 1", 1)] }).round({ load: 99 });
    const scene = new Scene({ metrics: ["cpu"], policies: [threshold("cpu > 1", 1)] });
    expect(scene.round({}).record.proposals[0]?.kind).toBe("unavailable");
  });
});

describe("policies that take only orders", () => {
  const deploy = { name: "deploy", adjust: { change: 2 }, webhooks: ["ci"] };
  const nightly = { name: "nightly", adjust: { desired: 1 }, schedule: { cron: "0 22 * * *" } };

  test("have no signals and never count as unavailable", () => {
    const { record } = new Scene({ policies: [deploy, nightly] }).round({});
    expect(record.proposals.map(({ kind }) => kind)).toEqual(["abstain", "abstain"]);
  });

  test("keep nobody from shrinking", () => {
    const idle = threshold("queue < 1", -1, { name: "idle" });
    expect(move(new Scene({ policies: [deploy, nightly, idle] }).round({ queue: 0 }))).toBe("4 → 3");
  });
});

test("native policies are the cloud's: they are not evaluated", () => {
  const native = threshold("cpu > 1", 5, { name: "up", engine: "native" });
  const { record } = new Scene({ policies: [native, threshold("queue > 5", 1)] }).round({
    cpu: 99,
    queue: 6,
  });
  expect(record.proposals.map(({ policy }) => policy)).toEqual(["busy"]);
  expect(record.to).toBe(5);
});

describe("compileScaling refuses, naming group and part,", () => {
  const compile = (options: Parameters<typeof specOf>[0]) => () =>
    compileScaling(specOf(options), { rounding: "aws" });
  test.each([
    [
      "a name that nothing answers to",
      { policies: [threshold("queu > 1", 1)] },
      /web, policy busy: unknown name "queu"/,
    ],
    ["an expression that cannot be read", { policies: [threshold("queue >", 1)] }, /web, policy busy/],
    [
      "signals in a circle",
      {
        signals: [
          { name: "a", expression: "b" },
          { name: "b", expression: "a" },
        ],
      },
      /circle: a, b/,
    ],
    ["min above max", { min: 4, max: 2 }, /min 4 is greater than max 2/],
    [
      "two policies of one name",
      { policies: [threshold("cpu > 1", 1), threshold("cpu < 1", -1)] },
      /two of this name/,
    ],
    [
      "an unknown time zone",
      { windows: [{ name: "w", startMinute: 0, endMinute: 1, timezone: "X/Y" }] },
      /window w: unknown time zone/,
    ],
  ])("%s", (_, options, message) => {
    expect(compile(options)).toThrow(message);
    expect(compile(options)).toThrow(ConfigError);
  });

  test("and tells what was probably meant", () => {
    try {
      compile({ policies: [threshold("queu > 1", 1)] })();
      expect.unreachable();
    } catch (error) {
      expect((error as ConfigError).hint).toContain('did you mean "queue"?');
    }
  });
});
