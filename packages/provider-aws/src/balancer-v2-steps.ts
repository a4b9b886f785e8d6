/** The calls that carry out what was planned for an application or network balancer. */
import type {
  LoadBalancer as BalancerV2,
  CreateListenerInput,
  TargetGroup,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { AlreadyExistsError, isBellowsError, waitUntil } from "@bellows/core";
import type { BalancerContext, Step } from "./balancer-context.js";
import { targetGroupsNamed } from "./balancer-find.js";
import { toTargetGroupCheck } from "./balancer-health.js";
import { targetGroupName } from "./balancer-names.js";
import { BALANCER_TAGS, makeBalancerTags, tagValue } from "./balancer-tags.js";
import type { NewPool, PlanV2, StateV2 } from "./balancer-v2-plan.js";
import { listenersOf, tagsV2 } from "./balancer-v2-read.js";
import type { Wanted, WantedListener } from "./balancer-wanted.js";
import type { Aws, Call } from "./client.js";
import { actOnce } from "./making.js";

/** How to take back what was made: what it is, and the call. */
export type Undo = readonly [what: string, undo: () => Promise<void>];

/** What carrying out a plan needs. */
export interface Carrying {
  context: BalancerContext;
  there: Pick<StateV2, "pools"> & {
    balancer: Pick<BalancerV2, "LoadBalancerArn" | "LoadBalancerName" | "VpcId">;
  };
  wanted: Wanted;
  plan: PlanV2;
  call: Call;
  /** Takes down what was made, the latest first, so that it can be taken back. */
  made: Undo[];
}

/** How long AWS may take to let a target group go whose balancer is gone, in milliseconds. */
const LET_GO_MS = 60_000;

/** The calls of a plan: what comes before what it is needed for, and what goes after what needed it. */
export function stepsV2(carrying: Carrying): Step[] {
  const { context, there, plan, call } = carrying;
  const { aws } = context;
  const { LoadBalancerArn = "" } = there.balancer;
  const targets = new Map([...there.pools].map(([name, { group }]) => [name, group.TargetGroupArn ?? ""]));
  return [
    ...plan.newPools.map(
      (pool): Step => ["pools", async () => void targets.set(pool.pool, await makePool(carrying, pool))],
    ),
    ...plan.checks.map(
      ({ arn: TargetGroupArn, check }): Step => [
        "healthCheck",
        () =>
          aws.elbV2(
            (sdk) => new sdk.ModifyTargetGroupCommand({ TargetGroupArn, ...toTargetGroupCheck(check) }),
            call,
          ),
      ],
    ),
    ...plan.poolAttributes.map(
      ({ arn, attributes }): Step => ["pools", () => setPoolAttributes(aws, arn, attributes, call)],
    ),
    ...plan.newListeners.map(
      (listener): Step => ["listeners", () => makeListener(carrying, listener, targets)],
    ),
    ...plan.changedListeners.map(
      ({ arn: ListenerArn, listener, tlsPolicy }): Step => [
        "listeners",
        () =>
          aws.elbV2(
            (sdk) =>
              new sdk.ModifyListenerCommand({
                ListenerArn,
                ...(listener && listenerFields(listener, targets)),
                ...(tlsPolicy !== undefined && { SslPolicy: tlsPolicy }),
              }),
            call,
          ),
      ],
    ),
    ...plan.oldListeners.map(
      ({ arn: ListenerArn }): Step => [
        "listeners",
        () => aws.elbV2((sdk) => new sdk.DeleteListenerCommand({ ListenerArn }), call),
      ],
    ),
    ...plan.oldPools.map(({ arn }): Step => ["pools", () => removeTargetGroup(context, arn, call)]),
    ...settingSteps(aws, LoadBalancerArn, plan, call),
  ];
}

function settingSteps(aws: Aws, LoadBalancerArn: string, plan: PlanV2, call: Call): Step[] {
  const { attributes: Attributes, subnets: Subnets, securityGroups: SecurityGroups, tags } = plan;
  const ResourceArns = [LoadBalancerArn];
  const steps: readonly (readonly [isNeeded: boolean, ...Step])[] = [
    [
      Subnets !== undefined,
      "subnets",
      () => aws.elbV2((sdk) => new sdk.SetSubnetsCommand({ LoadBalancerArn, Subnets }), call),
    ],
    [
      SecurityGroups !== undefined,
      "securityGroups",
      () => aws.elbV2((sdk) => new sdk.SetSecurityGroupsCommand({ LoadBalancerArn, SecurityGroups }), call),
    ],
    [
      Attributes.length > 0,
      "attributes",
      () =>
        aws.elbV2(
          (sdk) => new sdk.ModifyLoadBalancerAttributesCommand({ LoadBalancerArn, Attributes }),
          call,
        ),
    ],
    [
      tags.remove.length > 0,
      "metadata",
      () => aws.elbV2((sdk) => new sdk.RemoveTagsCommand({ ResourceArns, TagKeys: tags.remove }), call),
    ],
    [
      tags.set.length > 0,
      "metadata",
      () => aws.elbV2((sdk) => new sdk.AddTagsCommand({ ResourceArns, Tags: tags.set }), call),
    ],
  ];
  return steps.filter(([isNeeded]) => isNeeded).map(([, word, run]) => [word, run]);
}

function setPoolAttributes(
  aws: Aws,
  TargetGroupArn: string,
  Attributes: PlanV2["attributes"],
  call: Call,
): Promise<unknown> {
  return aws.elbV2((sdk) => new sdk.ModifyTargetGroupAttributesCommand({ TargetGroupArn, Attributes }), call);
}

/** Makes a pool's target group, or takes the one that an earlier try has left. @returns its ARN. */
async function makePool(carrying: Carrying, pool: NewPool): Promise<string> {
  const { context, there, wanted, call, made } = carrying;
  const { aws } = context;
  const Name = targetGroupName(wanted.name, pool.pool);
  const fields = {
    Name,
    Port: pool.port,
    Protocol: pool.protocol.toUpperCase() as TargetGroup["Protocol"],
    VpcId: there.balancer.VpcId,
    TargetType: wanted.native.targetType ?? "instance",
    ...(pool.check && toTargetGroupCheck(pool.check)),
    Tags: makeBalancerTags({ [BALANCER_TAGS.balancer]: wanted.name }, wanted.owner),
  };
  const old = await leftOver(aws, wanted.name, pool, Name, call);
  const arn = old ?? (await create());
  made.unshift([`target group ${Name}`, () => removeTargetGroup(context, arn, undoCall(call))]);
  const { check, attributes } = pool;
  if (old !== undefined && check !== undefined)
    await aws.elbV2(
      (sdk) => new sdk.ModifyTargetGroupCommand({ TargetGroupArn: arn, ...toTargetGroupCheck(check) }),
      call,
    );
  if (attributes.length > 0) await setPoolAttributes(aws, arn, attributes, call);
  return arn;

  async function create(): Promise<string> {
    try {
      const { TargetGroups } = await aws.elbV2((sdk) => new sdk.CreateTargetGroupCommand(fields), call);
      return TargetGroups?.[0]?.TargetGroupArn ?? "";
    } catch (error) {
      // An earlier try whose answer was lost has made it.
      const ours = isBellowsError(error, "already-exists")
        ? await leftOver(aws, wanted.name, pool, Name, call)
        : undefined;
      if (ours === undefined) throw error;
      return ours;
    }
  }
}

/**
 * A target group of that name that Bellows made for a balancer of this name, and that serves none.
 * @throws AlreadyExistsError when there is another one.
 */
async function leftOver(
  aws: Aws,
  balancer: string,
  { port, protocol }: NewPool,
  name: string,
  call: Call,
): Promise<string | undefined> {
  const [group] = await targetGroupsNamed(aws, [name], call);
  if (group === undefined) return undefined;
  const { TargetGroupArn: arn = "", LoadBalancerArns = [], Port, Protocol } = group;
  const tags = (await tagsV2(aws, [arn], call)).get(arn) ?? [];
  const fits = Port === port && Protocol === protocol.toUpperCase() && LoadBalancerArns.length === 0;
  if (fits && tagValue(tags, BALANCER_TAGS.balancer) === balancer) return arn;
  throw new AlreadyExistsError(`there is a target group ${name} already, and it is not this balancer's`, {
    provider: aws.key,
    operation: call.operation,
    resource: name,
    hint: "delete it, or choose another name",
  });
}

async function makeListener(
  { context, there, wanted, call, made }: Carrying,
  listener: WantedListener,
  targets: ReadonlyMap<string, string>,
): Promise<void> {
  const { aws } = context;
  const { LoadBalancerArn = "" } = there.balancer;
  const { tlsPolicy } = wanted.native;
  const fields = {
    LoadBalancerArn,
    ...listenerFields(listener, targets),
    ...(tlsPolicy !== undefined && listener.certificate !== undefined && { SslPolicy: tlsPolicy }),
  };
  // A balancer that was just made may not show yet: then neither do its listeners.
  const find = async (by: Call): Promise<string | undefined> => {
    try {
      const all = await listenersOf(aws, LoadBalancerArn, by);
      return all.find(({ Port }) => Port === listener.port)?.ListenerArn;
    } catch (error) {
      if (isBellowsError(error, "not-found")) return undefined;
      throw error;
    }
  };
  await actOnce(
    context,
    () => aws.elbV2((sdk) => new sdk.CreateListenerCommand(fields), call),
    async () => (await find(call)) !== undefined,
    call.signal,
  );
  made.unshift([
    `listener ${listener.port}`,
    async () => {
      const ListenerArn = await find(undoCall(call));
      if (ListenerArn !== undefined)
        await aws.elbV2((sdk) => new sdk.DeleteListenerCommand({ ListenerArn }), undoCall(call));
    },
  ]);
}

function listenerFields(
  { port, protocol, pool, certificate }: WantedListener,
  targets: ReadonlyMap<string, string>,
): Omit<CreateListenerInput, "LoadBalancerArn"> {
  return {
    Port: port,
    Protocol: protocol.toUpperCase() as CreateListenerInput["Protocol"],
    DefaultActions: [{ Type: "forward", TargetGroupArn: targets.get(pool) ?? "" }],
    ...(certificate !== undefined && { Certificates: [{ CertificateArn: certificate }] }),
  };
}

/** Removes a target group, as soon as AWS lets it go; one that is gone is fine. */
export async function removeTargetGroup(
  { aws, host: { clock } }: BalancerContext,
  TargetGroupArn: string,
  call: Call,
): Promise<void> {
  let inUse: unknown;
  const remove = async (): Promise<boolean> => {
    try {
      await aws.elbV2((sdk) => new sdk.DeleteTargetGroupCommand({ TargetGroupArn }), call);
      return true;
    } catch (error) {
      if (isBellowsError(error, "not-found")) return true;
      if (!isBellowsError(error, "conflict")) throw error;
      inUse = error;
      return false;
    }
  };
  try {
    const { signal } = call;
    await waitUntil(remove, { clock, timeoutMs: LET_GO_MS, ...(signal && { signal }) });
  } catch (error) {
    throw isBellowsError(error, "timeout") ? (inUse ?? error) : error;
  }
}

/** A call that takes something back, although the one that made it may have been aborted. */
export function undoCall({ operation, resource }: Call): Call {
  return { operation, resource };
}
