/** What only Cloud Load Balancers have, beyond the contract. */
import {
  type CallOptions,
  ConfigError,
  type Member,
  NotFoundError,
  type Pool,
  type Ref,
} from "@bellows/core";
import { ask, type BalancerContext, change, findClb } from "./balancer-calls.js";
import { nodesFor, requireWeights, setNode } from "./balancer-members.js";
import { algorithmOf, type Clb, type ClbNode, type ClbProtocol } from "./balancer-words.js";
import type { Call } from "./client.js";

/** An address of a balancer. */
export interface VirtualIp {
  /** What `native.virtualIp` of another balancer takes, to share it. */
  id: string;
  address: string;
  reach: "public" | "servicenet";
  version: 4 | 6;
}

/** Cloud Load Balancers beyond the contract. */
export interface OwnBalancers {
  /** The ways of spreading that Rackspace has. */
  algorithms(options?: CallOptions): Promise<Pool["algorithm"][]>;
  /** The protocols that `native.protocol` takes, each with its usual port (0: it has none). */
  protocols(options?: CallOptions): Promise<{ name: ClbProtocol; port: number }[]>;
  virtualIps(balancer: Ref, options?: CallOptions): Promise<VirtualIp[]>;
  /** Gives it a public IPv6 address beside its others. Returned: accepted. */
  addIpv6(balancer: Ref, options?: CallOptions): Promise<VirtualIp>;
  /** Takes an address away. Returned: accepted. @throws ConfigError for the last one. */
  removeVirtualIp(balancer: Ref, id: string, options?: CallOptions): Promise<void>;
  /** Checks its members no more; all of them count as healthy then. Returned: accepted. */
  removeHealthCheck(balancer: Ref, options?: CallOptions): Promise<void>;
  /** Lets clients change members again. Returned: accepted. */
  removeSessionPersistence(balancer: Ref, options?: CallOptions): Promise<void>;
  /**
   * Changes one member, by its server's id or its address and port.
   * @param to.state - `draining` and `disabled` keep it, without new clients or without any.
   * @param to.weight - 1 to 100, for weighted algorithms.
   */
  setMember(
    balancer: Ref,
    member: string,
    to: { state?: Member["state"]; weight?: number },
    options?: CallOptions,
  ): Promise<void>;
}

interface RawVirtualIp {
  id: number;
  address: string;
  type?: string;
  ipVersion?: string;
}

/** Makes the methods; the balancers' driver shares its turns with them. */
export function createOwnBalancers(context: BalancerContext): OwnBalancers {
  /** Changes a balancer in its turn. */
  const changed = async <T>(
    ref: Ref,
    call: Call,
    act: (clb: Clb, path: string) => Promise<T>,
  ): Promise<T> => {
    const clb = await findClb(context, ref, call);
    const id = String(clb.id);
    return context.inTurn(id, () => change(context, id, call, () => act(clb, `/loadbalancers/${id}`)));
  };
  return {
    async algorithms(options) {
      const call = callOf("algorithms", undefined, options);
      const body = await ask<{ algorithms: { name: string }[] }>(context, "/loadbalancers/algorithms", call);
      return body.algorithms.map(({ name }) => algorithmOf(name));
    },
    async protocols(options) {
      const call = callOf("protocols", undefined, options);
      const body = await ask<{ protocols: { name: ClbProtocol; port: number }[] }>(
        context,
        "/loadbalancers/protocols",
        call,
      );
      return body.protocols.map(({ name, port }) => ({ name, port }));
    },
    async virtualIps(ref, options) {
      const { virtualIps = [] } = await findClb(context, ref, callOf("virtualIps", ref, options));
      return virtualIps.map(virtualIpOf);
    },
    addIpv6(ref, options) {
      const call = callOf("addIpv6", ref, options);
      const json = { type: "PUBLIC", ipVersion: "IPV6" };
      return changed(ref, call, async (_clb, path) =>
        virtualIpOf(
          await ask<RawVirtualIp>(context, `${path}/virtualips`, { ...call, method: "POST", json }),
        ),
      );
    },
    async removeVirtualIp(ref, ip, options) {
      const call = callOf("removeVirtualIp", ref, options);
      await changed(ref, call, (_clb, path) =>
        ask(context, `${path}/virtualips/${encodeURIComponent(ip)}`, { ...call, method: "DELETE" }),
      );
    },
    async removeHealthCheck(ref, options) {
      const call = callOf("removeHealthCheck", ref, options);
      await changed(ref, call, (_clb, path) =>
        ask(context, `${path}/healthmonitor`, { ...call, method: "DELETE" }),
      );
    },
    async removeSessionPersistence(ref, options) {
      const call = callOf("removeSessionPersistence", ref, options);
      const { sessionPersistence } = await findClb(context, ref, call);
      // Taking away what is not there is refused, as a balancer that is busy is.
      if (sessionPersistence?.persistenceType === undefined) return;
      await changed(ref, call, (_clb, path) =>
        ask(context, `${path}/sessionpersistence`, { ...call, method: "DELETE" }),
      );
    },
    setMember: (ref, member, to, options) =>
      setMember(context, ref, member, to, callOf("setMember", ref, options)),
  };
}

function callOf(method: string, resource: string | undefined, options: CallOptions = {}): Call {
  options.signal?.throwIfAborted();
  return { operation: `native.loadBalancers.${method}`, resource, signal: options.signal };
}

function virtualIpOf({ id, address, type, ipVersion }: RawVirtualIp): VirtualIp {
  return {
    id: String(id),
    address,
    reach: type === "SERVICENET" ? "servicenet" : "public",
    version: ipVersion === "IPV6" ? 6 : 4,
  };
}

async function setMember(
  context: BalancerContext,
  ref: Ref,
  member: string,
  { state, weight }: { state?: Member["state"]; weight?: number },
  call: Call,
): Promise<void> {
  requireWeights([weight], call);
  if (state === undefined && weight === undefined)
    throw new ConfigError("needs a state or a weight", { operation: call.operation, resource: ref });
  const clb = await findClb(context, ref, call);
  const addresses = (clb.nodes ?? []).map(({ address }) => address);
  const ids = await context.book.byAddress(addresses, call);
  const nodes = nodesFor(clb, [member], (address) => ids.get(address));
  if (nodes.length === 0)
    throw new NotFoundError(`load balancer ${ref} has no member ${member}`, {
      provider: context.rackspace.key,
      operation: call.operation,
      resource: member,
      hint: "bellows lbs members shows who is there",
    });
  const to = {
    ...(state === undefined ? {} : { condition: state.toUpperCase() as ClbNode["condition"] }),
    ...(weight === undefined ? {} : { weight }),
  };
  const id = String(clb.id);
  await context.inTurn(id, async () => {
    for (const node of nodes) await setNode(context, id, node, to, call);
  });
}
