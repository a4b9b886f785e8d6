import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { collect, createHost, isBellowsError, type PolicySpec } from "@bellows/core";
import {
  hasPython,
  motoOptions,
  type StandIn,
  startMoto,
  startStandIn,
  type TestServer,
} from "@bellows/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Aws, type CallMade, createAws } from "../src/client.js";
import { createGroups } from "../src/groups.js";
import { type AwsPolicies, createPolicies } from "../src/policies.js";

const launch = { image: "ami-0123456789abcdef0", size: "t3.micro" };

/** Both have the parts of AWS that these tests need; what only the stand-in has is below. */
const SERVERS: readonly {
  name: string;
  start: () => Promise<Pick<TestServer, "url" | "stop">>;
  isThere: boolean;
}[] = [
  { name: "moto", start: startMoto, isThere: hasPython() },
  { name: "the stand-in", start: startStandIn, isThere: true },
];

for (const { name: on, start, isThere } of SERVERS)
  describe.runIf(isThere)(`policies on AWS, as ${on} has it,`, () => {
    let server: Pick<TestServer, "url" | "stop">;
    let aws: Aws;
    let policies: AwsPolicies;
    let groups: ReturnType<typeof createGroups>;
    let serial = 0;
    let group: string;
    const made: string[] = [];
    const note = (message: unknown): void => void made.push((message as CallMade).action.split(":")[1] ?? "");

    beforeAll(async () => {
      server = await start();
      const host = createHost({ key: "aws" });
      aws = createAws(motoOptions(server), host);
      policies = createPolicies(aws, host);
      groups = createGroups(aws, host, policies);
    }, 300_000);
    afterAll(async () => {
      aws?.close();
      await server?.stop();
    });
    beforeEach(async () => {
      group = `group-${serial++}`;
      await groups.create({
        name: group,
        min: 0,
        max: 10,
        desired: 2,
        cooldownMs: 0,
        zones: ["eu-west-1a"],
        launch,
      });
      made.length = 0;
      subscribe("bellows:aws:call", note);
    });
    afterEach(() => void unsubscribe("bellows:aws:call", note));

    /** A name of its own: moto has one policy of a name in all groups, and AWS one in each. */
    const fresh = (word: string): string => `${word}-${serial++}`;
    const inOneHour = Math.floor(Date.now() / 1_000) * 1_000 + 3_600_000;

    it.each<[string, Omit<PolicySpec, "name">]>([
      ["simple, by a number", { adjust: { change: 1 }, cooldownMs: 180_000 }],
      [
        "simple, by a percentage with its least",
        { adjust: { percent: 50 }, minMagnitude: 2, cooldownMs: 60_000 },
      ],
      ["simple, exact", { adjust: { desired: 0 }, cooldownMs: 0 }],
      [
        "steps on both sides of the threshold",
        {
          adjust: {
            steps: [
              { atMost: -10, adjust: { percent: -30 } },
              { atLeast: -10, atMost: 10, adjust: { percent: 1 } },
              { atLeast: 10, adjust: { percent: 30 } },
            ],
          },
          minMagnitude: 1,
          native: { aggregation: "Maximum", warmupMs: 90_000 },
        },
      ],
      [
        "a target for a metric that AWS has ready",
        { adjust: { target: { value: 55.5 } }, native: { predefined: "ASGAverageCPUUtilization" } },
      ],
      [
        "a target for a metric of one's own",
        {
          adjust: { target: { value: 100 } },
          native: {
            disableScaleIn: true,
            metric: {
              namespace: "Shop",
              name: "Backlog",
              stat: "Sum",
              dimensions: { Queue: "orders" },
              unit: "Count",
            },
          },
        },
      ],
      [
        "a target for metric math",
        {
          adjust: { target: { value: 100 } },
          native: {
            metrics: [
              {
                id: "m1",
                metric: { namespace: "Shop", name: "Backlog", stat: "Sum", dimensions: { Queue: "q" } },
              },
              {
                id: "m2",
                metric: { namespace: "AWS/AutoScaling", name: "GroupInServiceInstances", stat: "Average" },
              },
              { id: "e1", expression: "m1 / m2", label: "share", returns: true },
            ],
          },
        },
      ],
      [
        "a repeated schedule",
        { adjust: { desired: 1 }, schedule: { cron: "0 22 * * 1-5", timezone: "Europe/Berlin" } },
      ],
      [
        "a schedule in UTC with bounds",
        { adjust: { desired: 1 }, schedule: { cron: "0 22 * * *" }, native: { max: 4 } },
      ],
      ["one moment", { adjust: { desired: 3 }, schedule: { atMs: inOneHour } }],
    ])("are read as they were written: %s", async (_what, words) => {
      const spec = { name: fresh("policy"), engine: "native" as const, ...words };
      const created = await policies.create(group, spec);
      expect(created).toMatchObject({ ...spec, group, id: spec.name });
      expect(await policies.get(group, spec.name)).toEqual(created);
      expect(await collect(policies.list(group))).toEqual([created]);
      expect(await policies.create(group, spec), "made again, it is another").toEqual(created);
    });

    it("have their ARN, which nobody has to look up", async () => {
      const { name, providerId = "" } = await policies.create(group, {
        name: fresh("up"),
        adjust: { change: 1 },
      });
      expect(providerId).toMatch(
        new RegExp(`^arn:aws:autoscaling:.*autoScalingGroupName/${group}:policyName/${name}$`),
      );
      expect((await policies.get(group, providerId)).name).toBe(name);
    });

    it("forecasts are read as they were written", async () => {
      const spec: PolicySpec = {
        name: fresh("forecast"),
        engine: "native",
        adjust: { target: { value: 40 } },
        native: {
          predictive: {
            predefined: "ASGCPUUtilization",
            mode: "ForecastAndScale",
            bufferMs: 120_000,
            maxCapacityBuffer: 10,
          },
        },
      };
      await policies.create(group, spec);
      expect(await policies.get(group, spec.name)).toMatchObject(spec);
    });

    it("of one name that differ are refused, and the first stays", async () => {
      const name = fresh("up");
      const first = await policies.create(group, { name, adjust: { change: 1 }, cooldownMs: 60_000 });
      for (const other of [
        { adjust: { change: 2 }, cooldownMs: 60_000 },
        { adjust: { change: 1 }, cooldownMs: 61_000 },
        { adjust: { desired: 1 }, schedule: { cron: "0 1 * * *" } },
      ])
        await expect(policies.create(group, { name, ...other })).rejects.toSatisfy((error) =>
          isBellowsError(error, "already-exists"),
        );
      expect(await policies.get(group, name)).toEqual(first);
    });

    it("that are made at once are made one after the other: of two that differ one is refused", async () => {
      const name = fresh("up");
      const outcomes = await Promise.allSettled(
        [1, 2].map((change) => policies.create(group, { name, adjust: { change }, cooldownMs: 60_000 })),
      );
      expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
      expect((await policies.get(group, name)).adjust).toEqual({ change: 1 });
    });

    it("keep in an update what it does not name, and lose what it empties", async () => {
      const name = fresh("busy");
      await policies.create(group, { name, adjust: { percent: 50 }, minMagnitude: 2, cooldownMs: 60_000 });
      const updated = await policies.update(group, name, { adjust: { percent: 25 } });
      expect(updated).toMatchObject({ adjust: { percent: 25 }, minMagnitude: 2, cooldownMs: 60_000 });
      const bare = await policies.update(group, name, { minMagnitude: undefined } as Partial<PolicySpec>);
      expect(bare).not.toHaveProperty("minMagnitude");
      expect(await policies.get(group, name)).toEqual(bare);
    });

    it("get no other name, and no schedule", async () => {
      const { name } = await policies.create(group, { name: fresh("to"), adjust: { desired: 1 } });
      for (const patch of [{ name: "other" }, { schedule: { cron: "0 1 * * *" } }])
        await expect(policies.update(group, name, patch)).rejects.toSatisfy((error) =>
          isBellowsError(error, "config"),
        );
      await policies.update(group, name, { name });
    });

    it("a schedule moves, and goes", async () => {
      const name = fresh("nightly");
      await policies.create(group, { name, adjust: { desired: 1 }, schedule: { cron: "0 22 * * *" } });
      const moved = await policies.update(group, name, { schedule: { cron: "30 22 * * *" } });
      expect(moved).toMatchObject({ adjust: { desired: 1 }, schedule: { cron: "30 22 * * *" } });
      await policies.delete(group, name);
      expect(await collect(policies.list(group))).toEqual([]);
    });

    it("that are deleted are gone, and told as missing with the name that was meant", async () => {
      const { name } = await policies.create(group, { name: fresh("scale_up"), adjust: { change: 1 } });
      await expect(policies.get(group, `${name}p`)).rejects.toSatisfy(
        (error) => isBellowsError(error, "not-found") && error.hint === `did you mean "${name}"?`,
      );
      await policies.delete(group, name);
      for (const asked of [
        () => policies.get(group, name),
        () => policies.update(group, name, { adjust: { change: 2 } }),
        () => policies.delete(group, name),
        () => policies.execute(group, name),
      ])
        await expect(asked()).rejects.toSatisfy((error) => isBellowsError(error, "not-found"));
    });

    it("of a group that is not there are told as that group's absence", async () => {
      for (const asked of [
        () => collect(policies.list("nowhere")),
        () => policies.get("nowhere", "up"),
        () => policies.create("nowhere", { name: "up", adjust: { change: 1 } }),
      ])
        await expect(asked()).rejects.toSatisfy(
          (error) => isBellowsError(error, "not-found") && error.resource === "nowhere",
        );
    });

    it("that AWS would refuse are refused with every fault, and nothing is asked", async () => {
      const spec = { name: "a:b", adjust: { change: 0 }, cooldownMs: 1_500, native: { warm: true } };
      await expect(policies.create(group, spec as never)).rejects.toSatisfy(
        (error) => isBellowsError(error, "config") && /must not be 0/.test(error.message),
      );
      const steps = Array.from({ length: 21 }, (_, n) => ({ atLeast: n, adjust: { change: n + 1 } }));
      await expect(
        policies.create(group, { name: "a:b", engine: "native", adjust: { steps } }),
      ).rejects.toSatisfy((error) => isBellowsError(error, "config"));
      expect(made).toEqual([]);
    });

    it("belong to the file that made them, until they are deleted", async () => {
      const name = `${fresh("scale up")}!`;
      await policies.create(group, { name, adjust: { change: 1 }, owner: "shop/web" });
      expect((await policies.get(group, name)).owner).toBe("shop/web");
      expect((await collect(policies.list(group))).map(({ owner }) => owner)).toEqual(["shop/web"]);
      expect((await groups.get(group)).metadata, "labels of ours are no metadata").toEqual({});
      await policies.update(group, name, { owner: "shop/api" });
      expect((await policies.get(group, name)).owner).toBe("shop/api");
      await policies.delete(group, name);
      await policies.create(group, { name, adjust: { change: 1 } });
      expect(await policies.get(group, name)).not.toHaveProperty("owner");
    });

    it("executed move the group, and say from where to where", async () => {
      const { name } = await policies.create(group, { name: fresh("up"), adjust: { change: 2 } });
      expect(await policies.execute(group, name)).toEqual({ result: "executed", from: 2, to: 4 });
      expect((await groups.get(group)).desired).toBe(4);
      const exact = await policies.create(group, { name: fresh("four"), adjust: { desired: 4 } });
      expect(await policies.execute(group, exact.name)).toMatchObject({
        result: "unchanged",
        from: 4,
        to: 4,
      });
    });

    it("executed twice at once count one after the other", async () => {
      const { name } = await policies.create(group, { name: fresh("up"), adjust: { change: 1 } });
      const outcomes = await Promise.all([policies.execute(group, name), policies.execute(group, name)]);
      expect(outcomes).toEqual([
        { result: "executed", from: 2, to: 3 },
        { result: "executed", from: 3, to: 4 },
      ]);
    });

    it("of a paused group are not executed, nor those that are no order", async () => {
      const up = await policies.create(group, { name: fresh("up"), adjust: { change: 1 } });
      const target = await policies.create(group, {
        name: fresh("cpu"),
        engine: "native",
        adjust: { target: { value: 50 } },
        native: { predefined: "ASGAverageCPUUtilization" },
      });
      const nightly = await policies.create(group, {
        name: fresh("nightly"),
        adjust: { desired: 1 },
        schedule: { cron: "0 22 * * *" },
      });
      for (const { name } of [target, nightly])
        expect(await policies.execute(group, name)).toMatchObject({ result: "refused" });
      await groups.pause(group);
      expect(await policies.execute(group, up.name)).toMatchObject({ result: "paused" });
      expect((await groups.get(group)).desired).toBe(2);
    });

    it("with steps are executed for a value, which has to be given and to lie in one", async () => {
      const steps = [
        { atLeast: 5, atMost: 10, adjust: { change: 1 } },
        { atLeast: 10, adjust: { change: 2 } },
      ];
      const { name } = await policies.create(group, {
        name: fresh("busy"),
        engine: "native",
        adjust: { steps },
      });
      await expect(policies.execute(group, name)).rejects.toSatisfy((error) =>
        isBellowsError(error, "config"),
      );
      expect(await policies.execute(group, name, { metricValue: 72, breachThreshold: 70 })).toEqual({
        result: "refused",
        text: `no step of policy ${name} holds at 72, 2 above the threshold`,
      });
      const up = await policies.create(group, { name: fresh("up"), adjust: { change: 1 } });
      await expect(policies.execute(group, up.name, { metricValue: 72 })).rejects.toSatisfy((error) =>
        isBellowsError(error, "config"),
      );
      expect(made).not.toContain("ExecutePolicy");
    });

    it("are listed with one call a hundred of each sort, and one for the group", async () => {
      made.length = 0;
      await collect(policies.list(group));
      expect(made.sort()).toEqual([
        "DescribeAutoScalingGroups",
        "DescribePolicies",
        "DescribeScheduledActions",
      ]);
    });
  });

describe("policies on AWS, as the stand-in alone has it,", () => {
  let server: StandIn;
  let aws: Aws;
  let policies: AwsPolicies;
  let groups: ReturnType<typeof createGroups>;
  let serial = 0;
  let group: string;

  beforeAll(async () => {
    server = await startStandIn();
    const host = createHost({ key: "aws" });
    aws = createAws(motoOptions(server), host);
    policies = createPolicies(aws, host);
    groups = createGroups(aws, host, policies);
  });
  afterAll(async () => {
    aws?.close();
    await server?.stop();
  });
  beforeEach(async () => {
    group = `group-${serial++}`;
    await groups.create({
      name: group,
      min: 1,
      max: 5,
      desired: 3,
      zones: ["eu-west-1a"],
      launch,
      cooldownMs: 0,
    });
  });

  const up = (spec: Partial<PolicySpec> = {}) =>
    policies.create(group, { name: "up", adjust: { change: 1 }, ...spec });

  it("are a group's own: another may have one of that name", async () => {
    const mine = await up();
    const other = await groups.create({ name: `${group}-b`, min: 0, max: 2, zones: ["eu-west-1a"], launch });
    const theirs = await policies.create(other.name, { name: "up", adjust: { change: 2 } });
    expect(await policies.get(group, "up")).toEqual(mine);
    expect(theirs.providerId).not.toBe(mine.providerId);
  });

  it("move a group only within its bounds", async () => {
    await up({ adjust: { change: 10 } });
    expect(await policies.execute(group, "up")).toEqual({ result: "executed", from: 3, to: 5 });
    expect(await policies.execute(group, "up")).toMatchObject({ result: "unchanged", from: 5, to: 5 });
    await policies.create(group, { name: "none", adjust: { percent: -100 } });
    expect(await policies.execute(group, "none")).toEqual({ result: "executed", from: 5, to: 1 });
  });

  it("rest after they acted, unless nobody wants that", async () => {
    await up({ cooldownMs: 3_600_000 });
    expect(await policies.execute(group, "up")).toEqual({ result: "executed", from: 3, to: 4 });
    expect(await policies.execute(group, "up")).toMatchObject({ result: "cooldown", from: 4, to: 4 });
    expect(await policies.execute(group, "up", { honorCooldown: false })).toEqual({
      result: "executed",
      from: 4,
      to: 5,
    });
  });

  it.each([
    [50, "refused", undefined],
    [70, "executed", 4],
    [79.9, "executed", 4],
    [80, "executed", 5],
  ])("with steps for 70 and 80 do at %d what they say: %s", async (metricValue, result, to) => {
    const steps = [
      { atLeast: 0, adjust: { change: 1 } },
      { atLeast: 10, adjust: { change: 2 } },
    ];
    await policies.create(group, { name: "busy", engine: "native", adjust: { steps } });
    const outcome = await policies.execute(group, "busy", { metricValue, breachThreshold: 70 });
    expect(outcome).toMatchObject({ result, ...(to === undefined ? {} : { from: 3, to }) });
    expect((await groups.get(group)).desired).toBe(to ?? 3);
  });

  it.each([
    [-50, 2],
    [50, 4],
    [10, 4],
  ])("round %d percent of 3 to %d, as AWS does", async (percent, to) => {
    await up({ adjust: { percent } });
    expect(await policies.execute(group, "up")).toMatchObject({ result: "executed", to });
  });

  it("that are disabled stay, and are not executed", async () => {
    await up({ native: { enabled: false } });
    expect(await policies.get(group, "up")).toMatchObject({ native: { enabled: false } });
    expect(await policies.execute(group, "up")).toMatchObject({ result: "refused" });
    await policies.update(group, "up", { native: { enabled: true } });
    expect(await policies.get(group, "up")).not.toHaveProperty("native");
    expect(await policies.execute(group, "up")).toMatchObject({ result: "executed" });
  });

  it("a name that a policy and a schedule have is no name of one, and each has its ARN", async () => {
    const { providerId = "" } = await up();
    await aws.autoScaling(
      (sdk) =>
        new sdk.PutScheduledUpdateGroupActionCommand({
          AutoScalingGroupName: group,
          ScheduledActionName: "up",
          DesiredCapacity: 4,
          Recurrence: "0 8 * * *",
        }),
      { operation: "test" },
    );
    await expect(policies.get(group, "up")).rejects.toSatisfy(
      (error) => isBellowsError(error, "conflict") && error.message.includes(providerId),
    );
    expect((await policies.get(group, providerId)).adjust).toEqual({ change: 1 });
    await policies.delete(group, providerId);
    expect((await policies.get(group, "up")).schedule).toEqual({ cron: "0 8 * * *" });
  });
});
