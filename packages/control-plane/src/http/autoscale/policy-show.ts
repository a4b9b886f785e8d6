import type { Policy, Webhook } from "@bellows/core";
import type { Found } from "./find.js";
import { hiddenName, shownMetadata } from "./hidden.js";
import { type Link, type Links, selfLink } from "./links.js";
import { type PolicyView, toPolicyView } from "./policy-map.js";

/** A policy with its links. */
export type LinkedPolicy = PolicyView & { links: Link[] };

/** A webhook as this API shows it. */
export interface WebhookView {
  id: string;
  name: string;
  metadata: Record<string, string>;
  links: Link[];
}

/** Policies of a group that this API has words for. */
export async function policiesOf(found: Found, signal?: AbortSignal): Promise<Policy[]> {
  const { tenant, group } = found;
  const policies: Policy[] = [];
  for await (const policy of tenant.cloud.policies.list(group.id, signal && { signal }))
    if (toPolicyView(policy) !== undefined) policies.push(policy);
  return policies;
}

/** Adds its link; undefined for a policy that this API has no words for. */
export function showPolicy(policy: Policy, group: string, links: Links): LinkedPolicy | undefined {
  const view = toPolicyView(policy);
  return view && { ...view, links: [selfLink(links.policy(group, view.id))] };
}

/** The link to itself comes first, the capability after it. */
export function showWebhook(webhook: Webhook, group: string, policy: string, links: Links): WebhookView {
  const { id, name, metadata, url } = webhook;
  return {
    id,
    name: hiddenName(metadata) ?? name,
    metadata: shownMetadata(metadata),
    links: [
      selfLink(links.webhook(group, policy, id)),
      ...(url === undefined ? [] : [{ href: url.endsWith("/") ? url : `${url}/`, rel: "capability" }]),
    ],
  };
}

/** Webhooks of a policy, as this API shows them. */
export async function webhooksOf(found: Found, policy: Policy, signal?: AbortSignal): Promise<WebhookView[]> {
  const { tenant, group, id, links } = found;
  const webhooks: WebhookView[] = [];
  for await (const webhook of tenant.cloud.webhooks.list(group.id, policy.id, signal && { signal }))
    webhooks.push(showWebhook(webhook, id, policy.id, links));
  return webhooks;
}
