/**
 * How balancers, pools and target groups are named.
 *
 * Note [Pools are target groups]: on AWS a pool of an application or network balancer is a target group, a thing of its
 * own with a name of its own. The one of the pool `default` has the balancer's name, so that a group's tie to the
 * balancer is read back as it was written; that of another pool is `BALANCER-pool-POOL`. A target group that somebody else
 * made is a pool with the target group's name.
 */

/** Name of the only pool of a balancer whose spec names none. */
export const DEFAULT_POOL = "default";
/** Between a balancer's name and a pool's. Target groups' names know only letters, digits and single hyphens. */
const BETWEEN = "-pool-";
/** A part of a target group's name. @see docs.aws.amazon.com, CreateTargetGroup */
const PART = /^[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*$/;
/** Most characters of a balancer's or target group's name. @see docs.aws.amazon.com, CreateTargetGroup */
const LONGEST = 32;

/**
 * What AWS would refuse of a balancer's name, and a name that it would take.
 * @see docs.aws.amazon.com, CreateLoadBalancer, Name
 */
export function balancerNameFault(name: string): { fault: string; hint: string } | undefined {
  const fault =
    name.length > LONGEST
      ? `its name is longer than ${LONGEST} characters`
      : !/^[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?$/.test(name)
        ? "its name may have letters, digits and hyphens, and no hyphen at either end"
        : name.startsWith("internal-")
          ? 'its name must not begin with "internal-", which AWS keeps for itself'
          : undefined;
  if (fault === undefined) return undefined;
  const other = name
    .replace(/^internal-/, "")
    .replace(/[^a-zA-Z0-9]+/g, "-")
    .slice(0, LONGEST)
    .replace(/^-+|-+$/g, "");
  return { fault, hint: `name it ${other === "" ? "web-1" : other}, for example` };
}

/** What AWS would refuse of the name of a pool's target group, or what would read as another balancer's pool. */
export function poolNameFault(balancer: string, pool: string): string | undefined {
  const name = targetGroupName(balancer, pool);
  if (!PART.test(pool) || !PART.test(balancer))
    return `pool ${JSON.stringify(pool)}: its target group would be ${JSON.stringify(name)}, and AWS takes letters, digits and single hyphens`;
  if (balancer.includes(BETWEEN) || pool.includes(BETWEEN))
    return `pool ${JSON.stringify(pool)}: "${BETWEEN}" stands between the names of a balancer and its pool`;
  if (name.length > LONGEST)
    return `pool ${JSON.stringify(pool)}: its target group would be ${name}, and AWS takes ${LONGEST} characters`;
  return undefined;
}

/** Name of the target group of a balancer's pool. */
export function targetGroupName(balancer: string, pool: string): string {
  return pool === DEFAULT_POOL ? balancer : `${balancer}${BETWEEN}${pool}`;
}

/** The pool that a target group is of a balancer. */
export function poolOfTargetGroup(balancer: string, targetGroup: string): string {
  if (targetGroup === balancer) return DEFAULT_POOL;
  const ours = `${balancer}${BETWEEN}`;
  return targetGroup.startsWith(ours) ? targetGroup.slice(ours.length) : targetGroup;
}

/** The balancer and its pool that a target group's name tells, as a group's tie. */
export function tieOfTargetGroup(targetGroup: string): { id: string; pool?: string } {
  const at = targetGroup.indexOf(BETWEEN);
  if (at <= 0) return { id: targetGroup };
  return { id: targetGroup.slice(0, at), pool: targetGroup.slice(at + BETWEEN.length) };
}

/** What an ARN of load balancing is about; undefined for anything else. */
export function readArn(
  text: string,
): { kind: "target-group" | "application" | "network" | "classic"; name: string } | undefined {
  const match =
    /^arn:aws[a-z-]*:elasticloadbalancing:[^:]+:\d+:(?:(targetgroup)|loadbalancer(?:\/(app|net))?)\/([^/]+)(?:\/.*)?$/.exec(
      text,
    );
  if (match?.[3] === undefined) return undefined;
  const name = match[3];
  if (match[1] !== undefined) return { kind: "target-group", name };
  if (match[2] === undefined) return { kind: "classic", name };
  return { kind: match[2] === "app" ? "application" : "network", name };
}
