import type { GroupSpec, Host, LaunchVersion, LoadBalancerSpec, PolicySpec } from "@bellows/core";
import { ConfigError, collect, isBellowsError } from "@bellows/core";
import type { Aws } from "../src/client.js";
import { createGroups } from "../src/groups.js";
import type { AwsProvider } from "../src/index.js";
import { type AwsLaunches, createLaunch } from "../src/launch.js";
import { createPolicies } from "../src/policies.js";

/** What the exercise finds ready. */
export interface Ground {
  provider: AwsProvider;
  aws: Aws;
  host: Host;
  region: string;
  /** Where moto answers. */
  url: string;
}

const PREPARE = { operation: "prepare" };
const IMAGE = "ami-0123456789abcdef0";
const launch = { image: IMAGE, size: "t3.micro" };

/** Goes on where AWS, or what stands for it, refuses: what was asked for counts. */
async function tried(act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!isBellowsError(error)) throw error;
  }
}

/** Calls every method of every driver, in each way that makes it ask AWS for something else. */
export async function exercise(ground: Ground): Promise<void> {
  const ready = await prepare(ground);
  const { servers } = ready;
  for (const part of [
    () => balancers(ground, ready),
    () => groups(ground, servers),
    () => launches(ground),
    () => policiesAndAlarms(ground),
    () => native(ground),
    () => looks(ground, servers),
  ])
    await part();
}

/** A connection on which AWS refuses one action of Auto Scaling, so that what came before it is taken back. */
function refusing(aws: Aws, action: string): Aws {
  return {
    ...aws,
    autoScaling: (make, call) =>
      aws.autoScaling((sdk) => {
        const command = make(sdk);
        if (command.constructor.name === `${action}Command`) throw new ConfigError(`${action} is refused`);
        return command;
      }, call),
  };
}

interface Machine {
  id: string;
  address: string;
}

/** What the drivers are called with, made beforehand. */
interface Ready {
  subnets: string[];
  securityGroups: string[];
  servers: Machine[];
  certificates: string[];
}

async function prepare({ aws, region, url }: Ground): Promise<Ready> {
  const { Subnets = [] } = await aws.ec2((sdk) => new sdk.DescribeSubnetsCommand({}), PREPARE);
  const { SecurityGroups = [] } = await aws.ec2((sdk) => new sdk.DescribeSecurityGroupsCommand({}), PREPARE);
  const { Instances = [] } = await aws.ec2(
    (sdk) => new sdk.RunInstancesCommand({ ImageId: IMAGE, MinCount: 3, MaxCount: 3 }),
    PREPARE,
  );
  const certificates = await Promise.all(["one", "two"].map((name) => certificate(url, region, name)));
  return {
    certificates,
    subnets: Subnets.sort((a, b) => (a.AvailabilityZone ?? "").localeCompare(b.AvailabilityZone ?? "")).map(
      ({ SubnetId = "" }) => SubnetId,
    ),
    securityGroups: SecurityGroups.map(({ GroupId = "" }) => GroupId),
    servers: Instances.map(({ InstanceId = "", PrivateIpAddress = "" }) => ({
      id: InstanceId,
      address: PrivateIpAddress,
    })),
  };
}

/** A certificate for listeners; no package of ours calls the service that makes them. @returns its ARN. */
async function certificate(url: string, region: string, name: string): Promise<string> {
  const response = await fetch(url, {
    method: "POST",
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=testing/20260101/${region}/acm/aws4_request`,
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": "CertificateManager.RequestCertificate",
    },
    body: JSON.stringify({ DomainName: `${name}.example.com` }),
  });
  const { CertificateArn } = (await response.json()) as { CertificateArn: string };
  return CertificateArn;
}

async function balancers(
  ground: Ground,
  { subnets, securityGroups, servers, certificates }: Ready,
): Promise<void> {
  const { loadBalancers } = ground.provider;
  const [zoneA, zoneB, zoneC] = ["a", "b", "c"].map((letter) => `${ground.region}${letter}`) as [
    string,
    string,
    string,
  ];
  const [one, two, three] = subnets as [string, string, string];
  const check = { target: "HTTP:8080/", intervalMs: 20_000, timeoutMs: 5_000, healthy: 3, unhealthy: 5 };
  const https = (certificate = certificates[0] ?? "") => ({
    port: 443,
    instancePort: 8080,
    protocol: "https" as const,
    certificate,
  });
  // moto tells of a listener that it speaks to instances as to clients, whatever it was told.
  const through = (certificate?: string) => ({
    ...https(certificate),
    instancePort: 8443,
    instanceProtocol: "https" as const,
  });
  const http = { port: 80, instancePort: 8080, protocol: "http" as const };
  const classic: LoadBalancerSpec = {
    name: "classic",
    zones: [zoneA],
    listeners: [http, through()],
    healthCheck: check,
    drainMs: 60_000,
    metadata: { team: "blue" },
    native: { stickiness: { duration: 60_000 } },
  };
  await tried(() => loadBalancers.create(classic));
  await tried(() => loadBalancers.create({ ...classic, drainMs: 61_000 }));
  await tried(() =>
    loadBalancers.create({ ...classic, name: "cookie", native: { stickiness: { cookie: "a" } } }),
  );
  await tried(() =>
    loadBalancers.create({ ...classic, name: "unmade", native: { accessLog: { bucket: "no-such-bucket" } } }),
  );
  for (const patch of [
    { native: { stickiness: { cookie: "session" } } },
    { native: { stickiness: { duration: 120_000 } } },
    { listeners: [{ ...http, port: 81 }, through()] },
    { listeners: [{ ...http, port: 81 }, through(certificates[1])] },
    { healthCheck: { ...check, target: "TCP:8080" } },
    { healthCheck: { ...check, target: "HTTP:/own" } },
    { drainMs: 90_000 },
    { zones: [zoneB] },
    { metadata: { stage: "test" } },
    { native: { securityGroups: securityGroups.slice(0, 1) } },
  ])
    await tried(() => loadBalancers.update("classic", patch));
  await tried(() => loadBalancers.create({ ...classic, name: "inside", zones: undefined, subnets: [one] }));
  await tried(() => loadBalancers.update("inside", { subnets: [two] }));

  const application: LoadBalancerSpec = {
    name: "app",
    type: "application",
    subnets: [one, two],
    listeners: [http],
    healthCheck: check,
    drainMs: 60_000,
    metadata: { team: "blue" },
    native: { idleTimeout: 90_000 },
  };
  await tried(() => loadBalancers.create(application));
  await tried(() => loadBalancers.create({ ...application, drainMs: 61_000 }));
  await tried(() =>
    loadBalancers.create({ ...application, name: "zoned", subnets: undefined, zones: [zoneA, zoneB] }),
  );
  await tried(() =>
    loadBalancers.create({ ...application, name: "half", listeners: [https(`${certificates[0]}0`)] }),
  );
  for (const patch of [
    { listeners: [{ ...http, port: 82 }, https()] },
    { listeners: [{ ...http, port: 82 }, https(certificates[1])] },
    { healthCheck: { ...check, unhealthy: 4 } },
    { drainMs: 90_000 },
    { zones: [zoneA, zoneB, zoneC] },
    { subnets: [one, two, three] },
    { metadata: { stage: "test" } },
    { native: { idleTimeout: 100_000 } },
    { native: { securityGroups: securityGroups.slice(0, 1) } },
    { listeners: [http] },
  ])
    await tried(() => loadBalancers.update("app", patch));
  await tried(() =>
    loadBalancers.update("zoned", {
      listeners: [http, { ...http, port: 83, pool: "second" }],
      pools: [
        { name: "default", algorithm: "round-robin" },
        { name: "second", algorithm: "least-connections" },
      ],
    }),
  );
  await tried(() =>
    loadBalancers.update("zoned", {
      listeners: [http, { ...https(`${certificates[0]}0`), pool: "third" }],
      pools: [
        { name: "default", algorithm: "round-robin" },
        { name: "third", algorithm: "round-robin" },
      ],
    }),
  );
  await tried(() =>
    loadBalancers.create({
      name: "net",
      type: "network",
      subnets: [one],
      listeners: [{ port: 90, protocol: "tcp" }],
      native: { targetType: "ip" },
    }),
  );
  for (const name of ["classic", "app"]) {
    await tried(() => loadBalancers.configureHealthCheck(name, { ...check, unhealthy: 3 }));
    await tried(() => loadBalancers.configureHealthCheck(name, { ...check, target: "HTTP:/own" }));
    await tried(() => loadBalancers.configureHealthCheck(name, check));
    await tried(() => loadBalancers.metadata(name, { other: "label" }));
    await tried(() => loadBalancers.disableZones(name, [zoneC]));
    await tried(() => loadBalancers.enableZones(name, [zoneC]));
    await tried(() => loadBalancers.disableZones(name, [zoneC]));
  }
  for (const name of ["classic", "app", "net"]) {
    const ids = servers.map(({ id }) => id);
    await tried(() => loadBalancers.register(name, ids, { wait: true, timeoutMs: 2_000 }));
    await tried(() =>
      loadBalancers.register(
        name,
        servers.map(({ address }) => ({ address, port: 80 })),
      ),
    );
    const there: string[] = [];
    await tried(async () => {
      for await (const { id } of loadBalancers.members(name)) there.push(id);
    });
    await tried(() => loadBalancers.deregister(name, there, { drain: false }));
    await tried(() => loadBalancers.deregister(name, there.slice(1), { wait: true, timeoutMs: 2_000 }));
    await tried(() => loadBalancers.register(name, ids));
    await tried(() => loadBalancers.get(name));
    await tried(() => loadBalancers.update(name, { metadata: { has: "members" } }));
  }
  const again = { name: "again", listeners: [http], zones: [zoneA] };
  await tried(() => loadBalancers.create(again));
  await tried(() => loadBalancers.register("again", [servers[0]?.id ?? ""]));
  await tried(() => loadBalancers.create(again));
  await tried(() => collect(loadBalancers.list()));
  for (const name of ["inside", "zoned", "again"]) await tried(() => loadBalancers.delete(name));
}

const spec = (name: string, more: Partial<GroupSpec> = {}): GroupSpec => ({
  name,
  min: 0,
  max: 9,
  zones: ["eu-west-1a"],
  launch,
  ...more,
});

async function groups({ provider, aws, host }: Ground, servers: Machine[]): Promise<void> {
  const { groups, activities } = provider;
  await groups.create(
    spec("web", { desired: 3, loadBalancers: ["classic", "app"], metadata: { team: "blue" } }),
  );
  await tried(() => groups.create(spec("everywhere", { zones: [], native: { suspended: ["AZRebalance"] } })));
  await tried(() => groups.create(spec("old", { launch: { ...launch, aws: { kind: "configuration" } } })));
  await tried(() =>
    groups.create(spec("old", { launch: { ...launch, aws: { kind: "configuration" } }, max: 8 })),
  );
  await tried(() =>
    groups.create(spec("lost", { launch: { aws: { template: { id: "no-such-template" } } } })),
  );
  for (const kind of ["template", "configuration"] as const) {
    const own = { ...launch, aws: { kind } };
    const unmade = spec("unmade", { launch: own, native: { suspended: ["AZRebalance"] } });
    await tried(() => createGroups(refusing(aws, "SuspendProcesses"), host).create(unmade));
  }
  for (const patch of [
    { max: 8 },
    { loadBalancers: [] },
    { loadBalancers: ["classic", "app"] },
    { native: { suspended: ["AlarmNotification"] } },
    { native: { suspended: [] } },
  ])
    await tried(() => groups.update("web", patch));
  await tried(() => groups.scale("web", 4));
  await tried(() => groups.state("web"));
  await tried(() => groups.pause("web", { processes: ["AZRebalance"] }));
  await tried(() => groups.resume("web"));
  await tried(() => groups.metadata.merge("web", { stage: "test" }));
  await tried(() => groups.metadata.replace("web", { team: "red" }));
  await tried(() => groups.attach("web", [servers[0]?.id ?? ""]));
  const members = await collect(groups.instances("web"));
  const [first, second, third] = members.map(({ id }) => id) as [string, string, string];
  await tried(() => groups.protect("web", [first], true));
  await tried(() => groups.enterStandby("web", [second]));
  await tried(() => groups.exitStandby("web", [second]));
  await tried(() => groups.detach("web", [third]));
  await tried(() => groups.terminate("web", first, { replace: false }));
  const byName = ["no such name"];
  await tried(() => groups.protect("web", byName, false));
  await tried(() => groups.enterStandby("web", byName));
  await tried(() => groups.exitStandby("web", byName));
  await tried(() => groups.detach("web", byName));
  await tried(() => groups.terminate("web", byName[0] ?? ""));
  await tried(() => collect(activities.list("web")));
  await tried(() => groups.shutdown("everywhere"));
  for (const name of ["everywhere", "old"]) await tried(() => groups.delete(name, { force: true }));
}

async function launches({ provider, aws, host }: Ground): Promise<void> {
  const { launch: driver, groups } = provider;
  const refused = createLaunch(refusing(aws, "UpdateAutoScalingGroup"), host);
  const configured = { ...launch, aws: { kind: "configuration" as const } };
  const bare = (id: string) => ({ aws: { template: { id } } });
  await tried(() => groups.create(spec("alone", { launch: { ...launch, launchName: "standing" } })));
  await tried(() => groups.create(spec("other", { launch: { ...launch, launchName: "other" } })));
  const change: readonly ((group: string, one: AwsLaunches, words?: object) => Promise<unknown>)[] = [
    (group, one, words) => one.set(group, { ...launch, ...words, size: "t3.large" }),
    (group, one) => one.patch(group, { size: "t3.small" }),
    (group, one) => one.metadata.merge(group, { team: "blue" }),
    (group, one) => one.metadata.replace(group, { team: "red" }),
  ];
  for (const [index, make] of change.entries()) {
    const [templated, named, old] = ["templated", "named", "configured"].map(
      (word) => `${word}-${index}`,
    ) as [string, string, string];
    await tried(() => groups.create(spec(templated)));
    await tried(() => make(templated, refused));
    await tried(() => make(templated, driver));
    await tried(() => groups.create(spec(named, { launch: bare("standing") })));
    await tried(() => make(named, refused));
    await tried(() => make(named, driver));
    await tried(() => driver.set(named, bare("standing")));
    await tried(() => driver.patch(named, bare("other")));
    await tried(() => groups.create(spec(old, { launch: configured })));
    await tried(() => driver.get(old));
    await tried(() => make(old, refused, configured));
    await tried(() => make(old, driver, configured));
    await tried(() => driver.set(old, { ...configured, size: "t3.nano" }));
    await tried(() => refused.set(old, { ...configured, size: "t3.micro" }));
    for (const group of [templated, old]) {
      const versions: LaunchVersion[] = [];
      await tried(async () => void versions.push(...(await collect(driver.history(group)))));
      await tried(() => driver.rollback(group, versions.at(-1)?.version ?? "1"));
    }
  }
  await tried(() => driver.get("templated-0"));
  await tried(() => driver.set("configured-3", launch));
  await tried(() => collect(driver.list()));
  await tried(() => groups.delete("alone", { force: true }));
  await tried(() => groups.create(spec("brief", { launch: { ...launch, launchName: "brief" } })));
  await tried(() => groups.delete("brief", { force: true }));
  await tried(() => driver.delete("brief"));
  await tried(() => groups.create(spec("spare", { launch: { ...configured, launchName: "spare" } })));
  await tried(() => groups.delete("spare", { force: true }));
  await tried(() => driver.delete("spare"));
}

async function policiesAndAlarms({ provider, aws, host }: Ground): Promise<void> {
  const { policies, alarms } = provider;
  const up: PolicySpec = { name: "up", engine: "native", adjust: { change: 1 }, cooldownMs: 60_000 };
  await tried(() => policies.create("web", { ...up, owner: "shop/web" }));
  await tried(() => policies.update("web", "up", { adjust: { change: 2 }, owner: "shop/other" }));
  await tried(() => policies.update("web", "up", { owner: undefined } as Partial<PolicySpec>));
  await tried(() => policies.create("web", { ...up, name: "owned", owner: "shop/web" }));
  const refused = createPolicies(refusing(aws, "PutScalingPolicy"), host);
  await tried(() => refused.create("web", { ...up, name: "unmade", owner: "shop/web" }));
  await tried(() => policies.update("web", "owned", { owner: "shop/web" }));
  await tried(() => policies.get("web", "up"));
  await tried(() => policies.execute("web", "up"));
  const night = { name: "night", engine: "native" as const, adjust: { desired: 1 } };
  await tried(() => policies.create("web", { ...night, schedule: { cron: "0 22 * * *" } }));
  await tried(() => policies.update("web", "night", { schedule: { cron: "0 23 * * *" } }));
  await tried(() => collect(policies.list("web")));
  await tried(() =>
    alarms.create({
      name: "busy",
      metric: { namespace: "AWS/EC2", name: "CPUUtilization" },
      above: 70,
      periodMs: 60_000,
      periods: 2,
      executes: [{ group: "web", policy: "up" }],
    }),
  );
  await tried(() => alarms.update("busy", { above: 80 }));
  await tried(() => alarms.get("busy"));
  await tried(() => collect(alarms.list()));
  await tried(() => alarms.enable("busy", false));
  await tried(() => alarms.enable("busy", true));
  await tried(() => alarms.setState("busy", "alarm", "a drill"));
  await tried(() => collect(alarms.history("busy")));
  await tried(() => alarms.delete("busy"));
  for (const name of ["up", "owned", "night"]) await tried(() => policies.delete("web", name));
}

async function native({ provider }: Ground): Promise<void> {
  const { hooks, warmPool, scheduledActions, processes, protection } = provider.native;
  const waiting = { group: "web", hook: "drain", instance: "i-0123456789abcdef0" };
  await tried(() => hooks.put("web", { name: "drain", transition: "terminating" }));
  await tried(() => hooks.list("web"));
  await tried(() => hooks.complete(waiting, "continue"));
  await tried(() => hooks.heartbeat(waiting));
  await tried(() => hooks.delete("web", "drain"));
  await tried(() => warmPool.put("web", { min: 1 }));
  await tried(() => warmPool.get("web"));
  await tried(() => warmPool.delete("web"));
  await tried(() => scheduledActions.put("web", { name: "bounds", max: 5, cron: "0 8 * * *" }));
  await tried(() => collect(scheduledActions.list("web")));
  await tried(() => scheduledActions.delete("web", "bounds"));
  await tried(() => processes.list("web"));
  await tried(() => protection.list("web"));
}

async function looks({ provider }: Ground, servers: Machine[]): Promise<void> {
  const { groups, metrics, regions, servers: driver, loadBalancers, diagnose } = provider;
  await tried(() => collect(groups.list()));
  await tried(() => groups.get("web"));
  await tried(() => groups.observe(["web"]));
  const within = { deadlineMs: 10_000 };
  const params = { namespace: "AWS/EC2", metric: "CPUUtilization", stat: "Average", period: 60_000 };
  await tried(() =>
    metrics.read(
      [
        { params: { metric: "cpuPercent" }, group: "web" },
        { params: { metric: "requestCount" }, group: "web" },
      ],
      within,
    ),
  );
  await tried(() => metrics.readOwn([{ params }], within));
  const toMs = Date.now();
  await tried(() =>
    metrics.readOwnRange([{ params }], { fromMs: toMs - 3_600_000, toMs, stepMs: 60_000 }, within),
  );
  await tried(() => collect(regions.list()));
  await tried(() => collect(driver.list()));
  await tried(() => driver.get(servers[1]?.id ?? ""));
  await diagnose?.();
  for (const name of ["classic", "app"]) await tried(() => loadBalancers.delete(name));
  await tried(() => groups.delete("web", { force: true }));
}
