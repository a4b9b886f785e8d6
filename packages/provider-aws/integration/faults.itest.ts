/**
 * AWS on a bad day: three calls of ten fail, in every way that there is, and what is asked for is there in the end, once.
 * Against the stand-in, which refuses a second group of a name as AWS does.
 */
import {
  type Clock,
  collect,
  createHost,
  type GroupSpec,
  isBellowsError,
  manualClock,
  systemClock,
} from "@bellows/core";
import {
  type FaultKind,
  type FaultProxy,
  type FaultRule,
  motoOptions,
  type StandIn,
  type StandInOptions,
  startFaultProxy,
  startStandIn,
  waitFor,
} from "@bellows/testing";
import { afterEach, describe, expect, it } from "vitest";
import provider, { type AwsProvider } from "../src/index.js";

/** Time that goes faster, so that waiting for better days takes no minutes. */
const FASTER = 20;
const fastClock: Clock = {
  now: systemClock.now,
  monotonic: () => systemClock.monotonic() * FASTER,
  after: (delayMs, run, options) => systemClock.after(delayMs / FASTER, run, options),
};
const KINDS: readonly FaultKind[] = ["throttle", "unavailable", "html", "reset", "lost-answer", "slow"];
/** Of each kind, so that 30 % of all calls fail; and half of the lists that are left come in short pages. */
const BAD_DAY: readonly FaultRule[] = [
  ...KINDS.map((kind) => ({ kind, probability: 1 - 0.7 ** (1 / KINDS.length), delayMs: 5 })),
  { kind: "short-page", probability: 0.5, pageSize: 1 },
];
/** How often somebody asks again who is told that it may help. */
const PATIENCE = 8;

/** Dice, and how late reads may be. */
const SEEDS: readonly [name: string, seed: number, options: StandInOptions][] = [
  ["seed 1", 1, {}],
  ["seed 2", 2, {}],
  ["reads that are late", 3, { lagMs: 50 }],
];

describe("on a bad day", () => {
  let standIn: StandIn;
  let proxy: FaultProxy;
  const connected: AwsProvider[] = [];
  const start = async (seed: number, options: StandInOptions = {}): Promise<void> => {
    standIn = await startStandIn({ tickMs: 50, ...options });
    proxy = await startFaultProxy(standIn.url, { seed });
  };
  const open = async (clock: Clock = fastClock): Promise<AwsProvider> => {
    const aws = await provider.create(
      provider.options.parse(motoOptions(proxy)),
      createHost({ key: "aws", clock }),
    );
    connected.push(aws);
    return aws;
  };
  afterEach(async () => {
    for (const aws of connected.splice(0)) await aws.close();
    await proxy?.stop();
    await standIn?.stop();
  });

  const spec = (more: Partial<GroupSpec> = {}): GroupSpec => ({
    name: "web",
    min: 0,
    max: 6,
    desired: 2,
    cooldownMs: 0,
    zones: ["eu-west-1a", "eu-west-1b"],
    launch: { image: "ami-0123456789abcdef0", size: "t3.micro" },
    ...more,
  });
  /** Asks again as long as the error says that it may help; what a repetition finds done already is done. */
  const asked = async <T>(run: () => Promise<T>): Promise<T | undefined> => {
    for (let tries = 1; ; tries++)
      try {
        return await run();
      } catch (error) {
        if (!isBellowsError(error)) throw error;
        if (tries > 1 && error.code === "not-found") return undefined;
        if (error.retry === "never" || tries === PATIENCE) throw error;
      }
  };
  /** Whoever needs what was just made waits until that many show. */
  const shows = async (driver: { list(): AsyncIterable<unknown> }, count: number): Promise<void> => {
    const look = async (): Promise<unknown> => (await asked(() => collect(driver.list())))?.length;
    await expect.poll(look).toBe(count);
  };
  /** What there really is. */
  const there = () => {
    const { groups, templates, classic, alarms, servers } = standIn.region();
    const running = Object.values(servers).filter(({ state }) => state === "running");
    return {
      groups: groups.map(({ name, desired, members }) => [name, desired, members.length]),
      policies: groups.flatMap(({ policies }) => policies.map(({ name }) => name)).sort(),
      templates: templates.length,
      balancers: classic.map(({ name, instances }) => [name, instances.length]),
      alarms: alarms.map(({ name }) => name),
      running: running.length,
    };
  };
  const empty = { groups: [], policies: [], templates: 0, balancers: [], alarms: [], running: 0 };

  it.each(SEEDS)(
    "a group is made, scaled and deleted with all that belongs to it, once: %s",
    async (_name, seed, options) => {
      await start(seed, options);
      const aws = await open();
      proxy.setRules(...BAD_DAY);
      await asked(() =>
        aws.loadBalancers.create({
          name: "front",
          zones: ["eu-west-1a", "eu-west-1b"],
          listeners: [{ port: 80, protocol: "http", instancePort: 8080 }],
          healthCheck: {
            target: "HTTP:8080/",
            intervalMs: 20_000,
            timeoutMs: 5_000,
            healthy: 2,
            unhealthy: 3,
          },
        }),
      );
      await shows(aws.loadBalancers, 1);
      await asked(() => aws.groups.create(spec({ loadBalancers: [{ id: "front" }] })));
      for (const [name, change] of [
        ["up", 1],
        ["down", -1],
      ] as const)
        await asked(() => aws.policies.create("web", { name, adjust: { change }, cooldownMs: 0 }));
      await shows({ list: () => aws.policies.list("web") }, 2);
      await asked(() =>
        aws.alarms.create({
          name: "busy",
          metric: { namespace: "Shop", name: "Queue" },
          above: 10,
          periodMs: 60_000,
          periods: 1,
          missing: "ignore",
          executes: [{ group: "web", policy: "up" }],
        }),
      );
      await expect.poll(there).toEqual({
        groups: [["web", 2, 2]],
        policies: ["down", "up"],
        templates: 1,
        balancers: [["front", 2]],
        alarms: ["busy"],
        running: 2,
      });
      const members = { list: () => aws.groups.instances("web") };
      await asked(() => aws.groups.scale("web", 4));
      await shows(members, 4);
      expect(there().groups).toEqual([["web", 4, 4]]);
      // An execution whose fate is unknown is told as that, and never made again by itself.
      const executed = await aws.policies.execute("web", "up").catch((error: unknown) => error);
      const sizes = isBellowsError(executed) ? [4, 5] : [5];
      await expect.poll(() => sizes.includes(standIn.region().groups[0]?.desired ?? 0)).toBe(true);
      await shows(members, there().running);
      await asked(() => aws.groups.scale("web", 4));
      await shows(members, 4);
      expect(there().groups).toEqual([["web", 4, 4]]);
      await asked(() => aws.groups.update("web", { max: 5, cooldownMs: 60_000 }));
      const [one] = (await asked(() => collect(aws.groups.instances("web")))) ?? [];
      await asked(() => aws.groups.terminate("web", one?.id ?? "", { replace: false }));
      await expect
        .poll(there)
        .toMatchObject({ groups: [["web", 3, 3]], balancers: [["front", 3]], running: 3 });
      await asked(() => aws.groups.update("web", { loadBalancers: [] }));
      await asked(() => aws.alarms.delete("busy"));
      await asked(() => aws.policies.delete("web", "down"));
      await asked(() => aws.groups.delete("web", { force: true }));
      await asked(() => aws.loadBalancers.delete("front"));
      await expect.poll(there).toEqual(empty);
      expect(Object.keys(proxy.faults()).length).toBeGreaterThan(3);
    },
  );

  it.each(SEEDS)("what else belongs to a group is changed once: %s", async (_name, seed, options) => {
    await start(seed, options);
    const aws = await open();
    proxy.setRules(...BAD_DAY);
    await asked(() =>
      aws.loadBalancers.create({
        name: "front",
        type: "network",
        zones: ["eu-west-1a", "eu-west-1b"],
        listeners: [{ port: 80, protocol: "tcp", instancePort: 8080 }],
        healthCheck: { target: "TCP:8080", intervalMs: 30_000, timeoutMs: 10_000, healthy: 3, unhealthy: 3 },
      }),
    );
    await shows(aws.loadBalancers, 1);
    await asked(() => aws.groups.create(spec({ loadBalancers: [{ id: "front" }] })));
    await asked(() => aws.launch.set("web", { image: "ami-0123456789abcdef0", size: "t3.small" }));
    const versions = (): unknown =>
      standIn.region().templates.map((one) => one.versions.map(({ number }) => number));
    expect(versions()).toEqual([[1, 2]]);
    await asked(() =>
      aws.native.hooks.put("web", {
        name: "drain",
        transition: "terminating",
        heartbeatMs: 60_000,
        onTimeout: "continue",
      }),
    );
    await asked(() =>
      aws.native.scheduledActions.put("web", { name: "night", cron: "0 22 * * *", desired: 0 }),
    );
    await expect
      .poll(() => standIn.region().groups.map(({ hooks, schedules }) => [hooks.length, schedules.length]))
      .toEqual([[1, 1]]);
    const [one] = (await asked(() => collect(aws.groups.instances("web")))) ?? [];
    const id = one?.id ?? "";
    // Each step waits until the one before it shows.
    const lifecycle = async (): Promise<unknown> => {
      const seen = await asked(() => collect(aws.groups.instances("web")));
      return seen?.find((instance) => instance.id === id)?.lifecycle;
    };
    await asked(() => aws.groups.enterStandby("web", [id]));
    await expect.poll(lifecycle).toBe("standby");
    expect(there().groups).toEqual([["web", 1, 2]]);
    await asked(() => aws.groups.exitStandby("web", [id]));
    await expect.poll(lifecycle).toBe("in-service");
    await asked(() => aws.groups.detach("web", [id]));
    await expect.poll(lifecycle).toBeUndefined();
    expect(there().groups).toEqual([["web", 1, 1]]);
    await asked(() => aws.groups.attach("web", [id]));
    await expect.poll(there).toMatchObject({ groups: [["web", 2, 2]], running: 2 });
    expect(standIn.region().targetGroups.map(({ targets }) => targets.length)).toEqual([2]);
    await asked(() => aws.native.hooks.delete("web", "drain"));
    await asked(() => aws.native.scheduledActions.delete("web", "night"));
    await asked(() => aws.groups.delete("web", { force: true }));
    await asked(() => aws.loadBalancers.delete("front"));
    await expect.poll(there).toEqual(empty);
    const { balancers, listeners, targetGroups } = standIn.region();
    expect([balancers, listeners, targetGroups]).toEqual([[], [], []]);
  });

  it("fifty who make one group, on two machines, make one", async () => {
    await start(4);
    proxy.setRules(...BAD_DAY);
    const machines = [await open(), await open()];
    const tries = Array.from({ length: 50 }, (_, index) =>
      asked(async () => machines[index % 2]?.groups.create(spec())),
    );
    const made = await Promise.all(tries);
    expect(new Set(made.map((group) => group?.id))).toEqual(new Set(["web"]));
    expect(there()).toMatchObject({ groups: [["web", 2, 2]], templates: 1, running: 2 });
  });

  it("a lost answer leaves one group, also where it shows late", async () => {
    await start(5, { lagMs: 100 });
    proxy.setRules({
      kind: "lost-answer",
      actions: ["CreateAutoScalingGroup", "CreateLaunchTemplate"],
      times: 2,
    });
    const made = await (await open()).groups.create(spec());
    expect(made).toMatchObject({ name: "web", desired: 2 });
    expect(proxy.faults()).toEqual({ "lost-answer": 2 });
    expect(there()).toMatchObject({ groups: [["web", 2, 2]], templates: 1, running: 2 });
  });

  it("one throttled answer makes every call of that service wait, and then all go on", async () => {
    await start(6);
    const clock = manualClock(Date.now());
    const aws = await open(clock);
    await aws.groups.create(spec({ desired: 0 }));
    proxy.forget();
    proxy.setRules({ kind: "throttle", actions: ["DescribeAutoScalingGroups"], times: 1 });
    const asks = (): number => proxy.calls().DescribeAutoScalingGroups ?? 0;
    // Calls of another service pass; when two of them have been answered, so has what was sent before.
    const beat = async (): Promise<void> => {
      for (let count = 0; count < 2; count++) await collect(aws.alarms.list());
    };
    const throttled = aws.groups.get("web");
    await waitFor(() => proxy.faults().throttle === 1, { what: "the throttled answer" });
    await beat();
    const waiting = [aws.groups.get("web"), collect(aws.groups.list())];
    clock.advance(499);
    await beat();
    expect(asks()).toBe(1);
    clock.advance(1);
    await Promise.all([throttled, ...waiting]);
    expect(asks()).toBe(4);
    // Nobody waits any more: the clock stands still.
    expect(await aws.groups.get("web")).toMatchObject({ name: "web" });
  });

  it("a burst of throttled answers is waited out by everybody", async () => {
    await start(7);
    const aws = await open();
    await aws.groups.create(spec({ desired: 0 }));
    proxy.forget();
    proxy.setRules({ kind: "throttle", actions: ["DescribeAutoScalingGroups"], times: 30 });
    const all = await Promise.all(Array.from({ length: 20 }, () => aws.groups.get("web")));
    expect(all.map(({ name }) => name)).toEqual(Array(20).fill("web"));
    expect(proxy.calls().DescribeAutoScalingGroups).toBe(50);
  });
});
