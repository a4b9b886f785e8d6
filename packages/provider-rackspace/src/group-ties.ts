/** Ties of groups to load balancers: from names, ids and ports to what a launch configuration takes. */
import { type Attachment, ConfigError, type Metadata, NotFoundError, resolveRef } from "@bellows/core";
import { MOST_TIES, type WireLaunch, type WireTie } from "./autoscale.js";
import type { Call, Rackspace } from "./client.js";
import { isId } from "./group-context.js";
import { tieMark } from "./group-marks.js";

/** Ties as a launch configuration has them, and the names by which they were given. */
export interface Ties {
  wire: WireTie[];
  /** Notes for the group's metadata. */
  marks: Metadata;
}

/** A balancer as the list of Cloud Load Balancers has it, as far as it is read here. */
interface Balancer {
  id: number;
  name: string;
  port: number;
  status?: string;
}

/** A tie in its long form. */
export function attachmentOf(tie: Attachment | string): Attachment {
  return typeof tie === "string" ? { id: tie } : tie;
}

/** What Autoscale would refuse of ties. */
export function tieFaults(ties: readonly (Attachment | string)[]): string[] {
  const all = ties.map(attachmentOf);
  const texts = all.map(({ id, port }) => `${id}:${port ?? ""}`);
  return [
    ...(all.length > MOST_TIES ? [`loadBalancers: at most ${MOST_TIES}`] : []),
    ...all.flatMap(({ pool }, index) =>
      pool === undefined ? [] : [`loadBalancers.${index}.pool: balancers of Rackspace have one pool`],
    ),
    ...texts.flatMap((text, index) =>
      texts.indexOf(text) < index ? [`loadBalancers.${index}: stands there twice`] : [],
    ),
  ];
}

/**
 * What a launch configuration takes for these ties. Only names and missing ports are asked for.
 * @throws NotFoundError for a balancer that is not there. @throws ConflictError for a name that fits several.
 */
export async function resolveTies(
  rackspace: Rackspace,
  ties: readonly (Attachment | string)[],
  call: Call,
): Promise<Ties> {
  const resolved = await Promise.all(ties.map((tie) => resolveTie(rackspace, attachmentOf(tie), call)));
  return {
    wire: resolved.map(({ wire }) => wire),
    marks: Object.assign({}, ...resolved.map(({ marks }) => marks)) as Metadata,
  };
}

async function resolveTie(
  rackspace: Rackspace,
  { id, port }: Attachment,
  call: Call,
): Promise<{ wire: WireTie; marks: Metadata }> {
  // A pool of RackConnect v3 has a UUID and its own port; balancers have numbers.
  if (isId(id)) return { wire: { loadBalancerId: id, type: "RackConnectV3" }, marks: {} };
  if (/^\d{1,15}$/.test(id)) {
    const found = port ?? (await balancerWithId(rackspace, id, call)).port;
    return { wire: { loadBalancerId: Number(id), port: found }, marks: {} };
  }
  const balancer = await balancerNamed(rackspace, id, call);
  return {
    wire: { loadBalancerId: balancer.id, port: port ?? balancer.port },
    marks: { [tieMark(balancer.id)]: id },
  };
}

async function balancerWithId(rackspace: Rackspace, id: string, call: Call): Promise<Balancer> {
  const { body } = await rackspace.request<{ loadBalancer: Balancer }>(
    "cloudLoadBalancers",
    `/loadbalancers/${id}`,
    { ...call, resource: id },
  );
  return body.loadBalancer;
}

async function balancerNamed(rackspace: Rackspace, name: string, call: Call): Promise<Balancer> {
  const { body } = await rackspace.request<{ loadBalancers?: Balancer[] }>(
    "cloudLoadBalancers",
    "/loadbalancers",
    { ...call, resource: name, query: { name } },
  );
  const there = (body.loadBalancers ?? []).filter(
    (one) => one.name === name && !/^(PENDING_DELETE|DELETED)$/.test(one.status ?? ""),
  );
  if (there.length === 0)
    throw new NotFoundError(`there is no load balancer "${name}"`, {
      provider: rackspace.key,
      operation: call.operation,
      resource: name,
      hint: "make it first; bellows lbs list shows what there is",
    });
  const { id } = resolveRef(
    there.map((one) => ({ id: String(one.id), name: one.name })),
    name,
    "load balancer",
  );
  return there.find((one) => String(one.id) === id) as Balancer;
}

/** The same launch configuration with these ties. */
export function withWireTies(launch: WireLaunch, ties: WireTie[]): WireLaunch {
  return { ...launch, args: { ...launch.args, loadBalancers: ties } };
}

/** Stacks have no ties of their own. @throws ConfigError */
export function requireTieable({ type }: WireLaunch, hasTies: boolean, call: Call): void {
  if (type === "launch_server" || !hasTies) return;
  throw new ConfigError("loadBalancers: a stack ties its servers itself, in its template", {
    operation: call.operation,
    ...(call.resource === undefined ? {} : { resource: call.resource }),
  });
}
