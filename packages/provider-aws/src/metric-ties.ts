import { collect, type Host } from "@bellows/core";
import { allTargetGroups } from "./balancer-find.js";
import { readArn } from "./balancer-names.js";
import type { Aws, Call } from "./client.js";
import { describeGroups, GROUPS_PER_CALL } from "./group-read.js";
import type { Ties } from "./metric-groups.js";

/** How long it is remembered what stands in front of a group: it changes seldom, and is asked about every round. */
const KEPT_MS = 5 * 60_000;

/** What is known of the balancers in front of groups. */
export interface TiesBook {
  /** Ties of these groups, as far as there are such groups; a hundred of them a call, and none while remembered. */
  of(groups: readonly string[], call: () => Call): Promise<ReadonlyMap<string, Ties>>;
}

/** Makes an empty one. */
export function createTiesBook(aws: Aws, { clock }: Host): TiesBook {
  const known = new Map<string, { ties: Ties; untilMs: number }>();
  const isKnown = (group: string): boolean => (known.get(group)?.untilMs ?? 0) > clock.monotonic();
  return {
    async of(groups, call) {
      const asked = [...new Set(groups)];
      const unknown = asked.filter((group) => !isKnown(group));
      for (const group of unknown) known.delete(group);
      const found = await readTies(aws, unknown, call);
      const untilMs = clock.monotonic() + KEPT_MS;
      for (const [group, ties] of found) known.set(group, { ties, untilMs });
      return new Map(
        asked.flatMap((group) => {
          const entry = known.get(group);
          return entry === undefined ? [] : [[group, entry.ties]];
        }),
      );
    },
  };
}

async function readTies(aws: Aws, names: readonly string[], call: () => Call): Promise<Map<string, Ties>> {
  const chunks = Array.from({ length: Math.ceil(names.length / GROUPS_PER_CALL) }, (_, index) =>
    names.slice(index * GROUPS_PER_CALL, (index + 1) * GROUPS_PER_CALL),
  );
  const pages = await Promise.all(chunks.map((chunk) => describeGroups(aws, chunk, call())));
  const groups = pages.flatMap((page) => [...page]);
  const hasTargets = groups.some(([, { TargetGroupARNs = [] }]) => TargetGroupARNs.length > 0);
  const balancers = hasTargets ? await balancersOfTargets(aws, call()) : new Map<string, string[]>();
  return new Map(
    groups.map(([name, { LoadBalancerNames = [], TargetGroupARNs = [] }]) => [
      name,
      tiesOf(LoadBalancerNames, TargetGroupARNs, balancers),
    ]),
  );
}

/** ARNs of the balancers in front of each target group, by its ARN. */
async function balancersOfTargets(aws: Aws, call: Call): Promise<Map<string, string[]>> {
  const all = await collect(allTargetGroups(aws, call));
  return new Map(
    all.map(({ TargetGroupArn = "", LoadBalancerArns = [] }) => [TargetGroupArn, LoadBalancerArns]),
  );
}

/**
 * What stands in front of a group, as the dimensions of metrics name it.
 * @param balancers - ARNs of the balancers in front of each target group, by its ARN.
 */
export function tiesOf(
  classic: readonly string[],
  targetGroups: readonly string[],
  balancers: ReadonlyMap<string, readonly string[]>,
): Ties {
  const targets: { targetGroup: string; loadBalancer: string }[] = [];
  const without: string[] = [];
  for (const arn of targetGroups) {
    const application = (balancers.get(arn) ?? []).filter((each) => readArn(each)?.kind === "application");
    for (const balancer of application)
      targets.push({
        targetGroup: lastPart(arn),
        loadBalancer: lastPart(balancer).replace(/^loadbalancer\//, ""),
      });
    if (application.length === 0) without.push(readArn(arn)?.name ?? arn);
  }
  return { classic, targets, without };
}

/** `targetgroup/NAME/ID` of an ARN. */
function lastPart(arn: string): string {
  return arn.slice(arn.lastIndexOf(":") + 1);
}
