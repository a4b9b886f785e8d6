import { describe, expect, test } from "vitest";
import { NEEDS } from "./permission-table.js";
import { permissions } from "./permissions.js";

interface Statement {
  Sid: string;
  Action: string[];
  Resource: string | string[];
  Condition?: object;
}

/** The statements of a document, by what they are about. */
function statements(...[methods, scope]: Parameters<typeof permissions>): Record<string, Statement> {
  const { Statement } = permissions(methods, scope).document as { Statement: Statement[] };
  return Object.fromEntries(Statement.map((one) => [one.Sid, one]));
}

describe("permissions", () => {
  test("are sorted actions, each once, whatever the methods have in common", () => {
    expect(permissions(["groups.scale", "groups.get", "groups.scale"]).actions).toEqual([
      "autoscaling:DescribeAutoScalingGroups",
      "autoscaling:SetDesiredCapacity",
    ]);
  });

  test("of methods that ask nothing of AWS are none", () => {
    expect(permissions(["policies.translate", "webhooks.list"])).toEqual({
      actions: [],
      document: { Version: "2012-10-17", Statement: [] },
    });
  });

  test("are whole and exact: the document allows the actions and no other, each in one statement", () => {
    const { actions, document } = permissions(Object.keys(NEEDS));
    const allowed = (document as { Statement: Statement[] }).Statement.flatMap(({ Action }) => Action);
    expect(allowed.toSorted()).toEqual(actions);
  });

  test("reads are open: AWS cannot narrow them", () => {
    expect(statements(["groups.observe", "metrics.read"]).Look).toEqual({
      Sid: "Look",
      Effect: "Allow",
      Action: [
        "autoscaling:DescribeAutoScalingGroups",
        "cloudwatch:GetMetricData",
        "elasticloadbalancing:DescribeTargetGroups",
      ],
      Resource: "*",
    });
  });

  test.each([
    ["everywhere", {}, "arn:aws:autoscaling:*:*:autoScalingGroup:*:autoScalingGroupName/*"],
    [
      "in a region and an account",
      { options: { region: "eu-west-1", accountId: "123456789012" } },
      "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:*:autoScalingGroupName/*",
    ],
    [
      "in China",
      { options: { region: "cn-north-1" }, groups: ["web"] },
      "arn:aws-cn:autoscaling:cn-north-1:*:autoScalingGroup:*:autoScalingGroupName/web",
    ],
    [
      "in the government's regions",
      { options: { region: "us-gov-west-1" } },
      "arn:aws-us-gov:autoscaling:us-gov-west-1:*:autoScalingGroup:*:autoScalingGroupName/*",
    ],
  ])("groups may be changed: %s", (_where, scope, arn) => {
    expect(statements(["groups.scale"], scope).Groups?.Resource).toEqual([arn]);
  });

  test("only the named groups may be changed, and only the named balancers, whatever their type", () => {
    const { Groups, Balancers } = statements(["groups.scale", "loadBalancers.update"], {
      groups: ["web", "api"],
      loadBalancers: ["front"],
    });
    expect(Groups?.Resource).toEqual(
      ["web", "api"].map((name) => `arn:aws:autoscaling:*:*:autoScalingGroup:*:autoScalingGroupName/${name}`),
    );
    expect(Balancers?.Resource).toEqual(
      ["front", "app/front/*", "net/front/*"].map(
        (name) => `arn:aws:elasticloadbalancing:*:*:loadbalancer/${name}`,
      ),
    );
  });

  test("roles are passed to AWS's own services alone, and made for them alone", () => {
    const { PassRolesToInstances, MakeServiceLinkedRoles } = statements(["groups.create"]);
    expect(PassRolesToInstances).toMatchObject({
      Action: ["iam:PassRole"],
      Condition: {
        StringEquals: { "iam:PassedToService": ["autoscaling.amazonaws.com", "ec2.amazonaws.com"] },
      },
    });
    expect(MakeServiceLinkedRoles).toMatchObject({
      Action: ["iam:CreateServiceLinkedRole"],
      Resource: expect.arrayContaining([
        "arn:aws:iam::*:role/aws-service-role/autoscaling.amazonaws.com/*",
      ]) as string[],
    });
  });

  test("a document too long for a managed policy names no groups one by one", () => {
    const groups = Array.from({ length: 100 }, (_, index) => `a-group-with-a-long-name-${index}`);
    const { document } = permissions(["groups.scale"], { groups });
    expect(JSON.stringify(document).length).toBeLessThan(6_144);
    expect(statements(["groups.scale"], { groups }).Groups?.Resource).toHaveLength(1);
  });
});
