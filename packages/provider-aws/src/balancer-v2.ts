/**
 * Application and network balancers. A pool is a target group; see balancer-names.ts. What is to be done is planned in
 * balancer-v2-plan.ts, and done in balancer-v2-steps.ts.
 * @see docs.aws.amazon.com, Elastic Load Balancing API 2015-12-01
 */
import type { LoadBalancer as BalancerV2, TargetGroup } from "@aws-sdk/client-elastic-load-balancing-v2";
import { ConfigError, collect, type LoadBalancer, type Member, UnsupportedError } from "@bellows/core";
import { drainMsOf } from "./balancer-attributes.js";
import { type BalancerContext, type OpenBalancer, takeSteps } from "./balancer-context.js";
import { allTargetGroups } from "./balancer-find.js";
import { pickPool } from "./balancer-members.js";
import type { BalancerType } from "./balancer-native.js";
import { FEWEST_ZONES } from "./balancer-spec.js";
import { deregisterTargets, registerTargets, targetMembers } from "./balancer-v2-members.js";
import { planV2, type StateV2, wordsOfV2 } from "./balancer-v2-plan.js";
import {
  listenersOf,
  partsFor,
  poolsOf,
  readV2,
  tagsV2,
  targetGroupsOf,
  targetsOf,
} from "./balancer-v2-read.js";
import { showV2 } from "./balancer-v2-show.js";
import { removeTargetGroup, stepsV2, type Undo } from "./balancer-v2-steps.js";
import { defaultSubnets, withSubnets } from "./balancer-v2-subnets.js";
import type { Wanted } from "./balancer-wanted.js";
import type { Aws, Call } from "./client.js";
import { takenBack, withNote } from "./making.js";

/** Balancers that a list reads at once: each takes two calls of its own and one for each pool. */
const AT_ONCE = 4;

/** The type of a balancer of the newer API; undefined for gateways, which balance no instances. */
export function typeOfV2({ Type }: BalancerV2): BalancerType | undefined {
  return Type === "application" || Type === "network" ? Type : undefined;
}

/** The calls that an application or network balancer understands, with its ARN bound. */
export function openV2(context: BalancerContext, balancer: BalancerV2): OpenBalancer {
  const { aws } = context;
  const { LoadBalancerArn: arn = "", LoadBalancerName: name = "" } = balancer;
  const pools = async (call: Call) => poolsOf(name, await targetGroupsOf(aws, arn, call), new Map(), []);
  const pick = async (call: Call, pool: string | undefined): Promise<TargetGroup> =>
    pickPool(await pools(call), pool, name).group;
  const membersOf = async (state: Pick<StateV2, "pools">, call: Call): Promise<Map<string, Member[]>> =>
    new Map(
      await Promise.all(
        [...state.pools].map(async ([pool, { group }]) => [pool, await targetsOf(aws, group, call)] as const),
      ),
    );
  const compare = async (wanted: Wanted, call: Call) => {
    const there = await readV2(aws, balancer, partsFor(wanted), call);
    const settled = await withSubnets(aws, there, wanted, call);
    return { there, wanted: settled, plan: planV2(there, settled) };
  };
  const zonesNow = (): { zone: string; subnet: string }[] =>
    (balancer.AvailabilityZones ?? []).map(({ ZoneName = "", SubnetId = "" }) => ({
      zone: ZoneName,
      subnet: SubnetId,
    }));
  const stand = async (all: readonly { zone: string; subnet: string }[], call: Call): Promise<string[]> => {
    const Subnets = all.map(({ subnet }) => subnet);
    const answer = await aws.elbV2(
      (sdk) => new sdk.SetSubnetsCommand({ LoadBalancerArn: arn, Subnets }),
      call,
    );
    return (answer.AvailabilityZones ?? []).map(({ ZoneName = "" }) => ZoneName);
  };

  return {
    name,
    id: arn,
    type: typeOfV2(balancer) ?? "application",
    async outline(call) {
      const there = await readV2(aws, balancer, NO_PARTS, call);
      return showV2(there, new Map());
    },
    async show(call) {
      const there = await readV2(aws, balancer, { attributes: true, poolAttributes: true, tags: true }, call);
      return showV2(there, await membersOf(there, call));
    },
    differences: async (wanted, call) => wordsOfV2((await compare(wanted, call)).plan),
    async change(asked, call) {
      const { there, wanted, plan } = await compare(asked, call);
      refuse(name, plan.refused, call);
      const made: Undo[] = [];
      try {
        await takeSteps(stepsV2({ context, there, wanted, plan, call, made }));
      } catch (error) {
        throw await takenBack(error, made);
      }
    },
    async remove(call) {
      const groups = await targetGroupsOf(aws, arn, call);
      const arns = groups.map(({ TargetGroupArn = "" }) => TargetGroupArn);
      const all = poolsOf(name, groups, await tagsV2(aws, arns, call), []);
      await aws.elbV2((sdk) => new sdk.DeleteLoadBalancerCommand({ LoadBalancerArn: arn }), call);
      await removePools(
        context,
        [...all.values()].filter(({ isOurs }) => isOurs).map(({ group }) => group),
        call,
      );
    },
    members: async (call, pool) => targetMembers(aws, await pick(call, pool), call),
    register: async (members, call, pool) => registerTargets(aws, await pick(call, pool), members, call),
    deregister: async (ids, call, pool) => deregisterTargets(aws, await pick(call, pool), ids, call),
    async drainMs(call, pool) {
      const there = await readV2(
        aws,
        balancer,
        { attributes: false, poolAttributes: true, tags: false },
        call,
      );
      return drainMsOf(pickPool(there.pools, pool, name).attributes) ?? 0;
    },
    async enableZones(zones, call) {
      const now = zonesNow();
      const more = zones.filter((zone) => !now.some((one) => one.zone === zone));
      if (more.length === 0) return now.map(({ zone }) => zone);
      return stand([...now, ...(await defaultSubnets(aws, more, call))], call);
    },
    async disableZones(zones, call) {
      const now = zonesNow();
      const left = now.filter(({ zone }) => !zones.includes(zone));
      if (left.length === now.length) return now.map(({ zone }) => zone);
      const fewest = typeOfV2(balancer) === "application" ? FEWEST_ZONES : 1;
      if (left.length < fewest) throw tooFewZones(name, left.length, fewest, call);
      return stand(left, call);
    },
    async setMetadata(metadata, call) {
      const wanted: Wanted = { name, type: "application", metadata, native: {} };
      const { there, plan } = await compare(wanted, call);
      await takeSteps(stepsV2({ context, there, wanted, plan, call, made: [] }));
    },
  };
}

const NO_PARTS = { attributes: false, poolAttributes: false, tags: false };

/** Removes the target groups of a balancer that is gone. @throws what stopped it, with the names of those that are left. */
async function removePools(
  context: BalancerContext,
  groups: readonly TargetGroup[],
  call: Call,
): Promise<void> {
  const left: string[] = [];
  let failure: unknown;
  for (const { TargetGroupArn = "", TargetGroupName = "" } of groups) {
    try {
      await removeTargetGroup(context, TargetGroupArn, call);
    } catch (error) {
      failure ??= error;
      left.push(`target group ${TargetGroupName}`);
    }
  }
  if (left.length > 0) throw withNote(failure, `the balancer is gone, left behind: ${left.join(", ")}`);
}

/** Balancers as a list shows them: without attributes of pools. Each takes a call for its listeners, and one for each pool. */
export async function* listedV2(
  aws: Aws,
  balancers: readonly BalancerV2[],
  call: Call,
): AsyncGenerator<LoadBalancer> {
  const known = balancers.filter((balancer) => typeOfV2(balancer) !== undefined);
  if (known.length === 0) return;
  const arns = known.map(({ LoadBalancerArn = "" }) => LoadBalancerArn);
  const [tags, groups] = await Promise.all([tagsV2(aws, arns, call), collect(allTargetGroups(aws, call))]);
  for (let start = 0; start < known.length; start += AT_ONCE)
    yield* await Promise.all(
      known.slice(start, start + AT_ONCE).map(async (balancer) => {
        const { LoadBalancerArn: arn = "", LoadBalancerName = "" } = balancer;
        const own = groups.filter(({ LoadBalancerArns }) => LoadBalancerArns?.includes(arn));
        const pools = poolsOf(LoadBalancerName, own, new Map(), []);
        const [listeners, ...members] = await Promise.all([
          listenersOf(aws, arn, call),
          ...[...pools].map(async ([name, { group }]) => [name, await targetsOf(aws, group, call)] as const),
        ]);
        return showV2(
          { balancer, listeners, pools, attributes: {}, tags: tags.get(arn) ?? [] },
          new Map(members),
        );
      }),
    );
}

/** @throws UnsupportedError for what AWS can't change. */
function refuse(name: string, refused: readonly string[], { operation }: Call): void {
  if (refused.length === 0) return;
  throw new UnsupportedError(`${refused.join(", ")} of load balancer ${name} cannot be changed`, {
    resource: name,
    operation,
    hint: "make another pool or another balancer, and move its groups there",
  });
}

function tooFewZones(name: string, left: number, fewest: number, { operation }: Call): ConfigError {
  return new ConfigError(`load balancer ${name} would stand in ${left} zones, and needs ${fewest}`, {
    resource: name,
    operation,
    hint: "enable another one first",
  });
}
