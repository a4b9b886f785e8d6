import type { NativePlan, PolicySpec, TranslatableMetric } from "@bellows/core";
import { describe, expect, it } from "vitest";
import { policyInput } from "./policy-spec.js";
import { translatePolicy } from "./policy-translate.js";

const NOW = Date.UTC(2030, 0, 1);

const METRICS: Record<string, TranslatableMetric> = {
  cpu: { source: "group", params: { metric: "cpuPercent" } },
  peak: { source: "group", params: { metric: "cpuPercent", stat: "max", periodMs: 300_000 } },
  memory: { source: "group", params: { metric: "memoryPercent" } },
  queue: {
    source: "cloudwatch",
    params: { namespace: "AWS/SQS", metric: "Depth", stat: "Sum", dimensions: { QueueName: "q" } },
  },
  slow: {
    source: "cloudwatch",
    params: { namespace: "Shop", metric: "Latency", stat: "p90", period: 10_000 },
  },
  top: {
    source: "cloudwatch",
    params: { expression: "SELECT MAX(Depth) FROM SCHEMA(Shop)", period: 60_000 },
  },
  search: { source: "cloudwatch", params: { expression: "SUM(SEARCH('x', 'Sum'))" } },
  far: { source: "cloudwatch", params: { namespace: "N", metric: "a", region: "us-east-1", offset: 60_000 } },
  total: { source: "group", params: { metric: "cpuPercent", stat: "sum" } },
  traffic: { source: "group", params: { metric: "networkInBytes" } },
  rabbit: { source: "rabbitmq", params: {} },
};

const translate = (spec: Partial<PolicySpec>) =>
  translatePolicy(
    "web",
    { name: "p", adjust: { change: 1 }, engine: "native", ...spec } as PolicySpec,
    METRICS,
    NOW,
  );

function plan(spec: Partial<PolicySpec>): NativePlan {
  const made = translate(spec);
  if ("refused" in made) throw new Error(made.refused);
  return made;
}

const cpuMetric = {
  namespace: "AWS/EC2",
  name: "CPUUtilization",
  stat: "Average",
  dimensions: { AutoScalingGroupName: "web" },
};
const alarm = { missing: "missing", periodMs: 60_000, periods: 1 };

describe("native policies of a file", () => {
  it.each<[string, Partial<PolicySpec>, NativePlan]>([
    [
      "a threshold is a simple policy and an alarm",
      { when: "cpu > 70", forMs: 120_000, cooldownMs: 60_000, owner: "shop/web" },
      {
        policies: [
          { name: "p", engine: "native", adjust: { change: 1 }, cooldownMs: 60_000, owner: "shop/web" },
        ],
        alarms: [
          {
            ...alarm,
            name: "bellows/web/p",
            metric: cpuMetric,
            above: 70,
            periods: 2,
            executes: [{ group: "web", policy: "p" }],
            owner: "shop/web",
          } as never,
        ],
      },
    ],
    [
      "the number may stand in front",
      { when: "-1.5 >= peak", adjust: { percent: -50 }, minMagnitude: 2, forMs: 300_000 },
      {
        policies: [{ name: "p", engine: "native", adjust: { percent: -50 }, minMagnitude: 2 }],
        alarms: [
          {
            ...alarm,
            name: "bellows/web/p",
            metric: { ...cpuMetric, stat: "Maximum" },
            atMost: -1.5,
            periodMs: 300_000,
            executes: [{ group: "web", policy: "p" }],
          } as never,
        ],
      },
    ],
    [
      "a query of Metrics Insights is watched as such",
      { when: "top >= 5" },
      {
        policies: [{ name: "p", engine: "native", adjust: { change: 1 } }],
        alarms: [
          {
            ...alarm,
            name: "bellows/web/p",
            metric: { name: "q1" },
            atLeast: 5,
            native: {
              metrics: [{ id: "q1", expression: "SELECT MAX(Depth) FROM SCHEMA(Shop)", periodMs: 60_000 }],
            },
            executes: [{ group: "web", policy: "p" }],
          } as never,
        ],
      },
    ],
    [
      "steps count from where they begin",
      {
        signal: "queue",
        adjust: {
          steps: [
            { atLeast: 0.1, adjust: { change: 1 } },
            { atLeast: 0.3, adjust: { change: 2 } },
          ],
        },
      },
      {
        policies: [
          {
            name: "p",
            engine: "native",
            adjust: {
              steps: [
                { atLeast: 0, atMost: 0.2, adjust: { change: 1 } },
                { atLeast: 0.2, adjust: { change: 2 } },
              ],
            },
          },
        ],
        alarms: [
          {
            ...alarm,
            name: "bellows/web/p",
            metric: { namespace: "AWS/SQS", name: "Depth", stat: "Sum", dimensions: { QueueName: "q" } },
            atLeast: 0.1,
            executes: [{ group: "web", policy: "p" }],
          } as never,
        ],
      },
    ],
    [
      "a mean CPU at a value is a target that AWS has ready",
      { signal: "cpu", adjust: { target: { value: 60 } } },
      {
        policies: [
          {
            name: "p",
            engine: "native",
            adjust: { target: { value: 60 } },
            native: { predefined: "ASGAverageCPUUtilization" },
          },
        ],
        alarms: [],
      },
    ],
    [
      "any other target looks at its metric",
      { signal: "slow", adjust: { target: { value: 200 } } },
      {
        policies: [
          {
            name: "p",
            engine: "native",
            adjust: { target: { value: 200 } },
            native: { metric: { namespace: "Shop", name: "Latency", stat: "p90", periodMs: 10_000 } },
          },
        ],
        alarms: [],
      },
    ],
    [
      "a schedule is a scheduled action",
      { adjust: { desired: 1 }, schedule: { cron: "0 22 * * *", timezone: "UTC" } },
      {
        policies: [{ name: "p", engine: "native", adjust: { desired: 1 }, schedule: { cron: "0 22 * * *" } }],
        alarms: [],
      },
    ],
    [
      "of a moment that is over nothing is left",
      { adjust: { desired: 1 }, schedule: { atMs: NOW } },
      { policies: [], alarms: [] },
    ],
    [
      "without a condition it takes orders",
      { adjust: { desired: 2 }, onMissing: { kind: "hold" } },
      { policies: [{ name: "p", engine: "native", adjust: { desired: 2 } }], alarms: [] },
    ],
  ])("%s", (_what, spec, wanted) => expect(translate(spec)).toEqual(wanted));

  it("steps that go both ways are two policies and two alarms", () => {
    const { policies, alarms } = plan({
      signal: "cpu",
      forMs: 180_000,
      adjust: {
        steps: [
          { atLeast: 70, adjust: { change: 1 } },
          { atLeast: 85, adjust: { change: 2 } },
          { atMost: 30, adjust: { change: -1 } },
          { atMost: 10, adjust: { change: -2 } },
        ],
      },
    });
    expect(policies.map(({ name, adjust }) => [name, adjust])).toEqual([
      [
        "p-grow",
        {
          steps: [
            { atLeast: 0, atMost: 15, adjust: { change: 1 } },
            { atLeast: 15, adjust: { change: 2 } },
          ],
        },
      ],
      [
        "p-shrink",
        {
          steps: [
            { atMost: -20, adjust: { change: -2 } },
            { atLeast: -20, atMost: 0, adjust: { change: -1 } },
          ],
        },
      ],
    ]);
    expect(
      alarms.map(({ name, atLeast, atMost, periods, executes }) => [
        name,
        atLeast ?? atMost,
        periods,
        executes,
      ]),
    ).toEqual([
      ["bellows/web/p-grow", 70, 3, [{ group: "web", policy: "p-grow" }]],
      ["bellows/web/p-shrink", 30, 3, [{ group: "web", policy: "p-shrink" }]],
    ]);
  });

  it("what is kept is taken by AWS as it stands", () => {
    const { policies } = plan({ signal: "queue", adjust: { target: { value: 100 } } });
    for (const policy of policies) expect(policyInput("web", policy, NOW, "test").kind).toBe("policy");
  });
});

it.each<[string, Partial<PolicySpec>, RegExp]>([
  [
    "two conditions",
    { when: "cpu > 70 and queue > 5" },
    /^when: has one comparison for AWS: and, or join several$/,
  ],
  ["a negation", { when: "not cpu > 70" }, /^when: .* no not$/],
  ["a chain", { when: "20 < cpu < 70" }, /^when: has one bound for AWS, not two$/],
  ["equality", { when: "cpu == 70" }, /^when: has no == for AWS$/],
  ["two metrics against each other", { when: "cpu > queue" }, /^when: has to compare with a number$/],
  ["arithmetic", { when: "queue / 2 > 5" }, /there is no arithmetic/],
  ["what is always so", { when: "1 < 2" }, /there is no arithmetic and no number/],
  ["what cannot be read", { when: "cpu >" }, /cannot be read/],
  ["the group's own numbers", { when: "desired > 2" }, /^desired is known to Bellows only$/],
  ["signals", { when: "load > 2" }, /^load is a signal, which only Bellows computes/],
  ["other sources", { when: "rabbit > 2" }, /^metric rabbit comes from rabbitmq/],
  ["what AWS does not measure", { when: "memory > 2" }, /^metric memory: of memoryPercent AWS keeps nothing/],
  ["statistics that mean nothing", { when: "total > 2" }, /^metric total: cpuPercent has no sum on AWS/],
  ["less than a metric's own period", { when: "traffic > 2", forMs: 60_000 }, /no whole number of 5m$/],
  ["other regions and old data", { when: "far > 2" }, /region can't be named; metric far: .* not 1m back$/],
  ["math without metrics", { when: "search > 2" }, /^metric search: AWS's alarms take metrics and SELECT/],
  ["half a period", { when: "cpu > 70", forMs: 90_000 }, /^for: .* 90s are no whole number of 1m$/],
  ["less than a period", { when: "cpu > 70", forMs: 30_000 }, /^for: .* 30s are no whole number of 1m$/],
  ["more than a day", { when: "cpu > 70", forMs: 172_800_000 }, /^its alarm's periods: /],
  ["breach and its like", { when: "cpu > 70", onMissing: { kind: "breach" } }, /^onMissing: .* is hold$/],
  [
    "what only Bellows has",
    { when: "cpu > 70", webhooks: ["w"], keepMs: 1, metadata: { a: "b" }, rounding: "otter" },
    /^webhooks: .*; keep: .*; metadata: .*; rounding: /,
  ],
  ["half a percent", { when: "cpu > 70", adjust: { percent: 12.5 } }, /whole percentages/],
  ["shares", { signal: "cpu", adjust: { target: { perInstance: 5 } } }, /perInstance/],
  [
    "a tolerance",
    { signal: "cpu", adjust: { target: { value: 5, tolerance: 0.2 } } },
    /tolerance: AWS has its own/,
  ],
  [
    "a cooldown of targets",
    { signal: "cpu", cooldownMs: 1_000, adjust: { target: { value: 5 } } },
    /^cooldown: AWS has none/,
  ],
  [
    "slow targets",
    { signal: "peak", adjust: { target: { value: 5 } } },
    /^target: AWS looks at periods of .* not 5m$/,
  ],
  ["a query as target", { signal: "top", adjust: { target: { value: 5 } } }, /^target: AWS keeps no SELECT/],
  [
    "steps with an end",
    { signal: "cpu", adjust: { steps: [{ atLeast: 70, atMost: 90, adjust: { change: 1 } }] } },
    /leave its far bound out$/,
  ],
  [
    "steps that grow on both sides",
    {
      signal: "cpu",
      adjust: {
        steps: [
          { atMost: 70, adjust: { change: 1 } },
          { atLeast: 70, adjust: { change: 2 } },
        ],
      },
    },
    /lie on both sides/,
  ],
  [
    "steps with a gap",
    {
      signal: "cpu",
      adjust: {
        steps: [
          { atLeast: 70, atMost: 80, adjust: { change: 1 } },
          { atLeast: 90, adjust: { change: 2 } },
        ],
      },
    },
    /no step holds from 80 to 90/,
  ],
  ["a schedule that adds", { schedule: { cron: "0 1 * * *" } }, /set desired, and nothing else/],
  [
    "a schedule with a cooldown",
    { adjust: { desired: 1 }, cooldownMs: 1_000, schedule: { cron: "0 1 * * *" } },
    /wait for no cooldown/,
  ],
])("refused with its reason: %s", (_what, spec, reason) => {
  const made = translate(spec);
  expect("refused" in made ? made.refused : made).toMatch(reason);
});
