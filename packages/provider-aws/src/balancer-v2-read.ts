/** Reading application and network balancers: their parts are things of their own, asked for together. */
import type {
  LoadBalancer as BalancerV2,
  Listener as ListenerV2,
  TargetGroup,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { collect, isBellowsError, type Member, pages } from "@bellows/core";
import { balancerPairs, type Pairs, pairsOf, poolPairs } from "./balancer-attributes.js";
import { allTargetGroups } from "./balancer-find.js";
import { poolOfTargetGroup } from "./balancer-names.js";
import { BALANCER_TAGS, type Tag, tagValue } from "./balancer-tags.js";
import type { PoolState, StateV2 } from "./balancer-v2-plan.js";
import { showTarget } from "./balancer-v2-show.js";
import type { Wanted } from "./balancer-wanted.js";
import type { Aws, Call } from "./client.js";

/** Most things whose tags a call tells. @see docs.aws.amazon.com, DescribeTags (2015-12-01) */
const TAGS_A_CALL = 20;

/** What of a balancer is to be read; its listeners and target groups always are. */
interface Parts {
  attributes: boolean;
  poolAttributes: boolean;
  tags: boolean;
}

/** What must be known to compare a balancer with what is wanted of it. */
export function partsFor({ type, native, pools, metadata, owner, listeners }: Wanted): Parts {
  return {
    attributes: Object.keys(balancerPairs(native, type)).length > 0,
    poolAttributes: [{}, ...(pools ?? [])].some(
      (pool) => Object.keys(poolPairs(native, pool, type)).length > 0,
    ),
    tags: (metadata ?? owner ?? listeners) !== undefined,
  };
}

/** A balancer with these parts. */
export async function readV2(aws: Aws, balancer: BalancerV2, parts: Parts, call: Call): Promise<StateV2> {
  const { LoadBalancerArn: arn = "", LoadBalancerName: name = "" } = balancer;
  const [listeners, groups, attributes] = await Promise.all([
    listenersOf(aws, arn, call),
    targetGroupsOf(aws, arn, call),
    parts.attributes ? attributesOf(aws, arn, call) : {},
  ]);
  const arns = groups.map(({ TargetGroupArn = "" }) => TargetGroupArn);
  const [tags, pairs] = await Promise.all([
    parts.tags ? tagsV2(aws, [arn, ...arns], call) : new Map<string, readonly Tag[]>(),
    parts.poolAttributes ? Promise.all(arns.map((group) => poolAttributesOf(aws, group, call))) : [],
  ]);
  return {
    balancer,
    listeners,
    pools: poolsOf(name, groups, tags, pairs),
    attributes,
    tags: tags.get(arn) ?? [],
  };
}

/** Target groups by the pool that each one is. */
export function poolsOf(
  balancer: string,
  groups: readonly TargetGroup[],
  tags: ReadonlyMap<string, readonly Tag[]>,
  pairs: readonly Pairs[],
): Map<string, PoolState> {
  return new Map(
    groups.map((group, index) => [
      poolOfTargetGroup(balancer, group.TargetGroupName ?? ""),
      {
        group,
        attributes: pairs[index] ?? {},
        isOurs: tagValue(tags.get(group.TargetGroupArn ?? "") ?? [], BALANCER_TAGS.balancer) === balancer,
      },
    ]),
  );
}

/** All listeners of a balancer. */
export function listenersOf(aws: Aws, LoadBalancerArn: string, call: Call): Promise<ListenerV2[]> {
  return collect(
    pages(
      async (Marker) => {
        const answer = await aws.elbV2(
          (sdk) => new sdk.DescribeListenersCommand({ LoadBalancerArn, ...(Marker && { Marker }) }),
          call,
        );
        return {
          items: answer.Listeners ?? [],
          ...(answer.NextMarker === undefined ? {} : { next: answer.NextMarker }),
        };
      },
      call.signal === undefined ? {} : { signal: call.signal },
    ),
  );
}

/** All target groups that a balancer's listeners forward to. */
export async function targetGroupsOf(aws: Aws, arn: string, call: Call): Promise<TargetGroup[]> {
  try {
    return await collect(allTargetGroups(aws, call, arn));
  } catch (error) {
    // A balancer without any is answered as if they were missing.
    if (isBellowsError(error, "not-found") && error.vendorCode?.startsWith("TargetGroup") === true) return [];
    throw error;
  }
}

/** Tags of balancers and target groups by ARN. */
export async function tagsV2(
  aws: Aws,
  arns: readonly string[],
  call: Call,
): Promise<Map<string, readonly Tag[]>> {
  const found = new Map<string, readonly Tag[]>();
  for (let start = 0; start < arns.length; start += TAGS_A_CALL) {
    const ResourceArns = arns.slice(start, start + TAGS_A_CALL);
    const { TagDescriptions } = await aws.elbV2((sdk) => new sdk.DescribeTagsCommand({ ResourceArns }), call);
    for (const { ResourceArn = "", Tags = [] } of TagDescriptions ?? []) found.set(ResourceArn, Tags);
  }
  return found;
}

async function attributesOf(aws: Aws, LoadBalancerArn: string, call: Call): Promise<Pairs> {
  const answer = await aws.elbV2(
    (sdk) => new sdk.DescribeLoadBalancerAttributesCommand({ LoadBalancerArn }),
    call,
  );
  return pairsOf(answer.Attributes);
}

async function poolAttributesOf(aws: Aws, TargetGroupArn: string, call: Call): Promise<Pairs> {
  const answer = await aws.elbV2(
    (sdk) => new sdk.DescribeTargetGroupAttributesCommand({ TargetGroupArn }),
    call,
  );
  return pairsOf(answer.Attributes);
}

/** The members of a target group with their health. */
export async function targetsOf(aws: Aws, group: TargetGroup, call: Call): Promise<Member[]> {
  const { TargetGroupArn } = group;
  const answer = await aws.elbV2((sdk) => new sdk.DescribeTargetHealthCommand({ TargetGroupArn }), call);
  return (answer.TargetHealthDescriptions ?? []).map((target) => showTarget(target, group));
}
