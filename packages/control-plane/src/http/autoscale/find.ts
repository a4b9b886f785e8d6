import type { CallOptions, Group, Policy } from "@bellows/core";
import type { FastifyRequest } from "fastify";
import { asked } from "./access.js";
import { shownAs } from "./directory.js";
import { AutoscaleFault, inWordsOf, missing } from "./errors.js";
import { type Links, linksOf } from "./links.js";
import type { AutoscaleOptions, Caller, Tenant } from "./options.js";

/** A group that a request is about. */
export interface Found {
  tenant: Tenant;
  caller: Caller;
  links: Links;
  /** As this API shows them. */
  id: string;
  name: string;
  group: Group;
}

/** The group in a request's address. @throws AutoscaleFault when there is none. */
export async function findGroup(request: FastifyRequest, options: AutoscaleOptions): Promise<Found> {
  const { tenant, caller } = asked(request);
  const { group: asId = "" } = request.params as { group?: string };
  const entry = await options.directory.find(tenant.id, asId);
  const group = await inWordsOf(
    "not-found",
    () => missing.group(tenant.id, asId),
    tenant.cloud.groups.get(entry?.ref ?? asId, untilGone(request)),
  );
  const links = linksOf(options.base(), tenant.id);
  return {
    tenant,
    caller,
    links,
    group,
    ...shownAs(group, entry ?? (await options.directory.find(tenant.id, group.id))),
  };
}

/** The same, for a change: a group that a file declares is changed there. @throws AutoscaleFault */
export async function findOwnGroup(request: FastifyRequest, options: AutoscaleOptions): Promise<Found> {
  const found = await findGroup(request, options);
  const file = options.steward.managedBy(found.tenant.id, found.group);
  if (file === undefined) return found;
  throw new AutoscaleFault(
    "Forbidden",
    `Group ${found.id} for tenant ${found.tenant.id} is declared in ${file}; change it there.`,
  );
}

/** The policy in a request's address. @throws AutoscaleFault when there is none. */
export async function findPolicy(request: FastifyRequest, found: Found): Promise<Policy> {
  const { policy = "" } = request.params as { policy?: string };
  return inWordsOf(
    "not-found",
    () => missing.policy(found.tenant.id, found.id, policy),
    found.tenant.cloud.policies.get(found.group.id, policy, untilGone(request)),
  );
}

/** Reads end when whoever asked has gone; writes go on. */
export function untilGone(request: FastifyRequest): CallOptions {
  return request.method === "GET" ? { signal: request.signal } : {};
}
