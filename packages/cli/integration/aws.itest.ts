import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hasPython, type StandIn, startMoto, startStandIn, type TestServer } from "@bellows/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openWorkshop, type Ran, until, type Workshop } from "./workshop.js";

const LAUNCHER = fileURLToPath(new URL("../bin/bellows.js", import.meta.url));

let shop: Workshop;
beforeEach(() => {
  shop = openWorkshop();
});
afterEach(() => shop.close());

/** Commands that are typed against one server of AWS, in one region. */
interface Desk {
  env: Record<string, string>;
  /** Types a line; fails where it fails, or says anything but data. */
  type(line: string): Promise<Ran>;
  attempt(line: string): Promise<Ran>;
  /** What a line shows under `--json`. */
  json<T = Record<string, unknown>>(line: string): Promise<T>;
}

function openDesk(server: { url: string }, region: string): Desk {
  // What the SDK reads; any keys will do.
  const env = {
    AWS_ENDPOINT_URL: server.url,
    AWS_ACCESS_KEY_ID: "testing",
    AWS_SECRET_ACCESS_KEY: "testing",
  };
  const attempt = (line: string): Promise<Ran> =>
    shop.bellows([...words(line), "--provider", "aws", "--region", region], env);
  const type = async (line: string): Promise<Ran> => {
    const ran = await attempt(line);
    expect([line, ran.code, ran.stderr]).toEqual([line, 0, ""]);
    return ran;
  };
  return { env, attempt, type, json: async (line) => (await type(`${line} --json`)).json() };
}

/** Splits a line as a shell does, as far as these lines need it. */
const words = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? "");

/** Asks for what no command of ours makes: a security group, a server. */
async function prepare(
  { url }: { url: string },
  region: string,
  fields: Record<string, string>,
): Promise<string> {
  const response = await fetch(url, {
    method: "POST",
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=testing/20260101/${region}/ec2/aws4_request`,
      "content-type": "application/x-www-form-urlencoded",
    },
    body: new URLSearchParams({ Version: "2016-11-15", ...fields }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return text;
}

const GROUP =
  "groups create my_group --zone us-east-1a --zone us-east-1b --min 4 --max 8 --lb my-lb " +
  "--launch-name my-launch_config --image ami-12c6146b --size t2.micro --key-name my_key_name " +
  "--security-group my_security_groups";
const alarm = (name: string, bound: string, policy: string): string =>
  `alarms create ${name} --metric AWS/EC2:CPUUtilization --stat Average ` +
  `--dimension AutoScalingGroupName=my_group ${bound} --period 1m --periods 2 --execute my_group/${policy}`;

describe.skipIf(!hasPython())("on moto", () => {
  let moto: TestServer;
  beforeAll(async () => {
    moto = await startMoto();
  }, 300_000);
  afterAll(() => moto?.stop());

  it("the tutorial on Auto Scaling, command by command", async () => {
    const { type, json, attempt } = openDesk(moto, "us-east-1");
    await prepare(moto, "us-east-1", {
      Action: "CreateSecurityGroup",
      GroupName: "my_security_groups",
      GroupDescription: "tutorial",
    });
    await prepare(moto, "us-east-1", { Action: "CreateKeyPair", KeyName: "my_key_name" });
    const regions = await json<{ name: string; current: boolean }[]>("regions list");
    expect(regions.filter(({ current }) => current).map(({ name }) => name)).toEqual(["us-east-1"]);
    expect(await json("groups list")).toEqual([]);
    await type("lbs create my-lb --zone us-east-1a --zone us-east-1b --listener 80:8080/http");

    expect((await type(GROUP)).stdout).toBe("my_group: created, 4 wanted\n");
    expect(await json("groups list")).toMatchObject([
      { name: "my_group", min: 4, max: 8, desired: 4, loadBalancers: [{ id: "my-lb" }] },
    ]);
    expect(await json("groups get my_group")).toMatchObject({
      zones: ["us-east-1a", "us-east-1b"],
      state: { activeCapacity: 4, desiredCapacity: 4, pendingCapacity: 0, paused: false },
    });
    await type("policies create my_group/scale_up --change +1 --cooldown 3m");
    await type("policies create my_group/scale_down --change -1 --cooldown 3m");
    expect(await json("policies get my_group/scale_up")).toMatchObject({
      engine: "native",
      adjust: { change: 1 },
      cooldownMs: 180_000,
      providerId: expect.stringMatching(/^arn:aws:autoscaling:us-east-1:.*scale_up$/) as string,
    });

    await type(alarm("scale_up_on_cpu", "--above 70", "scale_up"));
    await type(alarm("scale_down_on_cpu", "--below 40", "scale_down"));
    const alarms = await json<{ name: string }[]>("alarms list");
    expect(alarms.sort((a, b) => a.name.localeCompare(b.name))).toMatchObject([
      { name: "scale_down_on_cpu", below: 40, executes: [{ group: "my_group", policy: "scale_down" }] },
      { name: "scale_up_on_cpu", above: 70, executes: [{ group: "my_group", policy: "scale_up" }] },
    ]);

    const instances = await json<{ id: string }[]>("groups instances my_group");
    expect(instances).toHaveLength(4);
    expect((await type(`servers get ${instances[0]?.id}`)).stdout).toContain("status: active");
    expect(await json("policies execute my_group/scale_up")).toMatchObject({ from: 4, to: 5 });

    expect((await type("groups shutdown my_group --yes --wait")).stdout).toBe("my_group: empty\n");
    expect(await json("groups instances my_group")).toEqual([]);
    await type("alarms delete scale_up_on_cpu --yes");
    await type("alarms delete scale_down_on_cpu --yes");
    expect((await attempt("launch delete my-launch_config --yes")).code).toBe(4);
    await type("groups delete my_group --yes --wait");
    expect(await json("groups list")).toEqual([]);
    await type("launch delete my-launch_config --yes");
    expect(await json("launch list")).toEqual([]);
  }, 180_000);

  it("the tutorial on load balancers, command by command", async () => {
    const { type, json } = openDesk(moto, "eu-west-1");
    await prepare(moto, "eu-west-1", {
      Action: "RunInstances",
      ImageId: "ami-12c6146b",
      MinCount: "2",
      MaxCount: "2",
    });
    const servers = (await json<{ id: string }[]>("servers list")).map(({ id }) => id).sort();
    expect(await json("lbs list")).toEqual([]);
    await type(
      "lbs create my-lb --zone eu-west-1a --zone eu-west-1b --listener 80:8080/http --listener 443:8443/tcp",
    );
    expect(await json("lbs list load-balancer-prod")).toEqual([]);
    expect(await json("lbs list my-lb")).toMatchObject([{ name: "my-lb", type: "classic" }]);
    const check = "lbs health-check my-lb --target HTTP:8080/health --interval 20s --healthy 3 --unhealthy 5";
    expect((await type(check)).stdout).toBe("my-lb: members are checked at HTTP:8080/health\n");
    expect(await json("lbs get my-lb")).toMatchObject({
      addresses: [expect.stringMatching(/^my-lb.*amazonaws\.com/) as string],
      listeners: [
        { port: 80, protocol: "http", instancePort: 8080 },
        { port: 443, protocol: "tcp", instancePort: 8443 },
      ],
      pools: [
        {
          healthCheck: {
            target: "HTTP:8080/health",
            intervalMs: 20_000,
            timeoutMs: 5_000,
            healthy: 3,
            unhealthy: 5,
          },
        },
      ],
    });
    await type(`lbs register my-lb ${servers.join(" ")}`);
    const members = await json<{ id: string }[]>("lbs members my-lb");
    expect(members.map(({ id }) => id).sort()).toEqual(servers);
    await type(`lbs deregister my-lb ${servers[0]}`);
    expect(await json("lbs members my-lb")).toHaveLength(1);
    expect((await type("lbs enable-zones my-lb eu-west-1c")).stdout).toContain("eu-west-1c");
    expect((await type("lbs disable-zones my-lb eu-west-1a")).stdout).not.toContain("eu-west-1a");
    await type("lbs listeners my-lb --listener 8080:8080/http");
    expect(await json("lbs listeners my-lb")).toContainEqual({
      port: 8080,
      protocol: "http",
      instancePort: 8080,
    });

    await type("groups create my_group --zone eu-west-1b --min 1 --max 2 --image ami-1 --size t3.micro");
    await type("groups update my_group --lb my-lb");
    expect(await json("groups get my_group")).toMatchObject({ loadBalancers: [{ id: "my-lb" }] });
    expect(await json("groups instances my_group --zone eu-west-1a")).toEqual([]);
    const [{ id } = { id: "" }] = await json<{ id: string }[]>("groups instances my_group --zone eu-west-1b");
    await type("groups update my_group --min 0");
    await type(`groups terminate my_group ${id} --no-replace --yes`);
    expect(await json("groups get my_group")).toMatchObject({ desired: 0 });
    await type("groups delete my_group --yes --force --wait");
    await type("lbs delete my-lb --yes");
    expect(await json("lbs list")).toEqual([]);
  }, 180_000);

  it("balancers with target groups, launches with versions, policies with least changes", async () => {
    const { type, json, attempt } = openDesk(moto, "eu-central-1");
    await type(
      "lbs create app --type application --zone eu-central-1a --zone eu-central-1b --listener 80:8080/http --target HTTP:/health",
    );
    expect(await json("lbs get app")).toMatchObject({ type: "application", pools: [{ name: "default" }] });
    await type(
      "groups create web --min 0 --max 4 --zone eu-central-1a --lb app --image ami-1 --size t3.micro " +
        "--metadata team=blue --native '{ healthCheckType: ELB, healthCheckGrace: 5m }'",
    );
    expect(await json("groups get web")).toMatchObject({
      loadBalancers: [{ id: "app" }],
      metadata: { team: "blue" },
      native: { healthCheckType: "ELB" },
    });
    await type("launch patch web --size t3.small");
    const history = await json<{ version: string; current: boolean }[]>("launch history web");
    expect(history).toMatchObject([{ current: true }, { current: false, launch: { size: "t3.micro" } }]);
    await type(`launch rollback web ${history[1]?.version}`);
    expect(await json("launch get web")).toMatchObject({ size: "t3.micro" });
    await type("policies create web/fast --percent 50 --min-magnitude 2 --cooldown 1m --engine native");
    expect(await json("policies list web")).toMatchObject([
      { name: "fast", minMagnitude: 2, engine: "native" },
    ]);
    await type("groups pause web --process AZRebalance");
    expect(await json("groups get web")).toMatchObject({ pausedProcesses: ["AZRebalance"] });
    await type("groups resume web");
    const unknown = await attempt("groups pause web --process AZRebalanced");
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining("AZRebalance")]);
  }, 120_000);

  it("says what is wrong and what to do, with the exit code for it", async () => {
    const { type, attempt, env } = openDesk(moto, "eu-west-2");
    await type("groups create web --min 1 --max 2 --zone eu-west-2a --image ami-1 --size t3.micro");
    for (const [line, code, told] of [
      ["groups get wep", 3, "web"],
      ["policies get web/none", 3, "none"],
      ["lbs get nobody", 3, "nobody"],
      ["alarms get nobody", 3, "nobody"],
      ["servers get i-0123456789abcdef0", 3, "i-0123456789abcdef0"],
      ["launch delete nobody --yes", 3, "nobody"],
      ["groups update web --desired 9", 4, "1 to 2"],
      ["groups delete web --yes", 4, "web"],
      ["groups create web --min 0 --max 1 --image ami-2 --size t3.micro", 4, "web"],
      ["groups create api --min 3 --max 1 --image ami-2 --size t3.micro", 2, "min"],
      ["groups create api --min 0 --max 1 --image ami-2", 2, "size"],
      [
        "lbs create front --zone eu-west-2a --listener 80/http --target HTTP:80/ --interval 900s",
        2,
        "interval",
      ],
    ] as const) {
      const { code: exit, stderr } = await attempt(line);
      expect([line, exit, stderr]).toEqual([line, code, expect.stringContaining(told)]);
      expect(stderr).toMatch(/^error: /);
      expect(stderr).not.toMatch(/\n {4}at /);
    }
    const nowhere = await shop.bellows("groups list --provider aws --region mars", env);
    expect([nowhere.code, nowhere.stderr]).toEqual([2, expect.stringContaining("region")]);
    const { AWS_ENDPOINT_URL: _server, ...keys } = env;
    const dead = { ...keys, AWS_ENDPOINT_URL: "http://127.0.0.1:9" };
    const gone = await shop.bellows("groups list --provider aws --region eu-west-2", dead);
    expect([gone.code, gone.stderr]).toEqual([5, expect.stringContaining("refused the connection")]);
    const without = { AWS_EC2_METADATA_DISABLED: "true", AWS_ENDPOINT_URL: moto.url };
    const stranger = await shop.bellows("groups list --provider aws --region eu-west-2 --json", without);
    expect(stranger.code).toBe(6);
    expect(stranger.json()).toMatchObject({ error: { code: "authentication" } });
    expect((await type("doctor")).stdout).toMatch(/ok +aws: arn:aws:.* in account \d{12}, region eu-west-2/);
    expect(stranger.stderr).toMatch(/^error: no credentials for AWS .*\n {2}hint: .*AWS_PROFILE/);
  }, 120_000);

  it("import writes the file of a group that exists, which is valid and changes nothing", async () => {
    const { type, env } = openDesk(moto, "eu-west-3");
    await type(
      "groups create my_group --zone eu-west-3a --min 1 --max 4 --cooldown 3m --image ami-1 --size t3.micro --metadata team=blue",
    );
    await type("policies create my_group/scale_up --change +1 --cooldown 3m");
    await type(alarm("scale_up_on_cpu", "--above 70", "scale_up"));
    const shown = await type("import aws my_group --dry-run");
    expect(shown.stdout).toContain("existing: my_group");
    expect(existsSync(join(shop.folder, "bellows.yaml"))).toBe(false);
    expect((await type("import aws my_group")).stdout).toBe("wrote bellows.yaml\n");
    const again = await shop.bellows("import aws my_group --provider aws --region eu-west-3", env);
    expect([again.code, again.stderr]).toEqual([4, expect.stringContaining("already exists")]);
    expect((await shop.bellows("validate", env)).stdout).toContain("valid (1 group)");
    const plan = (await shop.bellows("plan --json", env)).json<{ resources: object[]; groups: object[] }>();
    expect(plan.resources).toEqual([]);
    expect(plan.groups).toMatchObject([{ group: "my_group", action: "hold", from: 1, to: 1 }]);

    await type("import aws my_group --own --to own.yaml");
    const own = (await shop.bellows("plan -c own.yaml --json", env)).json<{
      resources: { kind: string; name: string; action: string; changes: object[] }[];
    }>();
    expect(own.resources.find(({ kind }) => kind === "group")).toMatchObject({ action: "none", changes: [] });
    expect(own.resources.filter(({ action }) => action === "create")).toMatchObject([{ kind: "alarm" }]);
  }, 120_000);

  it("permissions of a file are all that apply and run ask for", async () => {
    const { env } = openDesk(moto, "eu-north-1");
    shop.write("bellows.yaml", FILE);
    shop.write("recorder.mjs", RECORDER);
    const recorded = { ...env, NODE_OPTIONS: `--import ${join(shop.folder, "recorder.mjs")}` };
    for (const line of ["apply --yes", "apply --yes", "run --once", "plan"]) {
      const ran = await shop.bellows(line, recorded);
      expect([line, ran.code, ran.stderr]).toEqual([line, 0, expect.any(String) as string]);
    }
    const made = new Set(readFileSync(join(shop.folder, "calls.txt"), "utf8").trim().split("\n"));
    const { providers } = (await shop.bellows("permissions --json", env)).json<{
      providers: { actions: string[] }[];
    }>();
    expect([...made].filter((action) => !providers[0]?.actions.includes(action))).toEqual([]);
    const run = await shop.bellows("permissions --for run", env);
    expect(run.stdout).not.toContain("autoscaling:CreateAutoScalingGroup");
  }, 120_000);
});

/** Writes down which actions a command asks for. */
const RECORDER = `import { appendFileSync } from "node:fs";
import { subscribe } from "node:diagnostics_channel";
subscribe("bellows:aws:call", ({ action }) => appendFileSync(new URL("calls.txt", import.meta.url), action + "\\n"));
`;

const FILE = `version: 1
name: shop
providers: { aws: { region: eu-north-1 } }
loadBalancers:
  front: { zones: [eu-north-1a], listeners: [{ port: 80, protocol: http }] }
groups:
  web:
    min: 1
    max: 4
    zones: [eu-north-1a]
    launch: { image: ami-1, size: t3.micro }
    loadBalancers: [front]
    metadata: { team: blue }
    metrics:
      cpu: { source: cloudwatch, namespace: AWS/EC2, metric: CPUUtilization, stat: Average, period: 1m,
             dimensions: { AutoScalingGroupName: web } }
      requests: { source: group, metric: requestCount }
    policies:
      busy: { when: requests > 1000, change: +1 }
      down: { engine: native, when: cpu < 40, for: 2m, change: -1, cooldown: 3m }
      deploy: { webhooks: [ci], change: +1 }
`;

describe("without any server", () => {
  it("init writes a file for a group on AWS, valid with and without what it holds to be tried", async () => {
    expect((await shop.bellows("init --template aws-asg")).stdout).toMatch(/^wrote bellows.yaml\n/);
    expect((await shop.bellows("validate")).stdout).toContain("valid (1 group)");
    shop.write("whole.yaml", shop.read("bellows.yaml").replaceAll(/^( *)# {3}/gm, "$1"));
    const whole = await shop.bellows("validate -c whole.yaml");
    expect([whole.code, whole.stderr]).toEqual([0, ""]);
    expect(whole.stdout).toContain("valid (2 groups, 1 load balancer)");
    const again = await shop.bellows("init --template aws-asg");
    expect([again.code, again.stderr]).toEqual([4, expect.stringContaining("already exists")]);
  });
});

describe("on the stand-in, for what moto lacks", () => {
  let aws: StandIn;
  beforeAll(async () => {
    aws = await startStandIn();
  });
  afterAll(() => aws?.stop());

  it("activities are listed, and followed as they come", async () => {
    const { type, json, env } = openDesk(aws, "eu-west-1");
    await type("groups create web --zone eu-west-1a --min 1 --max 3 --image ami-1 --size t3.micro --wait");
    const [first] = await json<{ status: string; text: string }[]>("groups activities web");
    expect(first).toMatchObject({
      group: "web",
      status: "successful",
      text: expect.stringContaining("EC2 instance") as string,
    });
    const line = "groups activities web --watch --json --provider aws --region eu-west-1";
    const child = spawn(process.execPath, [LAUNCHER, ...words(line)], {
      cwd: shop.folder,
      env: {
        HOME: shop.folder,
        PATH: process.env.PATH,
        BELLOWS_STATE_DIR: join(shop.folder, "watch"),
        ...env,
      },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    const lines = (): string[] => said.split("\n").filter((text) => text !== "");
    await until(() => lines().length >= 1);
    await type("groups update web --desired 2 --wait");
    await until(() => lines().length >= 2);
    child.kill("SIGINT");
    await new Promise((resolve) => child.once("close", resolve));
    const ids = lines().map((text) => (JSON.parse(text) as { id: string }).id);
    expect(new Set(ids).size).toBeGreaterThanOrEqual(2);
    await type("groups delete web --force --yes --wait");
  }, 60_000);

  it("steps are executed by value, alarms are set by hand and tell their past, cooldowns refuse", async () => {
    const { type, json, attempt } = openDesk(aws, "eu-west-2");
    await type("groups create web --zone eu-west-2a --min 1 --max 9 --image ami-1 --size t3.micro --wait");
    await type(
      "policies create web/spikes --engine native --steps '[{ atLeast: 0, atMost: 10, adjust: { change: 1 } }, { atLeast: 10, adjust: { change: 3 } }]'",
    );
    expect(await json("policies execute web/spikes --metric-value 85 --breach-threshold 70")).toMatchObject({
      from: 1,
      to: 4,
    });
    await type("policies create web/up --change +1 --cooldown 1h");
    await type(
      "alarms create busy --metric AWS/EC2:CPUUtilization --above 70 --period 1m --periods 2 --execute web/up",
    );
    await type("alarms disable busy");
    expect(await json("alarms get busy")).toMatchObject({ enabled: false });
    await type("alarms set-state busy --state alarm --reason drill");
    expect((await type("alarms history busy")).stdout).toContain("to ALARM");
    const refused = await attempt("policies execute web/up --json");
    expect([refused.code, refused.json()]).toEqual([4, expect.objectContaining({ result: "cooldown" })]);
    expect(await json("policies execute web/up --ignore-cooldown")).toMatchObject({ to: 5 });
    await type("groups delete web --force --yes --wait");
  }, 60_000);
});
