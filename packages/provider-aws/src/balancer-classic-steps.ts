/** The calls that carry out what was planned for a classic balancer. */
import type { LoadBalancerAttributes } from "@aws-sdk/client-elastic-load-balancing";
import type { ClassicPlan, StickyPolicy } from "./balancer-classic-plan.js";
import type { BalancerContext, Step } from "./balancer-context.js";
import { classicNamed } from "./balancer-find.js";
import type { Aws, Call } from "./client.js";
import { actOnce, takenBack } from "./making.js";

/** The calls of a plan, in an order that leaves no gap: zones that come go before those that leave. */
export function classicSteps(
  context: BalancerContext,
  LoadBalancerName: string,
  plan: ClassicPlan,
  call: Call,
): Step[] {
  const { aws } = context;
  const { zones, subnets } = plan;
  const name = { LoadBalancerName };
  return [
    ...when(zones.add.length > 0, "zones", () => enableZones(aws, LoadBalancerName, zones.add, call)),
    ...when(subnets.add.length > 0, "subnets", () =>
      aws.elb((sdk) => new sdk.AttachLoadBalancerToSubnetsCommand({ ...name, Subnets: subnets.add }), call),
    ),
    ...listenerSteps(context, LoadBalancerName, plan, call),
    ...settingSteps(aws, LoadBalancerName, plan, call),
    ...when(subnets.remove.length > 0, "subnets", () =>
      aws.elb(
        (sdk) => new sdk.DetachLoadBalancerFromSubnetsCommand({ ...name, Subnets: subnets.remove }),
        call,
      ),
    ),
    ...when(zones.remove.length > 0, "zones", () => disableZones(aws, LoadBalancerName, zones.remove, call)),
  ];
}

function when(isNeeded: boolean, word: string, run: () => Promise<unknown>): Step[] {
  return isNeeded ? [[word, run]] : [];
}

function listenerSteps(
  context: BalancerContext,
  LoadBalancerName: string,
  plan: ClassicPlan,
  call: Call,
): Step[] {
  const { aws } = context;
  const { newPolicy } = plan;
  return [
    ...when(plan.removed.length + plan.added.length > 0, "listeners", () =>
      changeListeners(context, LoadBalancerName, plan, call),
    ),
    ...plan.certificates.map(
      ({ port: LoadBalancerPort, certificate: SSLCertificateId }): Step => [
        "listeners",
        () =>
          aws.elb(
            (sdk) =>
              new sdk.SetLoadBalancerListenerSSLCertificateCommand({
                LoadBalancerName,
                LoadBalancerPort,
                SSLCertificateId,
              }),
            call,
          ),
      ],
    ),
    ...(newPolicy === undefined
      ? []
      : when(true, "stickiness", () => makePolicy(context, LoadBalancerName, newPolicy, call))),
    ...plan.policies.map(
      ({ port: LoadBalancerPort, names: PolicyNames }): Step => [
        "stickiness",
        () =>
          aws.elb(
            (sdk) =>
              new sdk.SetLoadBalancerPoliciesOfListenerCommand({
                LoadBalancerName,
                LoadBalancerPort,
                PolicyNames,
              }),
            call,
          ),
      ],
    ),
    ...plan.oldPolicies.map(
      (PolicyName): Step => [
        "stickiness",
        () =>
          aws.elb((sdk) => new sdk.DeleteLoadBalancerPolicyCommand({ LoadBalancerName, PolicyName }), call),
      ],
    ),
  ];
}

function settingSteps(aws: Aws, LoadBalancerName: string, plan: ClassicPlan, call: Call): Step[] {
  const { attributes, healthCheck: HealthCheck, securityGroups: SecurityGroups, tags } = plan;
  const LoadBalancerNames = [LoadBalancerName];
  return [
    ...when(SecurityGroups !== undefined, "securityGroups", () =>
      aws.elb(
        (sdk) => new sdk.ApplySecurityGroupsToLoadBalancerCommand({ LoadBalancerName, SecurityGroups }),
        call,
      ),
    ),
    ...when(HealthCheck !== undefined, "healthCheck", () =>
      aws.elb((sdk) => new sdk.ConfigureHealthCheckCommand({ LoadBalancerName, HealthCheck }), call),
    ),
    ...(attributes === undefined
      ? []
      : when(true, "attributes", () => modify(aws, LoadBalancerName, attributes, call))),
    ...when(tags.remove.length > 0, "metadata", () =>
      aws.elb(
        (sdk) => new sdk.RemoveTagsCommand({ LoadBalancerNames, Tags: tags.remove.map((Key) => ({ Key })) }),
        call,
      ),
    ),
    ...when(tags.set.length > 0, "metadata", () =>
      aws.elb((sdk) => new sdk.AddTagsCommand({ LoadBalancerNames, Tags: tags.set }), call),
    ),
  ];
}

function modify(
  aws: Aws,
  LoadBalancerName: string,
  LoadBalancerAttributes: LoadBalancerAttributes,
  call: Call,
): Promise<unknown> {
  return aws.elb(
    (sdk) => new sdk.ModifyLoadBalancerAttributesCommand({ LoadBalancerName, LoadBalancerAttributes }),
    call,
  );
}

/** A port listens once, so what is made anew goes first; if it can't be made, what went comes back. */
async function changeListeners(
  context: BalancerContext,
  LoadBalancerName: string,
  { removed, added }: ClassicPlan,
  call: Call,
): Promise<void> {
  const { aws } = context;
  const LoadBalancerPorts = removed.map((listener) => Number(listener.LoadBalancerPort));
  if (removed.length > 0)
    await aws.elb(
      (sdk) => new sdk.DeleteLoadBalancerListenersCommand({ LoadBalancerName, LoadBalancerPorts }),
      call,
    );
  if (added.length === 0) return;
  const listen = (Listeners: ClassicPlan["added"], by: Call): Promise<unknown> =>
    aws.elb((sdk) => new sdk.CreateLoadBalancerListenersCommand({ LoadBalancerName, Listeners }), by);
  try {
    await actOnce(
      context,
      () => listen(added, call),
      () => listensOn(aws, LoadBalancerName, added, call),
      call.signal,
    );
  } catch (error) {
    const back = { operation: call.operation, resource: LoadBalancerName };
    throw await takenBack(error, [
      [
        `load balancer ${LoadBalancerName} without listeners ${LoadBalancerPorts.join(", ")}`,
        async () => void (removed.length > 0 && (await listen(removed, back))),
      ],
    ]);
  }
}

async function listensOn(
  aws: Aws,
  name: string,
  listeners: ClassicPlan["added"],
  call: Call,
): Promise<boolean> {
  const [balancer] = await classicNamed(aws, [name], call);
  const ports = (balancer?.ListenerDescriptions ?? []).map(({ Listener }) => Listener?.LoadBalancerPort);
  return listeners.every(({ LoadBalancerPort }) => ports.includes(LoadBalancerPort));
}

async function makePolicy(
  context: BalancerContext,
  LoadBalancerName: string,
  { name: PolicyName, cookie: CookieName, expires: CookieExpirationPeriod }: StickyPolicy,
  call: Call,
): Promise<void> {
  const { aws } = context;
  await actOnce(
    context,
    () =>
      CookieName === undefined
        ? aws.elb(
            (sdk) =>
              new sdk.CreateLBCookieStickinessPolicyCommand({
                LoadBalancerName,
                PolicyName,
                ...(CookieExpirationPeriod !== undefined && { CookieExpirationPeriod }),
              }),
            call,
          )
        : aws.elb(
            (sdk) =>
              new sdk.CreateAppCookieStickinessPolicyCommand({ LoadBalancerName, PolicyName, CookieName }),
            call,
          ),
    async () => {
      const [balancer] = await classicNamed(aws, [LoadBalancerName], call);
      const { AppCookieStickinessPolicies = [], LBCookieStickinessPolicies = [] } = balancer?.Policies ?? {};
      return [...AppCookieStickinessPolicies, ...LBCookieStickinessPolicies].some(
        (policy) => policy.PolicyName === PolicyName,
      );
    },
    call.signal,
  );
}

/** Lets traffic into zones too. @returns the zones afterwards. */
export async function enableZones(
  aws: Aws,
  LoadBalancerName: string,
  zones: readonly string[],
  call: Call,
): Promise<string[]> {
  const answer = await aws.elb(
    (sdk) =>
      new sdk.EnableAvailabilityZonesForLoadBalancerCommand({
        LoadBalancerName,
        AvailabilityZones: [...zones],
      }),
    call,
  );
  return answer.AvailabilityZones ?? [];
}

/** Lets traffic into zones no more. @returns the zones afterwards. */
export async function disableZones(
  aws: Aws,
  LoadBalancerName: string,
  zones: readonly string[],
  call: Call,
): Promise<string[]> {
  const answer = await aws.elb(
    (sdk) =>
      new sdk.DisableAvailabilityZonesForLoadBalancerCommand({
        LoadBalancerName,
        AvailabilityZones: [...zones],
      }),
    call,
  );
  return answer.AvailabilityZones ?? [];
}
