import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bellows, fakeContext } from "./harness.js";

const FILE = `version: 1
name: shop
providers:
  here: { use: local }
  prod: { use: aws, region: eu-west-1, accountId: "123456789012" }
loadBalancers:
  front: { provider: prod, listeners: [{ port: 80, protocol: http }], zones: [eu-west-1a] }
groups:
  worker: { provider: here, min: 0, max: 1, launch: { command: node } }
  legacy:
    provider: prod
    existing: my_group
    metrics: { cpu: { source: group, metric: cpuPercent } }
    policies: { busy: { when: cpu > 70, change: +1 } }
`;

interface Document {
  Version: string;
  Statement: { Sid: string; Action: string[]; Resource: string | string[] }[];
}

/** Runs `bellows permissions` on a file. */
async function permissions(words = "", file = FILE) {
  const context = fakeContext();
  writeFileSync(join(context.cwd, "bellows.yaml"), file);
  const ran = await bellows(["permissions", ...words.split(" ").filter((word) => word !== "")], context);
  return { ...ran, actions: () => actionsOf(ran.json() as Document) };
}

const actionsOf = ({ Statement }: Document): string[] => Statement.flatMap(({ Action }) => Action).sort();

describe("bellows permissions", () => {
  it("prints the one policy of a file, and says which providers need none", async () => {
    const { code, json, stderr } = await permissions();
    expect([code, stderr]).toEqual([
      0,
      "provider here knows no permissions: nothing is to be granted there\n",
    ]);
    expect(json()).toMatchObject({ Version: "2012-10-17" });
  });

  it("looking at a group that only runs is all that is granted beside its count", async () => {
    expect((await permissions("--for run")).actions()).toEqual([
      "autoscaling:DescribeAutoScalingGroups",
      "autoscaling:SetDesiredCapacity",
      "cloudwatch:GetMetricData",
      "elasticloadbalancing:DescribeTargetGroups",
    ]);
  });

  it("its count may be set of that group alone, in its region and account", async () => {
    const { Statement } = (await permissions("--for run")).json() as Document;
    expect(Statement.find(({ Sid }) => Sid === "Groups")?.Resource).toEqual([
      "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:*:autoScalingGroupName/my_group",
    ]);
  });

  it("a group that is only observed may not be changed", async () => {
    const { actions } = await permissions("--for run", `${FILE}    mode: observe\n`);
    expect(actions()).not.toContain("autoscaling:SetDesiredCapacity");
  });

  it("what is made needs more, and what is pruned is looked for everywhere", async () => {
    const apply = (await permissions("--for apply")).actions();
    expect(apply).toContain("elasticloadbalancing:CreateLoadBalancer");
    expect(apply).not.toContain("autoscaling:DeleteAutoScalingGroup");
    const pruned = (await permissions("--for apply --prune")).json() as Document;
    expect(actionsOf(pruned)).toContain("autoscaling:DeleteAutoScalingGroup");
    expect(pruned.Statement.find(({ Sid }) => Sid === "Groups")?.Resource).toEqual([
      "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:*:autoScalingGroupName/*",
    ]);
  });

  it("several clouds stand under their names; --provider chooses one", async () => {
    const file = FILE.replace("  here: { use: local }", "  here: { use: aws, region: cn-north-1 }").replace(
      "launch: { command: node }",
      "zones: [a], launch: { image: ami-1, size: t3.small }",
    );
    const both = (await permissions("", file)).json() as Record<string, Document>;
    expect(Object.keys(both)).toEqual(["here", "prod"]);
    const here = (await permissions("--provider here", file)).json() as Document;
    expect(JSON.stringify(here)).toContain("arn:aws-cn:autoscaling:cn-north-1:*:");
  });

  it("--json also names the methods", async () => {
    const { providers } = (await permissions("--json")).json() as {
      providers: { provider: string; methods: string[]; actions: string[] }[];
    };
    expect(providers.map(({ provider }) => provider)).toEqual(["prod"]);
    expect(providers[0]?.methods).toContain("groups.observe");
    expect(providers[0]?.actions).toEqual([...(providers[0]?.actions ?? [])].sort());
  });
});
