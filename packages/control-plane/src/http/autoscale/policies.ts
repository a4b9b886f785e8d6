import type { Policy, PolicySpec } from "@bellows/core";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { isPaused } from "./convergence.js";
import { AutoscaleFault, missing } from "./errors.js";
import { type Found, findGroup, findPolicy } from "./find.js";
import { freeName } from "./hidden.js";
import { LIMITS } from "./limits.js";
import type { AutoscaleOptions } from "./options.js";
import { type PageQuery, pageOf, pageQuery, readLimit } from "./paging.js";
import { toPolicySpec } from "./policy-map.js";
import { type LinkedPolicy, policiesOf, showPolicy } from "./policy-show.js";
import { resource } from "./resource.js";
import { answers } from "./schema-answer.js";
import { type PolicyBody, policiesBody, policyBody, readInstant } from "./schema-policy.js";

/** Policies of a group: made, listed, changed, executed, deleted. */
export function policyRoutes(scope: FastifyInstance, options: AutoscaleOptions): void {
  resource(scope, "/groups/:group/policies", {
    GET: {
      summary: "Policies of a group, a page of them",
      query: pageQuery,
      ok: 200,
      answer: answers.policies,
      errors: [404],
      run: (request) => listPolicies(request, options),
    },
    POST: {
      summary: "Makes policies",
      body: policiesBody,
      ok: 201,
      answer: answers.madePolicies,
      errors: [404, 409, 422],
      async run(request, reply) {
        const bodies = request.body as PolicyBody[];
        for (const body of bodies) requireFuture(body, options.clock.now());
        const found = await findGroup(request, options);
        void reply.header("location", found.links.policies(found.id));
        return { policies: await makePolicies(found, bodies, options) };
      },
    },
  });
  resource(scope, "/groups/:group/policies/:policy", {
    GET: {
      summary: "A policy",
      ok: 200,
      answer: answers.policy,
      errors: [404],
      async run(request) {
        const found = await findGroup(request, options);
        return { policy: shown(found, await findPolicy(request, found)) };
      },
    },
    PUT: {
      summary: "Replaces a policy",
      body: policyBody,
      ok: 204,
      errors: [404, 409],
      run: (request) => replacePolicy(request, options),
    },
    DELETE: {
      summary: "Deletes a policy and its webhooks",
      ok: 204,
      errors: [404, 409],
      async run(request) {
        const found = await findGroup(request, options);
        const { tenant, group } = found;
        const { id } = await findPolicy(request, found);
        await options.steward.change(tenant.id, group, () => tenant.cloud.policies.delete(group.id, id));
      },
    },
  });
  resource(scope, "/groups/:group/policies/:policy/execute", {
    POST: {
      summary: "Executes a policy",
      ok: 202,
      answer: answers.executed,
      errors: [404, 409],
      run: (request) => executePolicy(request, options),
    },
  });
}

async function listPolicies(request: FastifyRequest, options: AutoscaleOptions): Promise<unknown> {
  const query = request.query as PageQuery;
  readLimit(query.limit);
  const found = await findGroup(request, options);
  const { id, links } = found;
  const page = pageOf(await policiesOf(found, request.signal), query, links.policies(id));
  return { policies: page.items.map((policy) => shown(found, policy)), policies_links: page.links };
}

/** A policy that this API has no words for is not there. @throws AutoscaleFault then. */
function shown({ tenant, id, links }: Found, policy: Policy): LinkedPolicy {
  const view = showPolicy(policy, id, links);
  if (view !== undefined) return view;
  throw missing.policy(tenant.id, id, policy.id);
}

/** Makes all of them, or none. */
async function makePolicies(
  found: Found,
  bodies: readonly PolicyBody[],
  { steward }: AutoscaleOptions,
): Promise<LinkedPolicy[]> {
  const { tenant, group, id } = found;
  const { policies } = tenant.cloud;
  return steward.change(tenant.id, group, async () => {
    const names = await namesOf(found);
    requireRoom(found, names.size, bodies.length);
    const made: Policy[] = [];
    try {
      for (const body of bodies) {
        const name = freeName(body.name, names);
        names.add(name);
        made.push(await policies.create(group.id, toPolicySpec(body, name)));
      }
    } catch (error) {
      for (const policy of made) await policies.delete(group.id, policy.id);
      throw error;
    }
    return made.map((policy) => shown({ ...found, id }, policy));
  });
}

/** Names of all policies of a group, those without words here among them. */
async function namesOf({ tenant, group }: Found): Promise<Set<string>> {
  const names = new Set<string>();
  for await (const { name } of tenant.cloud.policies.list(group.id)) names.add(name);
  return names;
}

function requireRoom({ tenant, id }: Found, there: number, more: number): void {
  const most = LIMITS.maxPoliciesPerGroup;
  if (there + more <= most) return;
  throw new AutoscaleFault(
    "PoliciesOverLimitError",
    `Currently there are ${there} policies for tenant ${tenant.id}, scaling group ${id}. Creating ${more} new policies would exceed the policy limit of ${most} per group.`,
  );
}

/** @throws AutoscaleFault for a moment that has passed. */
export function requireFuture({ args }: Pick<PolicyBody, "args">, nowMs: number): void {
  const at = args?.at;
  if (typeof at !== "string" || (readInstant(at) ?? 0) > nowMs) return;
  throw new AutoscaleFault(
    "ValidationError",
    `Invalid ${JSON.stringify(at)} datetime: It must be in the future`,
  );
}

async function replacePolicy(request: FastifyRequest, options: AutoscaleOptions): Promise<void> {
  const body = request.body as PolicyBody;
  requireFuture(body, options.clock.now());
  const found = await findGroup(request, options);
  const { tenant, group } = found;
  const old = await findPolicy(request, found);
  if (shown(found, old).type !== body.type)
    throw new AutoscaleFault("ValidationError", "Cannot change type of a scaling policy");
  await options.steward.change(tenant.id, group, async () => {
    const names = await namesOf(found);
    names.delete(old.name);
    const { engine, rounding, ...spec } = toPolicySpec(body, freeName(body.name, names));
    const patch: PolicySpec = { ...spec, metadata: spec.metadata ?? {} };
    await tenant.cloud.policies.update(
      group.id,
      old.id,
      old.engine === "native" ? withoutMetadata(patch) : { ...patch, ...(rounding && { rounding }) },
    );
  });
}

/** A cloud's own policies carry no metadata. */
function withoutMetadata({ metadata: _, ...patch }: PolicySpec): PolicySpec {
  return patch;
}

/** Refused in Otter's order: paused before anything else. */
async function executePolicy(request: FastifyRequest, options: AutoscaleOptions): Promise<object> {
  const found = await findGroup(request, options);
  const { policy: asId = "" } = request.params as { policy?: string };
  if (await isPaused(found, options)) throw paused(found, asId);
  const { id: policy } = await findPolicy(request, found);
  const { tenant, group, caller } = found;
  const { result, text = "" } = await options.steward.execute(tenant.id, group, policy, caller.name);
  if (result === "executed" || result === "accepted") return {};
  if (result === "paused") throw paused(found, policy);
  const why = { cooldown: "Cooldowns not met.", unchanged: "No change in servers", refused: text }[result];
  throw new AutoscaleFault(
    "CannotExecutePolicyError",
    `Cannot execute scaling policy ${policy} for group ${found.id} for tenant ${tenant.id}: ${why}`,
  );
}

function paused({ tenant, id }: Found, policy: string): AutoscaleFault {
  return new AutoscaleFault(
    "GroupPausedError",
    `Cannot execute policy ${policy} for group ${id} for tenant ${tenant.id} because group is paused`,
  );
}
