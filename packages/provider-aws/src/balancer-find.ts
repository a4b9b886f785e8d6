/** Balancers and target groups as AWS describes them, found by name in as few calls as it allows. */

import type { LoadBalancerDescription } from "@aws-sdk/client-elastic-load-balancing";
import type { LoadBalancer as BalancerV2, TargetGroup } from "@aws-sdk/client-elastic-load-balancing-v2";
import { collect, isBellowsError, pages } from "@bellows/core";
import type { Aws, Call } from "./client.js";

/** Most things a page of both APIs. @see docs.aws.amazon.com, DescribeLoadBalancers, PageSize */
const PAGE_SIZE = 400;
/** Most names or ARNs a call of the newer API; the older one takes as many as a page holds. */
const NAMES_V2 = 20;

/** All classic balancers of the region. */
export function allClassic(aws: Aws, call: Call): AsyncGenerator<LoadBalancerDescription> {
  return pages(async (Marker) => {
    const answer = await aws.elb(
      (sdk) => new sdk.DescribeLoadBalancersCommand({ PageSize: PAGE_SIZE, ...(Marker && { Marker }) }),
      call,
    );
    return page(answer.LoadBalancerDescriptions, answer.NextMarker);
  }, signalOf(call));
}

/** All application and network balancers of the region, and others of the newer API. */
export function allV2(aws: Aws, call: Call): AsyncGenerator<BalancerV2> {
  return pages(async (Marker) => {
    const answer = await aws.elbV2(
      (sdk) => new sdk.DescribeLoadBalancersCommand({ PageSize: PAGE_SIZE, ...(Marker && { Marker }) }),
      call,
    );
    return page(answer.LoadBalancers, answer.NextMarker);
  }, signalOf(call));
}

/**
 * All target groups of the region, or of one balancer.
 * @param LoadBalancerArn - ARN of the balancer.
 */
export function allTargetGroups(aws: Aws, call: Call, LoadBalancerArn?: string): AsyncGenerator<TargetGroup> {
  return pages(async (Marker) => {
    const answer = await aws.elbV2(
      (sdk) =>
        new sdk.DescribeTargetGroupsCommand({
          ...(LoadBalancerArn === undefined ? { PageSize: PAGE_SIZE } : { LoadBalancerArn }),
          ...(Marker && { Marker }),
        }),
      call,
    );
    return page(answer.TargetGroups, answer.NextMarker);
  }, signalOf(call));
}

/** Classic balancers with these names, as far as there are such. */
export function classicNamed(
  aws: Aws,
  names: readonly string[],
  call: Call,
): Promise<LoadBalancerDescription[]> {
  return named(names, {
    most: PAGE_SIZE,
    ask: async (LoadBalancerNames) => {
      const answer = await aws.elb(
        (sdk) => new sdk.DescribeLoadBalancersCommand({ LoadBalancerNames }),
        call,
      );
      return answer.LoadBalancerDescriptions ?? [];
    },
    all: () => allClassic(aws, call),
    keyOf: ({ LoadBalancerName }) => LoadBalancerName,
  });
}

/** Balancers of the newer API with these names, as far as there are such. */
export function v2Named(aws: Aws, names: readonly string[], call: Call): Promise<BalancerV2[]> {
  return named(names, {
    most: NAMES_V2,
    ask: async (Names) => {
      const answer = await aws.elbV2((sdk) => new sdk.DescribeLoadBalancersCommand({ Names }), call);
      return answer.LoadBalancers ?? [];
    },
    all: () => allV2(aws, call),
    keyOf: ({ LoadBalancerName }) => LoadBalancerName,
  });
}

/** Target groups with these names, as far as there are such. */
export function targetGroupsNamed(aws: Aws, names: readonly string[], call: Call): Promise<TargetGroup[]> {
  return named(names, {
    most: NAMES_V2,
    ask: async (Names) => {
      const answer = await aws.elbV2((sdk) => new sdk.DescribeTargetGroupsCommand({ Names }), call);
      return answer.TargetGroups ?? [];
    },
    all: () => allTargetGroups(aws, call),
    keyOf: ({ TargetGroupName }) => TargetGroupName,
  });
}

interface Naming<T> {
  /** Most names a call. */
  most: number;
  ask(names: string[]): Promise<T[]>;
  all(): AsyncIterable<T>;
  keyOf(item: T): string | undefined;
}

/** A name that something can have; AWS refuses to look for others. */
const POSSIBLE = /^[a-zA-Z0-9-]{1,32}$/;

/**
 * Asks by name; AWS refuses the whole call when one of them is unknown, and does not say which by a code. Then, and
 * when there are too many for one call, everything is listed: that is one page almost everywhere.
 */
async function named<T>(names: readonly string[], { most, ask, all, keyOf }: Naming<T>): Promise<T[]> {
  const wanted = new Set(names.filter((name) => POSSIBLE.test(name)));
  if (wanted.size === 0) return [];
  if (wanted.size <= most) {
    try {
      return await ask([...wanted]);
    } catch (error) {
      if (!isBellowsError(error, "not-found")) throw error;
      if (wanted.size === 1) return [];
    }
  }
  return (await collect(all())).filter((item) => wanted.has(keyOf(item) ?? ""));
}

function page<T>(items: readonly T[] | undefined, next: string | undefined) {
  return { items: items ?? [], ...(next === undefined ? {} : { next }) };
}

function signalOf({ signal }: Call): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
