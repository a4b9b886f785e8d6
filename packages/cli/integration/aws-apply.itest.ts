import { type StandIn, startStandIn } from "@bellows/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openWorkshop, type Workshop } from "./workshop.js";

let aws: StandIn;
let shop: Workshop;
beforeEach(async () => {
  aws = await startStandIn();
  shop = openWorkshop();
});
afterEach(async () => {
  await shop.close();
  await aws.stop();
});

const FILE = `version: 1
name: shop
providers: { aws: { region: eu-west-1 } }
server: { listen: "127.0.0.1:0", url: "https://scale.example.com" }
loadBalancers:
  front:
    zones: [eu-west-1a, eu-west-1b]
    listeners: [{ port: 80, protocol: http, instancePort: 8080 }]
    healthCheck: { target: "HTTP:8080/health", interval: 20s, timeout: 5s, healthy: 3, unhealthy: 5 }
    metadata: { team: blue }
groups:
  web:
    min: 2
    max: 6
    cooldown: 60s
    zones: [eu-west-1a, eu-west-1b]
    launch: { image: ami-12345678, size: t3.small, metadata: { role: web } }
    loadBalancers: [front]
    metadata: { team: blue }
    aws: { healthCheckType: ELB, healthCheckGrace: 2m }
    metrics:
      cpu: { source: cloudwatch, namespace: AWS/EC2, metric: CPUUtilization, stat: Average, period: 1m,
             dimensions: { AutoScalingGroupName: web } }
    policies:
      up: { when: cpu > 70, for: 2m, change: +1 }
      down: { engine: native, when: cpu < 40, for: 2m, change: -1, cooldown: 3m }
      nightly: { engine: native, schedule: "0 22 * * *", timezone: Europe/Berlin, desired: 2 }
      deploy: { webhooks: [ci], change: +2 }
`;

interface Change {
  kind: string;
  name: string;
  action: string;
  changes: { path: string }[];
}

/** Runs a command against the stand-in. @throws Error when it fails. */
async function bellows<T = Record<string, unknown>>(line: string): Promise<T> {
  const ran = await shop.bellows(`${line} --json`, {
    AWS_ENDPOINT_URL: aws.url,
    AWS_ACCESS_KEY_ID: "example",
    AWS_SECRET_ACCESS_KEY: "example",
  });
  expect([line, ran.code, ran.stderr]).toEqual([line, 0, ""]);
  return ran.json<T>();
}

const apply = async (options = ""): Promise<{ applied: number; resources: Change[] }> =>
  bellows(`apply --yes ${options}`.trim());
const done = ({ resources }: { resources: Change[] }): string[] =>
  resources
    .filter(({ action }) => action !== "none")
    .map(({ kind, name, action }) => `${action} ${kind} ${name}`);
const names = async (noun: string): Promise<string[]> =>
  (await bellows<{ name: string }[]>(`${noun} list`)).map(({ name }) => name).sort();

describe("a file for AWS", () => {
  it("is made so by apply, stays so, is changed where it was edited, and loses only what it made", async () => {
    shop.write("bellows.yaml", FILE);
    expect(done(await apply())).toEqual([
      "create load-balancer front",
      "create group web",
      "create policy web/down",
      "create policy web/nightly",
      "create alarm bellows/web/down",
      "create webhook web/deploy/ci",
    ]);
    expect(await names("alarms")).toEqual(["bellows/web/down"]);
    const policies = await bellows<{ name: string; engine: string }[]>("policies list web");
    expect(policies.map(({ name, engine }) => `${engine} ${name}`).sort()).toEqual([
      "bellows deploy",
      "bellows up",
      "native down",
      "native nightly",
    ]);

    expect(done(await apply("--prune"))).toEqual([]);

    shop.write(
      "bellows.yaml",
      FILE.replace("max: 6", "max: 8")
        .replace("cpu < 40", "cpu < 30")
        .replace("healthy: 3", "healthy: 2")
        .replace("healthCheckGrace: 2m", "healthCheckGrace: 3m"),
    );
    const edited = await apply();
    expect(done(edited)).toEqual([
      "update load-balancer front",
      "update group web",
      "update alarm bellows/web/down",
    ]);
    const paths = edited.resources.flatMap(({ changes }) => changes.map(({ path }) => path));
    expect(paths).toEqual(["healthCheck.healthy", "max", "native.healthCheckGrace", "below"]);
    expect(done(await apply())).toEqual([]);

    await bellows(
      "groups create theirs --min 0 --max 1 --zone eu-west-1a --image ami-12345678 --size t3.small",
    );
    await bellows(
      "alarms create theirs --metric AWS/EC2:CPUUtilization --stat Average --above 90 --period 1m --periods 1",
    );
    shop.write("bellows.yaml", FILE.replace(/ {6}(down|nightly):.*\n/g, ""));
    expect(done(await apply("--prune"))).toContain("delete alarm bellows/web/down");
    expect(await names("alarms")).toEqual(["theirs"]);
    expect((await bellows<{ name: string }[]>("policies list web")).map(({ name }) => name).sort()).toEqual([
      "deploy",
      "up",
    ]);

    shop.write("bellows.yaml", `${FILE.slice(0, FILE.indexOf("loadBalancers:"))}groups: {}\n`);
    expect(done(await apply("--prune"))).toEqual(["delete group web", "delete load-balancer front"]);
    expect(await names("groups")).toEqual(["theirs"]);
    expect(await names("lbs")).toEqual([]);
  }, 120_000);
});
