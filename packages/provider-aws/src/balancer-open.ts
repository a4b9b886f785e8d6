/** Finding balancers: whatever API they belong to, by name, ARN or DNS name. */
import type { LoadBalancerDescription } from "@aws-sdk/client-elastic-load-balancing";
import type { LoadBalancer as BalancerV2 } from "@aws-sdk/client-elastic-load-balancing-v2";
import { ConflictError, collect, type LoadBalancer, NotFoundError, nearest } from "@bellows/core";
import { classicTags, listedClassic, openClassic } from "./balancer-classic.js";
import type { BalancerContext, OpenBalancer } from "./balancer-context.js";
import { allClassic, allV2, classicNamed, v2Named } from "./balancer-find.js";
import { readArn } from "./balancer-names.js";
import type { BalancerType } from "./balancer-native.js";
import { listedV2, openV2, typeOfV2 } from "./balancer-v2.js";
import type { Aws, Call } from "./client.js";

/** Balancers of both APIs, as AWS describes them. */
interface Found {
  classic: LoadBalancerDescription[];
  v2: BalancerV2[];
}

/**
 * The balancer that a reference means.
 * @throws NotFoundError with the nearest name. @throws ConflictError when a name fits a classic and another balancer.
 */
export async function openBalancer(context: BalancerContext, ref: string, call: Call): Promise<OpenBalancer> {
  const found = await findBalancer(context, ref, call);
  if (found !== undefined) return found;
  const near = await nearestName(context.aws, ref, call);
  throw new NotFoundError(`there is no load balancer "${ref}"`, {
    provider: context.aws.key,
    operation: call.operation,
    resource: ref,
    hint: near === undefined ? "bellows lbs list shows what there is" : `did you mean "${near}"?`,
  });
}

/** As {@link openBalancer}; undefined when there is none. @throws ConflictError */
export async function findBalancer(
  context: BalancerContext,
  ref: string,
  call: Call,
): Promise<OpenBalancer | undefined> {
  const found = await look(context, ref, call);
  const all = [
    ...found.classic.map((one) => openClassic(context, one)),
    ...found.v2.filter((one) => typeOfV2(one) !== undefined).map((one) => openV2(context, one)),
  ];
  if (all.length > 1)
    throw new ConflictError(
      `load balancer "${ref}" fits ${all.length}: ${all.map(({ type, id }) => `${type} ${id}`).join(", ")}`,
      {
        provider: context.aws.key,
        operation: call.operation,
        resource: ref,
        hint: "use its ARN or DNS name",
      },
    );
  const [only] = all;
  if (only !== undefined) context.seen.set(only.name, only.type === "classic" ? "classic" : "v2");
  return only;
}

/** The balancer of this type and name, without asking for others. */
export async function findOfType(
  context: BalancerContext,
  type: BalancerType,
  name: string,
  call: Call,
): Promise<OpenBalancer | undefined> {
  const { aws } = context;
  if (type === "classic") {
    const [found] = await classicNamed(aws, [name], call);
    return found && openClassic(context, found);
  }
  const found = (await v2Named(aws, [name], call)).find((one) => typeOfV2(one) === type);
  return found && openV2(context, found);
}

async function look({ aws, seen }: BalancerContext, ref: string, call: Call): Promise<Found> {
  const arn = readArn(ref);
  if (arn?.kind === "target-group") return { classic: [], v2: [] };
  if (arn?.kind === "classic") return { classic: await classicNamed(aws, [arn.name], call), v2: [] };
  if (arn !== undefined) {
    const named = await v2Named(aws, [arn.name], call);
    return { classic: [], v2: named.filter(({ LoadBalancerArn }) => LoadBalancerArn === ref) };
  }
  if (ref.includes(".")) return lookForDnsName(aws, ref.toLowerCase(), call);
  const before = seen.get(ref);
  const [classic, v2] = await Promise.all([
    before === "v2" ? [] : classicNamed(aws, [ref], call),
    before === "classic" ? [] : v2Named(aws, [ref], call),
  ]);
  if (before === undefined || classic.length + v2.length > 0) return { classic, v2 };
  seen.delete(ref);
  return look({ aws, seen } as BalancerContext, ref, call);
}

async function lookForDnsName(aws: Aws, dnsName: string, call: Call): Promise<Found> {
  const [classic, v2] = await Promise.all([collect(allClassic(aws, call)), collect(allV2(aws, call))]);
  const isIt = ({ DNSName }: { DNSName?: string | undefined }): boolean => DNSName?.toLowerCase() === dnsName;
  return { classic: classic.filter(isIt), v2: v2.filter(isIt) };
}

async function nearestName(aws: Aws, ref: string, call: Call): Promise<string | undefined> {
  const [classic, v2] = await Promise.all([collect(allClassic(aws, call)), collect(allV2(aws, call))]);
  return nearest(
    ref,
    [...classic, ...v2].map(({ LoadBalancerName = "" }) => LoadBalancerName),
  );
}

/** Balancers whose tags are asked for together. */
const CHUNK = 20;

/**
 * Lists balancers of both APIs; with names, only those, and those that are not there are passed over.
 * Classic ones take a call a page and one for the tags of twenty; the health of their members is not asked for.
 */
export async function* listBalancers(
  aws: Aws,
  names: readonly string[] | undefined,
  call: Call,
): AsyncGenerator<LoadBalancer> {
  const classic = names === undefined ? allClassic(aws, call) : await classicNamed(aws, names, call);
  for await (const chunk of inChunks(classic)) {
    const tags = await classicTags(
      aws,
      chunk.map(({ LoadBalancerName = "" }) => LoadBalancerName),
      call,
    );
    for (const one of chunk) yield listedClassic(one, tags.get(one.LoadBalancerName ?? "") ?? []);
  }
  const v2 = names === undefined ? await collect(allV2(aws, call)) : await v2Named(aws, names, call);
  yield* listedV2(aws, v2, call);
}

async function* inChunks<T>(items: AsyncIterable<T> | Iterable<T>): AsyncGenerator<T[]> {
  let chunk: T[] = [];
  for await (const item of items) {
    chunk.push(item);
    if (chunk.length < CHUNK) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
