/** Classic balancers in the contract's words. Pure. */
import type {
  Listener as ClassicListener,
  InstanceState,
  LoadBalancerDescription,
} from "@aws-sdk/client-elastic-load-balancing";
import type { Health, Listener, LoadBalancer, Member, Protocol } from "@bellows/core";
import { classicDrainMs } from "./balancer-attributes.js";
import type { ClassicState } from "./balancer-classic-plan.js";
import { plainProtocol } from "./balancer-faults.js";
import { fromClassicCheck } from "./balancer-health.js";
import { DEFAULT_POOL } from "./balancer-names.js";
import { BALANCER_TAGS, metadataOf, tagValue } from "./balancer-tags.js";
import { classicWords } from "./balancer-words.js";

/** A classic balancer. It has no states of its own: once it is there it works. */
export function showClassic(
  { description, tags, attributes }: Omit<ClassicState, "attributes"> & Partial<ClassicState>,
  members: Member[],
): LoadBalancer {
  const { LoadBalancerName = "", DNSName, HealthCheck, ListenerDescriptions = [] } = description;
  const owner = tagValue(tags, BALANCER_TAGS.owner);
  const ownPort = tagValue(tags, BALANCER_TAGS.ownPort);
  const drainMs = classicDrainMs(attributes ?? {});
  return {
    name: LoadBalancerName,
    id: LoadBalancerName,
    type: "classic",
    status: "active",
    listeners: ListenerDescriptions.flatMap(({ Listener }) => (Listener ? [showListener(Listener)] : [])),
    pools: [
      {
        name: DEFAULT_POOL,
        algorithm: "round-robin",
        ...(HealthCheck?.Target && {
          healthCheck: fromClassicCheck(HealthCheck, ownPort === undefined ? undefined : Number(ownPort)),
        }),
        ...(drainMs !== undefined && { drainMs }),
        members,
      },
    ],
    addresses: DNSName ? [DNSName] : [],
    zones: description.AvailabilityZones ?? [],
    metadata: metadataOf(tags),
    native: classicWords(description, attributes),
    ...(owner !== undefined && { owner }),
  };
}

function showListener(listener: ClassicListener): Listener {
  const protocol = (listener.Protocol ?? "").toLowerCase() as Protocol;
  const instanceProtocol = (listener.InstanceProtocol ?? protocol).toLowerCase() as Protocol;
  return {
    port: Number(listener.LoadBalancerPort),
    protocol,
    instancePort: Number(listener.InstancePort),
    ...(instanceProtocol !== plainProtocol(protocol, "classic") && { instanceProtocol }),
    ...(listener.SSLCertificateId && { certificate: listener.SSLCertificateId }),
  };
}

const HEALTH: Readonly<Record<string, Health>> = { InService: "healthy", OutOfService: "unhealthy" };

/** A member, as its health tells. */
export function showInstance(
  state: InstanceState,
  description: LoadBalancerDescription,
  address: string | undefined,
): Member {
  const { InstanceId = "", State = "", Description } = state;
  const port = description.ListenerDescriptions?.[0]?.Listener?.InstancePort;
  return {
    id: InstanceId,
    ...(address !== undefined && { address }),
    ...(port !== undefined && { port: Number(port) }),
    state: "enabled",
    health: HEALTH[State] ?? "unknown",
    ...(State !== "InService" && Description && Description !== "N/A" && { detail: Description }),
  };
}

/** Members whose health was not asked for, as a list of balancers shows them. */
export function instancesOf(description: LoadBalancerDescription): Member[] {
  return (description.Instances ?? []).map(({ InstanceId = "" }) =>
    showInstance({ InstanceId }, description, undefined),
  );
}
