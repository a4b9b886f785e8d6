/**
 * From a classic balancer as it stands to what is wanted of it, as data. Pure.
 * @see docs.aws.amazon.com, Elastic Load Balancing API 2012-06-01
 */
import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type {
  HealthCheck as ClassicCheck,
  Listener as ClassicListener,
  ListenerDescription,
  LoadBalancerAttributes,
  LoadBalancerDescription,
} from "@aws-sdk/client-elastic-load-balancing";
import type { HealthCheck } from "@bellows/core";
import { changedSections, classicAttributes } from "./balancer-attributes.js";
import { fromClassicCheck, isOnOwnPort, toClassicCheck } from "./balancer-health.js";
import { isSameSet, type SetChange, setChange } from "./balancer-sets.js";
import { BALANCER_TAGS, type Tag, tagChanges, tagValue } from "./balancer-tags.js";
import type { Wanted, WantedListener } from "./balancer-wanted.js";
import { RESERVED_TAG } from "./group-map.js";

/** A classic balancer as AWS describes it. */
export interface ClassicState {
  description: LoadBalancerDescription;
  tags: readonly Tag[];
  attributes: LoadBalancerAttributes;
}

/** A cookie policy to make. */
export interface StickyPolicy {
  name: string;
  /** The application's cookie; absent: the balancer makes one. */
  cookie?: string;
  /** Seconds; absent: the browser's session. */
  expires?: number;
}

/** What is to be done. */
export interface ClassicPlan {
  /** What cannot be changed of a balancer that is there. */
  refused: string[];
  /** Listeners that go or are made anew, as they are now. */
  removed: ClassicListener[];
  added: ClassicListener[];
  certificates: { port: number; certificate: string }[];
  newPolicy?: StickyPolicy;
  /** Policies by listener. */
  policies: { port: number; names: string[] }[];
  /** Cookie policies of ours that nothing uses any more. */
  oldPolicies: string[];
  healthCheck?: ClassicCheck;
  attributes?: LoadBalancerAttributes;
  zones: SetChange;
  subnets: SetChange;
  securityGroups?: string[];
  tags: { set: { Key: string; Value: string }[]; remove: string[] };
}

/** Compares. What `wanted` leaves out stays as it is. */
export function planClassic(there: ClassicState, wanted: Wanted): ClassicPlan {
  const { description } = there;
  const { scheme, securityGroups, stickiness } = wanted.native;
  const listeners = planListeners(description.ListenerDescriptions ?? [], wanted.listeners);
  const check = planCheck(there, wanted);
  const attributes = changedSections(
    there.attributes,
    classicAttributes(wanted.native, wanted.pools?.[0]?.drainMs),
  );
  const apply = isSameSet(description.SecurityGroups, securityGroups) ? undefined : securityGroups;
  return {
    refused: scheme === undefined || scheme === description.Scheme ? [] : ["scheme"],
    ...listeners,
    ...planStickiness(description, listeners.kept, stickiness),
    ...(check.healthCheck && { healthCheck: check.healthCheck }),
    ...(attributes && { attributes }),
    zones: setChange(description.AvailabilityZones, wanted.zones),
    subnets: setChange(description.Subnets, wanted.subnets),
    ...(apply && { securityGroups: apply }),
    tags: planTags(there.tags, wanted, check.ownPort),
  };
}

/** The contract's words for what a plan changes; empty: all is as wanted. */
export function wordsOfClassic(plan: ClassicPlan): string[] {
  const { set, remove } = plan.tags;
  const keys = [...set.map(({ Key }) => Key), ...remove];
  const isMetadata = (key: string): boolean => !RESERVED_TAG.test(key);
  const words: readonly (readonly [string, boolean])[] = [
    ["listeners", plan.removed.length + plan.added.length + plan.certificates.length > 0],
    ["stickiness", plan.policies.length + plan.oldPolicies.length > 0 || plan.newPolicy !== undefined],
    ["healthCheck", plan.healthCheck !== undefined || keys.includes(BALANCER_TAGS.ownPort)],
    ["zones", plan.zones.add.length + plan.zones.remove.length > 0],
    ["subnets", plan.subnets.add.length + plan.subnets.remove.length > 0],
    ["securityGroups", plan.securityGroups !== undefined],
    ["metadata", keys.some(isMetadata)],
    ["owner", keys.includes(BALANCER_TAGS.owner)],
  ];
  return [
    ...plan.refused,
    ...words.filter(([, differs]) => differs).map(([word]) => word),
    ...Object.keys(plan.attributes ?? {}).map((section) => SECTIONS[section] ?? section),
  ];
}

const SECTIONS: Readonly<Record<string, string>> = {
  CrossZoneLoadBalancing: "crossZone",
  ConnectionSettings: "idleTimeout",
  ConnectionDraining: "drain",
  AccessLog: "accessLog",
};

/** A listener as AWS takes it. */
export function toClassicListener(listener: WantedListener): ClassicListener {
  return {
    LoadBalancerPort: listener.port,
    Protocol: listener.protocol.toUpperCase(),
    InstancePort: listener.instancePort,
    InstanceProtocol: listener.instanceProtocol.toUpperCase(),
    ...(listener.certificate === undefined ? {} : { SSLCertificateId: listener.certificate }),
  };
}

interface ListenerPlan extends Pick<ClassicPlan, "removed" | "added" | "certificates"> {
  /** How it will stand: each port's protocol, and the policies that it has then without anybody's doing. */
  kept: { port: number; protocol: string; names: readonly string[]; before: readonly string[] }[];
}

function planListeners(
  there: readonly ListenerDescription[],
  wanted: readonly WantedListener[] | undefined,
): ListenerPlan {
  const plan: ListenerPlan = { removed: [], added: [], certificates: [], kept: [] };
  const before = new Map(there.map((one) => [one.Listener?.LoadBalancerPort, one]));
  const target = wanted?.map(toClassicListener) ?? there.map(({ Listener }) => Listener as ClassicListener);
  for (const listener of target) {
    const port = Number(listener.LoadBalancerPort);
    const { Listener: old, PolicyNames = [] } = before.get(port) ?? {};
    before.delete(port);
    const isKept = old !== undefined && isSameListener(old, listener);
    if (!isKept) {
      if (old !== undefined) plan.removed.push(old);
      plan.added.push(listener);
    } else if (
      listener.SSLCertificateId !== undefined &&
      listener.SSLCertificateId !== old.SSLCertificateId
    ) {
      plan.certificates.push({ port, certificate: listener.SSLCertificateId });
    }
    const names = isKept ? PolicyNames : [];
    plan.kept.push({ port, protocol: listener.Protocol ?? "", names, before: PolicyNames });
  }
  for (const { Listener } of before.values()) if (Listener !== undefined) plan.removed.push(Listener);
  return plan;
}

/** But for the certificate, which can be changed by itself. */
function isSameListener(a: ClassicListener, b: ClassicListener): boolean {
  const plain = ({ Protocol = "", InstanceProtocol = Protocol, InstancePort }: ClassicListener): unknown => [
    Protocol.toUpperCase(),
    InstanceProtocol.toUpperCase(),
    Number(InstancePort),
  ];
  return isDeepStrictEqual(plain(a), plain(b));
}

/** What the names of our cookie policies begin with; a digest follows, because a policy can't be changed. */
const STICKY = "bellows-sticky-";

function planStickiness(
  { Policies: there = {} }: LoadBalancerDescription,
  listeners: ListenerPlan["kept"],
  stickiness: Wanted["native"]["stickiness"],
): Pick<ClassicPlan, "newPolicy" | "policies" | "oldPolicies"> {
  const cookies = [
    ...(there.AppCookieStickinessPolicies ?? []),
    ...(there.LBCookieStickinessPolicies ?? []),
  ].map(({ PolicyName = "" }) => PolicyName);
  const policy = stickiness ? stickyPolicy(stickiness) : undefined;
  const policies = listeners.flatMap(({ port, protocol, names, before }) => {
    const others = stickiness === undefined ? before : before.filter((name) => !cookies.includes(name));
    const isHttp = protocol === "HTTP" || protocol === "HTTPS";
    const target = policy !== undefined && isHttp ? [...others, policy.name] : [...others];
    return isSameSet(names, target) ? [] : [{ port, names: target }];
  });
  return {
    policies,
    ...(policy !== undefined && !cookies.includes(policy.name) && { newPolicy: policy }),
    oldPolicies:
      stickiness === undefined
        ? []
        : cookies.filter((name) => name.startsWith(STICKY) && name !== policy?.name),
  };
}

function stickyPolicy({
  cookie,
  duration,
}: {
  cookie?: string | undefined;
  duration?: number | undefined;
}): StickyPolicy {
  const digest = createHash("sha256")
    .update(JSON.stringify([cookie, duration]))
    .digest("hex")
    .slice(0, 12);
  return {
    name: STICKY + digest,
    ...(cookie !== undefined && { cookie }),
    ...(duration !== undefined && { expires: duration / 1_000 }),
  };
}

/** A check on the instances' own port follows them when the port changes. */
function planCheck(
  there: ClassicState,
  wanted: Wanted,
): { healthCheck?: ClassicCheck; ownPort?: string | undefined } {
  const { HealthCheck: old, ListenerDescriptions } = there.description;
  const marked = tagValue(there.tags, BALANCER_TAGS.ownPort);
  const port = wanted.listeners?.[0]?.instancePort ?? ListenerDescriptions?.[0]?.Listener?.InstancePort ?? 80;
  const given = wanted.pools?.[0]?.healthCheck;
  const check = given ?? (marked === undefined || old === undefined ? undefined : shown(old, marked));
  if (check === undefined || (given === undefined && wanted.listeners === undefined))
    return { ownPort: marked };
  const healthCheck = toClassicCheck(check, port);
  return {
    ...(old !== undefined && isSameCheck(old, healthCheck) ? {} : { healthCheck }),
    ownPort: isOnOwnPort(check) ? String(port) : undefined,
  };
}

function shown(check: ClassicCheck, marked: string): HealthCheck {
  return fromClassicCheck(check, Number(marked));
}

function isSameCheck(a: ClassicCheck, b: ClassicCheck): boolean {
  return isDeepStrictEqual(fromClassicCheck(a, undefined), fromClassicCheck(b, undefined));
}

function planTags(
  tags: readonly Tag[],
  { metadata, owner }: Wanted,
  ownPort: string | undefined,
): ClassicPlan["tags"] {
  const { set, remove } = metadata === undefined ? { set: [], remove: [] } : tagChanges(tags, metadata);
  if (owner !== undefined && tagValue(tags, BALANCER_TAGS.owner) !== owner)
    set.push({ Key: BALANCER_TAGS.owner, Value: owner });
  const marked = tagValue(tags, BALANCER_TAGS.ownPort);
  if (ownPort !== undefined && ownPort !== marked) set.push({ Key: BALANCER_TAGS.ownPort, Value: ownPort });
  if (ownPort === undefined && marked !== undefined) remove.push(BALANCER_TAGS.ownPort);
  return { set, remove };
}
