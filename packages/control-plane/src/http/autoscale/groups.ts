import { isBellowsError, z } from "@bellows/core";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { asked } from "./access.js";
import { shownAs } from "./directory.js";
import { AutoscaleFault, inWordsOf, missing } from "./errors.js";
import { type Found, findGroup, findOwnGroup } from "./find.js";
import { createMaking } from "./group-make.js";
import { linksOf, selfLink } from "./links.js";
import { manifestOf } from "./manifest.js";
import type { AutoscaleOptions } from "./options.js";
import { type PageQuery, pageOf, pageQuery, readLimit } from "./paging.js";
import { resource } from "./resource.js";
import { answers } from "./schema-answer.js";
import { type GroupBody, groupBody } from "./schema-group.js";
import { countsOf, lookAt, newState, type StateView } from "./state.js";

const groupQuery = z.object({
  webhooks: z.string().optional().describe("true: policies with their webhooks"),
});
const forceQuery = z.object({ force: z.string().optional().describe("true: even with servers in it") });

/** Groups: made, listed, shown, deleted. */
export function groupRoutes(scope: FastifyInstance, options: AutoscaleOptions): void {
  const make = createMaking(options);
  resource(scope, "/groups", {
    GET: {
      summary: "Groups, a page of them",
      query: pageQuery,
      ok: 200,
      answer: answers.groups,
      run: (request) => listGroups(request, options),
    },
    POST: {
      summary: "Makes a group",
      body: groupBody,
      ok: 201,
      answer: answers.group,
      errors: [409, 422, 501],
      async run(request, reply) {
        const { tenant, caller } = asked(request);
        const { group, entry } = await make(tenant, request.body as GroupBody);
        const links = linksOf(options.base(), tenant.id);
        options.logger.info({ group: group.name, provider: tenant.id, by: caller.name }, "made a group");
        void reply.header("location", links.group(entry.id));
        const found = { tenant, caller, links, group, ...shownAs(group, entry) };
        return { group: await manifestOf(found, newState(entry.name), false) };
      },
    },
  });
  resource(scope, "/groups/:group", {
    GET: {
      summary: "A group, whole",
      query: groupQuery,
      ok: 200,
      answer: answers.group,
      errors: [404],
      async run(request) {
        const found = await findGroup(request, options);
        const state = await stateNow(request, found, options);
        const { webhooks = "" } = request.query as { webhooks?: string };
        return { group: await manifestOf(found, state, /^true$/i.test(webhooks), request.signal) };
      },
    },
    DELETE: {
      summary: "Deletes a group that wants no servers, or by force any",
      query: forceQuery,
      ok: 204,
      errors: [404, 409],
      run: (request) => deleteGroup(request, options),
    },
  });
  resource(scope, "/groups/:group/state", {
    GET: {
      summary: "Counts of a group",
      ok: 200,
      answer: answers.state,
      errors: [404],
      run: async (request: FastifyRequest, _reply: FastifyReply) => ({
        group: await stateNow(request, await findGroup(request, options), options),
      }),
    },
  });
}

async function listGroups(request: FastifyRequest, options: AutoscaleOptions): Promise<unknown> {
  const { tenant } = asked(request);
  const query = request.query as PageQuery;
  readLimit(query.limit);
  const links = linksOf(options.base(), tenant.id);
  const entries = new Map((await options.directory.all(tenant.id)).map((entry) => [entry.ref, entry]));
  const all = [];
  for await (const group of tenant.cloud.groups.list({ signal: request.signal }))
    all.push({ group, ...shownAs(group, entries.get(group.id)) });
  const page = pageOf(all, query, links.groups());
  const states = await lookAt(tenant, page.items, links, options, request.signal);
  return {
    groups: page.items.flatMap(({ id }, index) => {
      const state = states[index];
      return state === undefined
        ? []
        : [{ id, links: [selfLink(links.group(id))], ...countsOf(state), state }];
    }),
    groups_links: page.links,
  };
}

/** @throws AutoscaleFault when it went meanwhile. */
async function stateNow(
  request: FastifyRequest,
  found: Found,
  options: AutoscaleOptions,
): Promise<StateView> {
  const [state] = await lookAt(found.tenant, [found], found.links, options, request.signal);
  if (state !== undefined) return state;
  throw missing.group(found.tenant.id, found.id);
}

async function deleteGroup(request: FastifyRequest, options: AutoscaleOptions): Promise<void> {
  const force = readForce((request.query as { force?: string }).force);
  const found = await findOwnGroup(request, options);
  const { tenant, group, id, caller } = found;
  await inWordsOf(
    "conflict",
    () => new AutoscaleFault("GroupNotEmptyError", `Group ${id} for tenant ${tenant.id} still has entities.`),
    tenant.cloud.groups.delete(group.id, { force }).catch((error: unknown) => {
      if (!isBellowsError(error, "not-found")) throw error;
    }),
  );
  await options.steward.gone(tenant.id, group);
  await options.directory.remove(tenant.id, id);
  options.logger.info({ group: group.name, provider: tenant.id, by: caller.name }, "deleted a group");
}

function readForce(force: string | undefined): boolean {
  if (force === undefined || /^(true|false)$/i.test(force)) return /^true$/i.test(force ?? "");
  throw new AutoscaleFault(
    "InvalidQueryArgument",
    `Invalid "force" query argument: "${force}". Must be "true" or "false". Defaults to "false" if not provided`,
  );
}
