import { describe, expect, it } from "vitest";
import { attachmentsOf } from "./attachments.js";
import {
  balancerNameFault,
  poolNameFault,
  poolOfTargetGroup,
  readArn,
  targetGroupName,
  tieOfTargetGroup,
} from "./balancer-names.js";

const ARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012";

describe("names of balancers", () => {
  it.each(["my-lb", "a", "load-balancer-prod", "a".repeat(32)])("%s is taken", (name) => {
    expect(balancerNameFault(name)).toBeUndefined();
  });

  it.each([
    ["a".repeat(33), /longer than 32/],
    ["my_lb", /letters, digits and hyphens/],
    ["-web", /hyphen/],
    ["web-", /hyphen/],
    ["internal-web", /internal-/],
  ])("%s is refused, and one that is taken is proposed", (name, message) => {
    const { fault = "", hint = "" } = balancerNameFault(name) ?? {};
    expect(fault).toMatch(message);
    expect(balancerNameFault(/name it (\S+), /.exec(hint)?.[1] ?? "")).toBeUndefined();
  });
});

describe("names of pools", () => {
  it.each([
    ["web", "default", "web"],
    ["web", "api", "web-pool-api"],
  ])("a pool of %s, %s, is target group %s, and back", (balancer, pool, targetGroup) => {
    expect(targetGroupName(balancer, pool)).toBe(targetGroup);
    expect(poolNameFault(balancer, pool)).toBeUndefined();
    expect(poolOfTargetGroup(balancer, targetGroup)).toBe(pool);
  });

  it("are those of target groups that somebody else made", () => {
    expect(poolOfTargetGroup("web", "blue")).toBe("blue");
  });

  it.each([
    ["web", "my_pool"],
    ["web", "a--b"],
    ["web-pool-a", "default"],
    ["a-rather-long-name-of-a-balancer", "api"],
  ])("of %s that AWS would refuse are refused: %s", (balancer, pool) => {
    expect(poolNameFault(balancer, pool)).toMatch(/pool/);
  });
});

describe("ARNs of load balancing", () => {
  it.each([
    [`${ARN}:targetgroup/web/6d0ecf831eec9f09`, { kind: "target-group", name: "web" }],
    [`${ARN}:loadbalancer/app/web/50dc6c495c0c9188`, { kind: "application", name: "web" }],
    [`${ARN}:loadbalancer/net/web/50dc6c495c0c9188`, { kind: "network", name: "web" }],
    [`${ARN}:loadbalancer/web`, { kind: "classic", name: "web" }],
    ["arn:aws:s3:::bucket", undefined],
    ["web", undefined],
  ])("%s is read", (arn, expected) => {
    expect(readArn(arn)).toEqual(expected);
  });
});

describe("ties of groups", () => {
  it("are read back in the words that they are written in", () => {
    expect(
      attachmentsOf({
        LoadBalancerNames: ["my-lb"],
        TargetGroupARNs: [`${ARN}:targetgroup/web/1a`, `${ARN}:targetgroup/web-pool-api/2b`],
      }),
    ).toEqual([{ id: "my-lb" }, { id: "web" }, { id: "web", pool: "api" }]);
    expect(tieOfTargetGroup("-pool-odd")).toEqual({ id: "-pool-odd" });
    expect(attachmentsOf({})).toEqual([]);
  });
});
