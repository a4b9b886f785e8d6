import { type Group, isBellowsError } from "@bellows/core";
import type { Found } from "./find.js";
import { type LaunchView, toLaunchView } from "./launch-view.js";
import { type Link, selfLink } from "./links.js";
import { type LinkedPolicy, policiesOf, showPolicy, type WebhookView, webhooksOf } from "./policy-show.js";
import { countsOf, type StateView } from "./state.js";

/** Policies of a page: with so many there is a link to more. */
const PAGE = 100;

/** A group's configuration, as this API shows it. Cooldown in seconds. */
export function configOf(group: Group, name: string) {
  return {
    name,
    cooldown: group.cooldownMs / 1_000,
    minEntities: group.min,
    maxEntities: group.max,
    metadata: { ...group.metadata },
  };
}

/** What new servers of a group are made from; a group whose cloud does not tell has an empty one. */
export async function launchOf({ tenant, group }: Found): Promise<LaunchView> {
  try {
    return toLaunchView(await tenant.cloud.launch.get(group.id), group.loadBalancers);
  } catch (error) {
    if (!isBellowsError(error, "unsupported") && !isBellowsError(error, "not-found")) throw error;
    return toLaunchView({}, group.loadBalancers);
  }
}

type ShownPolicy = LinkedPolicy & { webhooks?: WebhookView[]; webhooks_links?: Link[] };

/** A group, whole. @param withWebhooks - its policies with their webhooks. */
export async function manifestOf(
  found: Found,
  state: StateView,
  withWebhooks: boolean,
  signal?: AbortSignal,
) {
  const { group, id, name, links } = found;
  const [launchConfiguration, scalingPolicies] = await Promise.all([
    launchOf(found),
    shownPolicies(found, withWebhooks, signal),
  ]);
  const policies = links.policies(id);
  const last = scalingPolicies.at(-1);
  return {
    id,
    links: [selfLink(links.group(id))],
    ...countsOf(state),
    groupConfiguration: configOf(group, name),
    launchConfiguration,
    scalingPolicies,
    scalingPolicies_links: [
      { href: policies, rel: "policies" },
      ...(last !== undefined && scalingPolicies.length >= PAGE
        ? [{ href: `${policies}?limit=${PAGE}&marker=${encodeURIComponent(last.id)}`, rel: "next" }]
        : []),
    ],
    state,
  };
}

async function shownPolicies(
  found: Found,
  withWebhooks: boolean,
  signal?: AbortSignal,
): Promise<ShownPolicy[]> {
  const { id, links } = found;
  const policies = (await policiesOf(found, signal)).sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, PAGE);
  const shown: ShownPolicy[] = [];
  for (const policy of policies) {
    const view = showPolicy(policy, id, links);
    if (view === undefined) continue;
    if (!withWebhooks) shown.push(view);
    else {
      const webhooks = await webhooksOf(found, policy, signal);
      shown.push({
        ...view,
        webhooks,
        webhooks_links: [{ href: links.webhooks(id, policy.id), rel: "webhooks" }],
      });
    }
  }
  return shown;
}
