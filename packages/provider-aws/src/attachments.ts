import type { AutoScalingGroup } from "@aws-sdk/client-auto-scaling";
import type { TargetGroup } from "@aws-sdk/client-elastic-load-balancing-v2";
import { type Attachment, ConfigError, ConflictError, collect, NotFoundError, nearest } from "@bellows/core";
import { allClassic, allTargetGroups, classicNamed, targetGroupsNamed, v2Named } from "./balancer-find.js";
import {
  DEFAULT_POOL,
  poolOfTargetGroup,
  readArn,
  targetGroupName,
  tieOfTargetGroup,
} from "./balancer-names.js";
import type { Aws, Call } from "./client.js";

/** What a group is tied to, in the words of AWS. */
export interface ResolvedAttachments {
  /** Names of classic balancers. */
  LoadBalancerNames: string[];
  TargetGroupARNs: string[];
}

/** One tie, and the target group that it would mean. */
interface Tie {
  /** As it was written. */
  written: string;
  pool: string | undefined;
  /** Name of the balancer or target group. */
  name: string;
  /** Name of the target group, if it is one of the newer API. */
  targetGroup: string;
  /** What its ARN says that it is; undefined: it was a name. */
  kind: NonNullable<ReturnType<typeof readArn>>["kind"] | undefined;
}

/**
 * Finds what a group is to be tied to: classic balancers, target groups, and application and network balancers by
 * their pool's target group. One call of each API for all of them, as a rule.
 * @param ties - names or ARNs; a bare string means `{ id }`.
 * @throws NotFoundError that names all that are not there. @throws ConflictError when a name fits a classic balancer
 * and a target group, or a balancer has several pools. @throws ConfigError for a port, which AWS's balancers have themselves.
 */
export async function resolveAttachments(
  aws: Aws,
  ties: readonly (Attachment | string)[],
  call: Call,
): Promise<ResolvedAttachments> {
  const wanted = ties.map((tie) => readTie(tie, aws.key));
  const maybeClassic = wanted.filter(isMaybeClassic).map(({ name }) => name);
  const maybeTargets = wanted.filter(({ kind }) => kind !== "classic").map(({ targetGroup }) => targetGroup);
  const [balancers, targetGroups] = await Promise.all([
    classicNamed(aws, maybeClassic, call),
    targetGroupsNamed(aws, maybeTargets, call),
  ]);
  const classic = new Set(balancers.map(({ LoadBalancerName }) => LoadBalancerName));
  const targets = new Map(targetGroups.map((group) => [group.TargetGroupName ?? "", group]));
  const found: ResolvedAttachments = { LoadBalancerNames: [], TargetGroupARNs: [] };
  const rest: Tie[] = [];
  for (const tie of wanted) {
    const isClassic = isMaybeClassic(tie) && classic.has(tie.name);
    const target = tie.kind === "classic" ? undefined : targets.get(tie.targetGroup);
    if (isClassic && target !== undefined)
      throw ambiguous(tie, [`classic balancer ${tie.name}`, arnOf(target)]);
    if (isClassic) add(found.LoadBalancerNames, tie.name);
    else if (target !== undefined) add(found.TargetGroupARNs, arnOf(target));
    else rest.push(tie);
  }
  for (const arn of await pickTargetGroups(aws, rest, call)) add(found.TargetGroupARNs, arn);
  return found;
}

/** What a group is tied to, from its description alone. The names are those that {@link resolveAttachments} finds. */
export function attachmentsOf(
  group: Pick<AutoScalingGroup, "LoadBalancerNames" | "TargetGroupARNs">,
): Attachment[] {
  return [
    ...(group.LoadBalancerNames ?? []).map((id) => ({ id })),
    ...(group.TargetGroupARNs ?? []).map((arn) => tieOfTargetGroup(readArn(arn)?.name ?? arn)),
  ];
}

function readTie(tie: Attachment | string, provider: string): Tie {
  const { id, pool, port } =
    typeof tie === "string" ? { id: tie } : { pool: undefined, port: undefined, ...tie };
  if (port !== undefined)
    throw new ConfigError(`the tie to ${id} names port ${port}`, {
      provider,
      resource: id,
      hint: "leave it out: a balancer of AWS knows the port of its instances itself",
    });
  const { kind, name } = readArn(id) ?? { kind: undefined, name: id };
  return {
    written: id,
    pool,
    name,
    kind,
    targetGroup: kind === "target-group" || pool === undefined ? name : targetGroupName(name, pool),
  };
}

function isMaybeClassic({ kind, pool }: Tie): boolean {
  return kind === "classic" || (kind === undefined && (pool === undefined || pool === DEFAULT_POOL));
}

/** Target groups of balancers that somebody else made, whose target groups are not named by our rule. */
async function pickTargetGroups(aws: Aws, ties: readonly Tie[], call: Call): Promise<string[]> {
  const maybeBalancers = ties.filter(({ kind }) => kind !== "classic" && kind !== "target-group");
  const balancers = await v2Named(
    aws,
    maybeBalancers.map(({ name }) => name),
    call,
  );
  const byName = new Map(
    balancers.map(({ LoadBalancerName, LoadBalancerArn }) => [LoadBalancerName, LoadBalancerArn]),
  );
  const missing: Tie[] = [];
  const picked: string[] = [];
  for (const tie of ties) {
    const balancer = maybeBalancers.includes(tie) ? byName.get(tie.name) : undefined;
    const target =
      balancer === undefined ? undefined : pick(tie, await collect(allTargetGroups(aws, call, balancer)));
    if (target === undefined) missing.push(tie);
    else picked.push(arnOf(target));
  }
  if (missing.length > 0) throw await notFound(aws, missing, call);
  return picked;
}

function pick(tie: Tie, all: readonly TargetGroup[]): TargetGroup | undefined {
  const fitting =
    tie.pool === undefined
      ? all
      : all.filter(({ TargetGroupName = "" }) => poolOfTargetGroup(tie.name, TargetGroupName) === tie.pool);
  if (fitting.length > 1)
    throw ambiguous(
      tie,
      fitting.map(({ TargetGroupName = "" }) => TargetGroupName),
    );
  return fitting[0];
}

function ambiguous(tie: Tie, candidates: readonly string[]): ConflictError {
  return new ConflictError(
    `load balancer "${tie.written}" fits ${candidates.length}: ${candidates.join(", ")}`,
    {
      resource: tie.written,
      hint: "name the target group, or its ARN",
    },
  );
}

async function notFound(aws: Aws, missing: readonly Tie[], call: Call): Promise<NotFoundError> {
  const words = missing.map(({ written, pool }) =>
    pool === undefined ? `"${written}"` : `"${written}" with pool "${pool}"`,
  );
  const [first] = missing;
  const near = await nearName(aws, first?.name ?? "", call);
  return new NotFoundError(`there is no load balancer or target group ${words.join(", ")}`, {
    provider: aws.key,
    operation: call.operation,
    ...(first === undefined ? {} : { resource: first.written }),
    hint: near === undefined ? "bellows lbs list shows what there is" : `did you mean "${near}"?`,
  });
}

async function nearName(aws: Aws, name: string, call: Call): Promise<string | undefined> {
  const [classic, targets] = await Promise.all([
    collect(allClassic(aws, call)),
    collect(allTargetGroups(aws, call)),
  ]);
  return nearest(name, [
    ...classic.map(({ LoadBalancerName = "" }) => LoadBalancerName),
    ...targets.map(({ TargetGroupName = "" }) => TargetGroupName),
  ]);
}

function arnOf({ TargetGroupArn = "" }: TargetGroup): string {
  return TargetGroupArn;
}

function add(list: string[], item: string): void {
  if (!list.includes(item)) list.push(item);
}
