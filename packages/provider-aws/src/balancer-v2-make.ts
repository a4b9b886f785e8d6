/** Making application and network balancers. */
import type { LoadBalancer as BalancerV2 } from "@aws-sdk/client-elastic-load-balancing-v2";
import { type BalancerContext, requireEqual, takeSteps } from "./balancer-context.js";
import { v2Named } from "./balancer-find.js";
import { makeBalancerTags } from "./balancer-tags.js";
import { openV2 } from "./balancer-v2.js";
import { planV2, type StateV2 } from "./balancer-v2-plan.js";
import { stepsV2, type Undo, undoCall } from "./balancer-v2-steps.js";
import { defaultSubnets } from "./balancer-v2-subnets.js";
import type { Wanted, WantedBalancer } from "./balancer-wanted.js";
import type { Call } from "./client.js";
import { actOnce, takenBack } from "./making.js";

/**
 * Makes a balancer, the target groups of its pools and its listeners. What a failing step has made is taken back.
 * @throws AlreadyExistsError when a target group has the name of a pool's.
 */
export async function makeV2(context: BalancerContext, asked: WantedBalancer, call: Call): Promise<void> {
  const { aws } = context;
  const { name, type, native, metadata = {}, owner, zones, subnets } = asked;
  const Subnets = subnets ?? (await defaultSubnets(aws, zones ?? [], call)).map(({ subnet }) => subnet);
  const Tags = makeBalancerTags(metadata, owner);
  const fields = {
    Name: name,
    Type: type === "network" ? ("network" as const) : ("application" as const),
    Subnets,
    ...(native.securityGroups && { SecurityGroups: native.securityGroups }),
    ...(native.scheme && { Scheme: native.scheme }),
    ...(Tags.length > 0 && { Tags }),
  };
  let balancer: BalancerV2 | undefined;
  await actOnce(
    context,
    async () => {
      const answer = await aws.elbV2((sdk) => new sdk.CreateLoadBalancerCommand(fields), call);
      balancer = answer.LoadBalancers?.[0];
    },
    async () => {
      [balancer] = await v2Named(aws, [name], call);
      const made: Wanted = { name, type, native: native.scheme ? { scheme: native.scheme } : {}, metadata };
      if (balancer !== undefined) await requireEqual(openV2(context, balancer), made, call);
      return balancer !== undefined;
    },
    call.signal,
  );
  const there: StateV2 = {
    balancer: { ...balancer, Scheme: native.scheme ?? balancer?.Scheme },
    listeners: [],
    pools: new Map(),
    attributes: {},
    tags: Tags,
  };
  const LoadBalancerArn = balancer?.LoadBalancerArn ?? "";
  const made: Undo[] = [
    [
      `load balancer ${name}`,
      async () =>
        void (await aws.elbV2(
          (sdk) => new sdk.DeleteLoadBalancerCommand({ LoadBalancerArn }),
          undoCall(call),
        )),
    ],
  ];
  const { zones: _zones, subnets: _subnets, ...wanted } = asked;
  const { securityGroups: _sent, scheme: _scheme, ...later } = native;
  const settled = { ...wanted, native: later };
  try {
    await takeSteps(stepsV2({ context, there, wanted: settled, plan: planV2(there, settled), call, made }));
  } catch (error) {
    throw await takenBack(error, made);
  }
}
