import type { Policy } from "@bellows/core";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { AutoscaleFault, inWordsOf, missing } from "./errors.js";
import { type Found, findGroup, findPolicy } from "./find.js";
import { freeName, withHiddenName } from "./hidden.js";
import { LIMITS } from "./limits.js";
import type { AutoscaleOptions } from "./options.js";
import { type PageQuery, pageOf, pageQuery, readLimit } from "./paging.js";
import { showWebhook, type WebhookView, webhooksOf } from "./policy-show.js";
import { resource } from "./resource.js";
import { answers } from "./schema-answer.js";
import { type WebhookBody, webhookBody, webhooksBody } from "./schema-webhook.js";

const LIST = "/groups/:group/policies/:policy/webhooks";

/** Webhooks of a policy: made, listed, changed, deleted. */
export function webhookResources(scope: FastifyInstance, options: AutoscaleOptions): void {
  resource(scope, LIST, {
    GET: {
      summary: "Webhooks of a policy, a page of them",
      query: pageQuery,
      ok: 200,
      answer: answers.webhooks,
      errors: [404],
      async run(request) {
        const query = request.query as PageQuery;
        readLimit(query.limit);
        const at = await findPlace(request, options);
        const { id, links } = at.found;
        const all = await webhooksOf(at.found, at.policy, request.signal);
        const page = pageOf(all, query, links.webhooks(id, at.policy.id));
        return { webhooks: page.items, webhooks_links: page.links };
      },
    },
    POST: {
      summary: "Makes webhooks",
      body: webhooksBody,
      ok: 201,
      answer: answers.madeWebhooks,
      errors: [404, 409, 422, 501],
      async run(request, reply) {
        const at = await findPlace(request, options);
        void reply.header("location", at.found.links.webhooks(at.found.id, at.policy.id));
        return { webhooks: await makeWebhooks(at, request.body as WebhookBody[], options) };
      },
    },
  });
  resource(scope, `${LIST}/:webhook`, {
    GET: {
      summary: "A webhook",
      ok: 200,
      answer: answers.webhook,
      errors: [404],
      run: async (request) => ({ webhook: await showOne(request, await findPlace(request, options)) }),
    },
    PUT: {
      summary: "Replaces name and metadata of a webhook; its capability stays",
      body: webhookBody,
      ok: 204,
      errors: [404, 409],
      run: (request) => replaceWebhook(request, options),
    },
    DELETE: {
      summary: "Deletes a webhook: its capability opens nothing any more",
      ok: 204,
      errors: [404, 409],
      async run(request) {
        const at = await findPlace(request, options);
        const { tenant, group } = at.found;
        await inPlace(request, at, (webhook) =>
          tenant.cloud.webhooks.delete(group.id, at.policy.id, webhook),
        );
      },
    },
  });
}

interface Place {
  found: Found;
  policy: Policy;
}

async function findPlace(request: FastifyRequest, options: AutoscaleOptions): Promise<Place> {
  const found = await findGroup(request, options);
  return { found, policy: await findPolicy(request, found) };
}

/** Works with the webhook in a request's address. @throws AutoscaleFault when there is none. */
function inPlace<T>(
  request: FastifyRequest,
  { found, policy }: Place,
  work: (webhook: string) => Promise<T>,
): Promise<T> {
  const { webhook = "" } = request.params as { webhook?: string };
  return inWordsOf(
    "not-found",
    () => missing.webhook(found.tenant.id, found.id, policy.id, webhook),
    work(webhook),
  );
}

function showOne(request: FastifyRequest, at: Place): Promise<WebhookView> {
  const { tenant, group, id, links } = at.found;
  return inPlace(request, at, async (webhook) =>
    showWebhook(await tenant.cloud.webhooks.get(group.id, at.policy.id, webhook), id, at.policy.id, links),
  );
}

/** Makes all of them, or none. */
async function makeWebhooks(
  { found, policy }: Place,
  bodies: readonly WebhookBody[],
  { steward }: AutoscaleOptions,
): Promise<WebhookView[]> {
  const { tenant, group, id, links } = found;
  const { webhooks } = tenant.cloud;
  return steward.change(tenant.id, group, async () => {
    const names = await namesOf(found, policy);
    requireRoom(found, policy, names.size, bodies.length);
    const made: WebhookView[] = [];
    try {
      for (const body of bodies) {
        const webhook = await webhooks.create(group.id, policy.id, keptAs(body, names));
        made.push(showWebhook(webhook, id, policy.id, links));
      }
    } catch (error) {
      for (const webhook of made) await webhooks.delete(group.id, policy.id, webhook.id);
      throw error;
    }
    return made;
  });
}

/** Names under which the webhooks of a policy are kept. */
async function namesOf({ tenant, group }: Found, policy: Policy): Promise<Set<string>> {
  const names = new Set<string>();
  for await (const { name } of tenant.cloud.webhooks.list(group.id, policy.id)) names.add(name);
  return names;
}

/** A webhook as it is kept; its name is added to those that are taken. */
function keptAs({ name, metadata }: WebhookBody, names: Set<string>): WebhookBody {
  const kept = freeName(name, names);
  names.add(kept);
  return { name: kept, metadata: withHiddenName(metadata, name, kept) ?? {} };
}

async function replaceWebhook(request: FastifyRequest, options: AutoscaleOptions): Promise<void> {
  const at = await findPlace(request, options);
  const { tenant, group } = at.found;
  const { webhooks } = tenant.cloud;
  await options.steward.change(tenant.id, group, () =>
    inPlace(request, at, async (ref) => {
      const { id, name } = await webhooks.get(group.id, at.policy.id, ref);
      const names = await namesOf(at.found, at.policy);
      names.delete(name);
      await webhooks.update(group.id, at.policy.id, id, keptAs(request.body as WebhookBody, names));
    }),
  );
}

function requireRoom({ tenant, id }: Found, policy: Policy, there: number, more: number): void {
  const most = LIMITS.maxWebhooksPerPolicy;
  if (there + more <= most) return;
  throw new AutoscaleFault(
    "WebhooksOverLimitError",
    `Currently there are ${there} webhooks for tenant ${tenant.id}, scaling group ${id}, policy ${policy.id}.  Creating ${more} new webhooks would exceed the webhook limit of ${most} per policy.`,
  );
}
