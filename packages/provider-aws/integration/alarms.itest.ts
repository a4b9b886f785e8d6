import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { type AlarmSpec, collect, createHost, isBellowsError, type PolicySpec } from "@bellows/core";
import {
  hasPython,
  motoOptions,
  type StandIn,
  startMoto,
  startStandIn,
  type TestServer,
} from "@bellows/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { specOf } from "../src/alarm-map.js";
import { type AwsAlarms, createAlarms } from "../src/alarms.js";
import { type Aws, type CallMade, createAws } from "../src/client.js";
import { createGroups } from "../src/groups.js";
import { type AwsPolicies, createPolicies } from "../src/policies.js";

const launch = { image: "ami-0123456789abcdef0", size: "t3.micro" };
const call = { operation: "test" };

/** Both have the parts of CloudWatch that these tests need; what only the stand-in has is below. */
const SERVERS: readonly {
  name: string;
  start: () => Promise<Pick<TestServer, "url" | "stop">>;
  isThere: boolean;
}[] = [
  { name: "moto", start: startMoto, isThere: hasPython() },
  { name: "the stand-in", start: startStandIn, isThere: true },
];

for (const { name: on, start, isThere } of SERVERS)
  describe.runIf(isThere)(`alarms on AWS, as ${on} has it,`, () => {
    let server: Pick<TestServer, "url" | "stop">;
    let aws: Aws;
    let alarms: AwsAlarms;
    let policies: AwsPolicies;
    const made: string[] = [];
    const note = (message: unknown): void => void made.push((message as CallMade).action.split(":")[1] ?? "");
    let serial = 0;

    beforeAll(async () => {
      server = await start();
      const host = createHost({ key: "aws" });
      aws = createAws(motoOptions(server), host);
      alarms = createAlarms(aws, host);
      policies = createPolicies(aws, host);
      const groups = createGroups(aws, host, policies);
      await groups.create({ name: "web", min: 0, max: 4, zones: ["eu-west-1a"], launch });
      await policies.create("web", { name: "up", adjust: { change: 1 } });
      await policies.create("web", { name: "down", adjust: { change: -1 } });
    }, 300_000);
    afterAll(async () => {
      aws?.close();
      await server?.stop();
    });
    beforeEach(() => {
      made.length = 0;
      subscribe("bellows:aws:call", note);
    });
    afterEach(() => void unsubscribe("bellows:aws:call", note));

    const cpu: AlarmSpec["metric"] = {
      namespace: "AWS/EC2",
      name: "CPUUtilization",
      stat: "Average",
      dimensions: { AutoScalingGroupName: "web" },
    };
    const spec = (more: Partial<AlarmSpec> = {}): AlarmSpec => ({
      name: `alarm-${serial++}`,
      metric: cpu,
      above: 70,
      periodMs: 60_000,
      periods: 2,
      missing: "missing",
      ...more,
    });

    it.each<[string, Partial<AlarmSpec>]>([
      [
        "that execute policies",
        {
          executes: [
            { group: "web", policy: "up" },
            { group: "web", policy: "down" },
          ],
        },
      ],
      [
        "from a bound down, some of the periods",
        { above: undefined, atMost: 0.5, periods: 5, periodsToAlarm: 3 },
      ],
      [
        "of a percentile, in a unit",
        { metric: { ...cpu, stat: "p99.9", unit: "Percent" }, native: { lowSamples: "ignore" } },
      ],
      ["with quick periods, counting missing data", { periodMs: 10_000, missing: "not-breaching" }],
      ["over seven days", { periodMs: 3_600_000, periods: 168 }],
      [
        "with a description and other actions",
        {
          owner: "shop/web",
          executes: [{ group: "web", policy: "up" }],
          native: {
            description: "Too busy",
            actions: ["arn:aws:sns:eu-west-1:123456789012:pager"],
            okActions: ["arn:aws:sns:eu-west-1:123456789012:calm"],
          },
        },
      ],
      [
        "over metric math",
        {
          metric: { name: "share" },
          native: {
            metrics: [
              {
                id: "queued",
                metric: { namespace: "Shop", name: "Backlog", stat: "Sum", dimensions: { Queue: "q" } },
              },
              {
                id: "servers",
                metric: { namespace: "Shop", name: "Servers", stat: "Maximum" },
                periodMs: 300_000,
              },
              { id: "share", expression: "queued / servers", label: "a server's share", returns: true },
            ],
          },
        },
      ],
    ])("are read as they were written: %s", async (_what, words) => {
      const wanted = JSON.parse(JSON.stringify(spec(words))) as AlarmSpec;
      const created = await alarms.create(wanted);
      expect(created).toMatchObject({ ...wanted, id: wanted.name, enabled: true });
      expect(await alarms.get(wanted.name)).toEqual(created);
      expect(await alarms.create(wanted), "made again, it is another").toEqual(created);
      expect(made.filter((action) => action === "PutMetricAlarm")).toHaveLength(1);
    });

    it("repeat while they are in alarm if they execute a policy, and else tell once", async () => {
      const scaling = await alarms.create(spec({ executes: [{ group: "web", policy: "up" }] }));
      expect([scaling.repeats, (await alarms.create(spec())).repeats]).toEqual([true, false]);
    });

    it("take the policy's ARN, and are found by it", async () => {
      const { providerId } = await policies.get("web", "down");
      const { name } = await alarms.create(
        spec({ above: undefined, below: 20, executes: [{ group: "web", policy: "down" }] }),
      );
      const { MetricAlarms: [alarm] = [] } = await aws.cloudWatch(
        (sdk) => new sdk.DescribeAlarmsCommand({ AlarmNames: [name] }),
        call,
      );
      expect(alarm?.AlarmActions).toEqual([providerId]);
      const found = await collect(alarms.list({ executes: { group: "web", policy: "down" } }));
      expect(found.map((one) => one.name)).toContain(name);
      const byArn = await alarms.get(alarm?.AlarmArn ?? "");
      expect(byArn.name).toBe(name);
    });

    it("are not made for a policy that is not there, which is told with the nearest name", async () => {
      const wanted = spec({ executes: [{ group: "web", policy: "upp" }] });
      await expect(alarms.create(wanted)).rejects.toSatisfy(
        (error) =>
          isBellowsError(error, "not-found") &&
          error.resource === "upp" &&
          error.hint === 'did you mean "up"?',
      );
      await expect(alarms.get(wanted.name)).rejects.toSatisfy((error) => isBellowsError(error, "not-found"));
      expect(made).not.toContain("PutMetricAlarm");
    });

    it("of one name that differ are refused, and the first stays", async () => {
      const first = await alarms.create(spec());
      for (const other of [{ above: 71 }, { periods: 3 }, { executes: [{ group: "web", policy: "up" }] }])
        await expect(alarms.create(spec({ name: first.name, ...other }))).rejects.toSatisfy((error) =>
          isBellowsError(error, "already-exists"),
        );
      expect(await alarms.get(first.name)).toEqual(first);
    });

    it("keep in an update what it does not name; a bound takes the place of another", async () => {
      const { name } = await alarms.create(
        spec({
          owner: "shop/web",
          executes: [{ group: "web", policy: "up" }],
          native: { description: "Busy" },
        }),
      );
      await alarms.enable(name, false);
      const updated = await alarms.update(name, { atLeast: 80, periods: 4 });
      expect(updated).toMatchObject({
        metric: cpu,
        atLeast: 80,
        periods: 4,
        owner: "shop/web",
        executes: [{ group: "web", policy: "up" }],
        native: { description: "Busy" },
        enabled: false,
      });
      expect(updated).not.toHaveProperty("above");
      expect(await alarms.get(name)).toEqual(updated);
      await expect(alarms.update(name, { name: "other" })).rejects.toSatisfy((error) =>
        isBellowsError(error, "config"),
      );
    });

    it("are listed by what their names begin with, and by their state", async () => {
      const names = ["bellows/shop/busy", "bellows/shop/idle", "other"];
      for (const name of names) await alarms.create(spec({ name }));
      const listed = await collect(alarms.list({ namePrefix: "bellows/shop/" }));
      expect(listed.map(({ name }) => name).sort()).toEqual(names.slice(0, 2));
      await alarms.setState("other", "alarm", "to see");
      expect((await collect(alarms.list({ state: "alarm" }))).map(({ name }) => name)).toContain("other");
    });

    it("are set and switched by hand", async () => {
      const { name } = await alarms.create(spec());
      await alarms.setState(name, "alarm", "a drill");
      expect(await alarms.get(name)).toMatchObject({ state: "alarm", stateReason: "a drill" });
      await alarms.enable(name, false);
      expect((await alarms.get(name)).enabled).toBe(false);
      await alarms.enable(name, true);
      expect((await alarms.get(name)).enabled).toBe(true);
      await expect(alarms.setState(name, "red" as never, "")).rejects.toSatisfy((error) =>
        isBellowsError(error, "config"),
      );
    });

    it("that are deleted are gone, and what is not there is told so", async () => {
      const { name } = await alarms.create(spec({ name: "scale_up_on_cpu" }));
      await expect(alarms.get("scale_up_on_cpuu")).rejects.toSatisfy(
        (error) => isBellowsError(error, "not-found") && error.hint === `did you mean "${name}"?`,
      );
      await alarms.delete(name);
      for (const asked of [
        () => alarms.get(name),
        () => alarms.update(name, { above: 1 }),
        () => alarms.delete(name),
        () => alarms.enable(name, true),
        () => alarms.setState(name, "ok", "calm"),
        () => collect(alarms.history(name)),
      ])
        await expect(asked()).rejects.toSatisfy((error) => isBellowsError(error, "not-found"));
    });

    it("and policies that stand for a file's are read back exactly as they are to be kept", async () => {
      const metrics = {
        cpu: { source: "group", params: { metric: "cpuPercent" } },
        queue: {
          source: "cloudwatch",
          params: {
            namespace: "AWS/SQS",
            metric: "Depth",
            stat: "p90",
            dimensions: { QueueName: "q", Account: "1" },
          },
        },
      };
      const both = [
        { atLeast: 70, adjust: { change: 1 } },
        { atLeast: 85.5, adjust: { change: 2 } },
        { atMost: 30, adjust: { change: -1 } },
      ];
      const file: PolicySpec[] = [
        {
          name: "busy",
          when: "queue > 0.7",
          forMs: 120_000,
          adjust: { percent: 50 },
          minMagnitude: 2,
          cooldownMs: 60_000,
        },
        { name: "sides", signal: "cpu", adjust: { steps: both } },
        { name: "steady", signal: "cpu", adjust: { target: { value: 60 } } },
        { name: "near", signal: "queue", adjust: { target: { value: 5 } } },
        {
          name: "nightly",
          adjust: { desired: 1 },
          schedule: { cron: "0 22 * * *", timezone: "Europe/Berlin" },
        },
      ];
      for (const one of file) {
        const plan = policies.translate("web", { ...one, engine: "native", owner: "shop/web" }, metrics);
        if ("refused" in plan) throw new Error(plan.refused);
        for (const wanted of plan.policies) {
          await policies.create("web", wanted);
          const {
            id: _id,
            group: _group,
            providerId: _arn,
            ...kept
          } = await policies.get("web", wanted.name);
          expect(kept).toEqual(wanted);
        }
        for (const wanted of plan.alarms) {
          await alarms.create(wanted);
          expect(specOf(await alarms.get(wanted.name))).toEqual(wanted);
        }
      }
    });

    it("that AWS would refuse are refused with every fault, and nothing is asked", async () => {
      const wanted = spec({
        below: 3,
        periodMs: 45_000,
        periodsToAlarm: 3,
        metric: { name: "CPU", stat: "Mean" },
      });
      await expect(alarms.create(wanted)).rejects.toSatisfy(
        (error) =>
          isBellowsError(error, "config") &&
          ["above and below", "periodMs", "periodsToAlarm", "metric.namespace", "metric.stat"].every(
            (fault) => error.message.includes(fault),
          ),
      );
      expect(made).toEqual([]);
    });
  });

describe("alarms on AWS, as the stand-in alone has it,", () => {
  let server: StandIn;
  let aws: Aws;
  let alarms: AwsAlarms;
  let policies: AwsPolicies;
  let groups: ReturnType<typeof createGroups>;

  beforeEach(async () => {
    server = await startStandIn({ startAtMs: Date.UTC(2030, 0, 1) });
    const host = createHost({ key: "aws" });
    aws = createAws(motoOptions(server), host);
    alarms = createAlarms(aws, host);
    policies = createPolicies(aws, host);
    groups = createGroups(aws, host, policies);
    await groups.create({
      name: "web",
      min: 0,
      max: 9,
      desired: 2,
      cooldownMs: 0,
      zones: ["eu-west-1a"],
      launch,
    });
  });
  afterEach(async () => {
    aws.close();
    await server.stop();
  });

  const metrics = { load: { source: "cloudwatch", params: { namespace: "Shop", metric: "Load" } } };
  /** Keeps what stands for a policy of a file. */
  const keep = async (spec: Omit<PolicySpec, "name">): Promise<void> => {
    const plan = policies.translate("web", { name: "p", engine: "native", ...spec }, metrics);
    if ("refused" in plan) throw new Error(plan.refused);
    for (const policy of plan.policies) await policies.create("web", policy);
    for (const alarm of plan.alarms) await alarms.create(alarm);
  };
  /** One minute with a value. */
  const minute = async (value: number): Promise<void> => {
    const MetricData = [{ MetricName: "Load", Value: value, Timestamp: new Date(server.now()) }];
    await aws.cloudWatch((sdk) => new sdk.PutMetricDataCommand({ Namespace: "Shop", MetricData }), call);
    server.advance(60_000);
  };
  const desired = async (): Promise<number> => (await groups.get("web")).desired;

  it("a file's threshold acts when it has held long enough, and not before", async () => {
    await keep({ when: "load > 70", forMs: 120_000, adjust: { change: 1 }, cooldownMs: 3_600_000 });
    await minute(71);
    expect(await desired()).toBe(2);
    await minute(72);
    expect(await desired()).toBe(3);
    const history = await collect(alarms.history("bellows/web/p"));
    expect(history.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(["state-update", "configuration-update"]),
    );
  });

  it.each([
    [69, 2],
    [70, 3],
    [85, 4],
    [31, 2],
    [30, 1],
    [10, 0],
  ])("a file's steps take at %d the group from 2 to %d", async (value, to) => {
    const grow = [70, 85].map((atLeast, n) => ({ atLeast, adjust: { change: n + 1 } }));
    const shrink = [30, 10].map((atMost, n) => ({ atMost, adjust: { change: -n - 1 } }));
    await keep({ signal: "load", adjust: { steps: [...grow, ...shrink] } });
    await minute(value);
    expect(await desired()).toBe(to);
  });

  it("set by hand to alarm they execute their policy, unless their actions are off", async () => {
    await keep({ signal: "load", adjust: { steps: [{ atLeast: 70, adjust: { change: 2 } }] } });
    await alarms.enable("bellows/web/p", false);
    await alarms.setState("bellows/web/p", "alarm", "a drill");
    expect(await desired()).toBe(2);
    await alarms.setState("bellows/web/p", "ok", "calm");
    await alarms.enable("bellows/web/p", true);
    await alarms.setState("bellows/web/p", "alarm", "a drill");
    expect(await desired()).toBe(4);
  });

  it("are new without data", async () => {
    await keep({ when: "load > 70", adjust: { change: 1 } });
    expect((await alarms.get("bellows/web/p")).state).toBe("insufficient-data");
  });
});
