import { hasPython, startMoto, type TestServer } from "@bellows/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openWorkshop, type Ran, type Workshop } from "./workshop.js";

let moto: TestServer;
let shop: Workshop;
beforeAll(async () => {
  if (hasPython()) moto = await startMoto();
}, 300_000);
afterAll(() => moto?.stop());
beforeEach(() => {
  shop = openWorkshop();
});
afterEach(() => shop.close());

/** What the SDK reads: any keys will do for moto. */
const keys = (): Record<string, string> => ({
  AWS_ENDPOINT_URL: moto.url,
  AWS_ACCESS_KEY_ID: "testing",
  AWS_SECRET_ACCESS_KEY: "testing",
});

/** Types a line of the tutorials; @throws Error when it fails. */
async function type(line: string, region = "us-east-1"): Promise<Ran> {
  const ran = await attempt(line, region);
  expect([line, ran.code, ran.stderr]).toEqual([line, 0, ""]);
  return ran;
}

const attempt = (line: string, region = "us-east-1"): Promise<Ran> =>
  shop.bellows([...words(line), "--provider", "aws", "--region", region], keys());

/** Splits a line as a shell does, as far as these lines need it. */
const words = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? "");

/** What a list shows under `--json`. */
async function listed<T = Record<string, unknown>>(line: string, region?: string): Promise<T[]> {
  return (await type(`${line} --json`, region)).json<T[]>();
}

/** Asks moto for what no command of ours makes: a security group, a server. */
async function prepare(fields: Record<string, string>, region = "us-east-1"): Promise<string> {
  const response = await fetch(moto.url, {
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

describe.skipIf(!hasPython())("both boto tutorials, command by command", () => {
  it("Auto Scaling: a group, its policies, its alarms, and the end of it", async () => {
    await prepare({
      Action: "CreateSecurityGroup",
      GroupName: "my_security_groups",
      GroupDescription: "tutorial",
    });
    await prepare({ Action: "CreateKeyPair", KeyName: "my_key_name" });
    const regions = await listed<{ name: string; current: boolean }>("regions list");
    expect(regions.filter(({ current }) => current).map(({ name }) => name)).toEqual(["us-east-1"]);
    expect(await listed("groups list")).toEqual([]);
    await type("lbs create my-lb --zone us-east-1a --zone us-east-1b --listener 80:8080/http");

    const made = await type(
      "groups create my_group --zone us-east-1a --zone us-east-1b --min 4 --max 8 --lb my-lb " +
        "--launch-name my-launch_config --image ami-12c6146b --size t2.micro --key-name my_key_name " +
        "--security-group my_security_groups",
    );
    expect(made.stdout).toBe("my_group: created, 4 wanted\n");
    expect(await listed("groups list")).toMatchObject([
      { name: "my_group", min: 4, max: 8, desired: 4, loadBalancers: [{ id: "my-lb" }] },
    ]);
    expect(await listed("groups activities my_group")).toEqual([]);

    await type("policies create my_group/scale_up --change +1 --cooldown 3m");
    await type("policies create my_group/scale_down --change -1 --cooldown 3m");
    const policy = (await type("policies get my_group/scale_up --json")).json<{ providerId: string }>();
    expect(policy).toMatchObject({ engine: "native", adjust: { change: 1 }, providerId: /^arn:aws:/ });

    const alarm = (name: string, bound: string, executes: string): Promise<Ran> =>
      type(
        `alarms create ${name} --metric AWS/EC2:CPUUtilization --stat Average ` +
          `--dimension AutoScalingGroupName=my_group ${bound} --period 1m --periods 2 --execute my_group/${executes}`,
      );
    await alarm("scale_up_on_cpu", "--above 70", "scale_up");
    await alarm("scale_down_on_cpu", "--below 40", "scale_down");
    expect(await listed("alarms list")).toMatchObject([
      { name: "scale_down_on_cpu", below: 40, executes: [{ group: "my_group", policy: "scale_down" }] },
      { name: "scale_up_on_cpu", above: 70, executes: [{ group: "my_group", policy: "scale_up" }] },
    ]);

    const instances = await listed<{ id: string; zone: string }>("groups instances my_group");
    expect(instances).toHaveLength(4);
    const [first] = instances;
    expect((await type(`servers get ${first?.id}`)).stdout).toContain("status: active");
    expect((await type("policies execute my_group/scale_up --json")).json()).toMatchObject({ to: 5 });

    expect((await type("groups shutdown my_group --yes --wait")).stdout).toBe("my_group: empty\n");
    expect(await listed("groups instances my_group")).toEqual([]);
    await type("alarms delete scale_up_on_cpu --yes");
    await type("alarms delete scale_down_on_cpu --yes");
    await type("groups delete my_group --yes --wait");
    expect(await listed("groups list")).toEqual([]);
    await type("lbs delete my-lb --yes");
  }, 180_000);
});
