/** Forms of Autoscale: how it shows what it has, refuses, and cuts lists into pages. */
import type { Group, Policy, Webhook } from "./autoscale-state.js";
import type { Json } from "./json.js";
import type { Check } from "./schema.js";
import { serverLinks } from "./servers-form.js";
import { type Answer, type Call, jsonOf, type Reason, Refusal, type Shown, STATUS_OF } from "./wire.js";
import { type Place, TENANT } from "./world.js";

/** Most that a page holds, and most policies of a group. */
export const MOST_PER_PAGE = 100;

/** Types of errors, with their status. @see facts/rackspace-api.md, section 2.2 */
const STATUS_OF_TYPE = {
  InvalidJsonError: 400,
  ValidationError: 400,
  InvalidMinEntities: 400,
  InvalidLaunchConfiguration: 400,
  InvalidQueryArgument: 400,
  NoSuchScalingGroupError: 404,
  NoSuchPolicyError: 404,
  NoSuchWebhookError: 404,
  ServerNotFoundError: 404,
  GroupNotEmptyError: 403,
  GroupPausedError: 403,
  CannotDeleteServerBelowMinError: 403,
  CannotExecutePolicyError: 403,
  ScalingGroupOverLimitError: 422,
  PoliciesOverLimitError: 422,
  WebhooksOverLimitError: 422,
  NotImplementedError: 501,
} as const;

function errorBody(type: string, code: number, message: string): Shown {
  return { error: { type, code, message, details: "" } };
}

/** A refusal of Autoscale. */
export function refused(type: keyof typeof STATUS_OF_TYPE, message: string): Refusal {
  const status = STATUS_OF_TYPE[type];
  return new Refusal({ status, body: errorBody(type, status, message) }, message);
}

const TYPE_OF_REASON: Readonly<Record<Reason, string>> = {
  unauthorized: "InvalidCredentials",
  forbidden: "Forbidden",
  "not-found": "NotFound",
  method: "InvalidMethod",
  immutable: "UnprocessableEntity",
  throttled: "RateLimitError",
  broken: "InternalError",
  unavailable: "ServiceUnavailable",
};

/** How the proxy before Autoscale refuses, and Autoscale itself when it breaks. */
export function refuseAutoscale(reason: Reason, retryAfterSeconds: number): Answer {
  const status = STATUS_OF[reason];
  const message =
    reason === "broken" ? "An Internal Error was encountered" : `The request was refused: ${reason}`;
  const answer = { status, body: errorBody(TYPE_OF_REASON[reason], status, message) };
  const waits = reason === "throttled" || reason === "unavailable";
  return waits ? { ...answer, headers: { "retry-after": String(retryAfterSeconds) } } : answer;
}

/** The body, checked. @throws Refusal for what is no JSON, and for what the schema does not take. */
export function checkedBody<T extends Json>(call: Call, check: Check): T {
  const body = jsonOf(call);
  if (body === undefined) throw refused("InvalidJsonError", "");
  const [first] = check(body, "body");
  if (first !== undefined) throw refused("ValidationError", first);
  return body as T;
}

/** Where things of Autoscale are. The rest ends in a slash. */
export function hrefOf({ world, region }: Place, rest: string): string {
  return world.url(`autoscale/${region}/v1.0/${TENANT}/${rest}`);
}

/** Where a group is. */
export function groupHref(place: Place, { id }: Group): string {
  return hrefOf(place, `groups/${id}/`);
}

/** Where a policy is. */
export function policyHref(place: Place, group: Group, { id }: Policy): string {
  return `${groupHref(place, group)}policies/${id}/`;
}

function selfLinks(href: string): Shown[] {
  return [{ href, rel: "self" }];
}

/** A group's state; capacities of a new one are all shown as 0. */
export function shownState(place: Place, group: Group, isNew = false): Shown {
  const { active, desired, configuration, isPaused, status, errors } = group;
  const [shown, wanted] = isNew ? [[], 0] : [active, desired];
  return {
    name: configuration.name,
    paused: isPaused,
    status,
    activeCapacity: shown.length,
    pendingCapacity: wanted - shown.length,
    desiredCapacity: wanted,
    active: shown.map((id) => ({ id, links: serverLinks(place, id) })),
    errors: errors.length === 0 ? undefined : errors.map((message) => ({ message })),
  };
}

/** A group in a list. */
export function shortGroup(place: Place, group: Group): Shown {
  return { id: group.id, links: selfLinks(groupHref(place, group)), state: shownState(place, group) };
}

/** A group with all that belongs to it. */
export function shownGroup(
  place: Place,
  group: Group,
  { isNew = false, hasWebhooks = false }: { isNew?: boolean; hasWebhooks?: boolean } = {},
): Shown {
  const href = `${groupHref(place, group)}policies/`;
  const page = group.policies.slice(0, MOST_PER_PAGE);
  const last = page.length === MOST_PER_PAGE ? page.at(-1) : undefined;
  const next =
    last === undefined ? [] : [{ href: `${href}?limit=${MOST_PER_PAGE}&marker=${last.id}`, rel: "next" }];
  return {
    id: group.id,
    links: selfLinks(groupHref(place, group)),
    groupConfiguration: { ...group.configuration },
    launchConfiguration: { ...group.launch },
    scalingPolicies: page.map((one) => ({
      ...shownPolicy(place, group, one),
      ...(hasWebhooks ? webhooksOf(place, group, one) : {}),
    })),
    scalingPolicies_links: [{ href, rel: "policies" }, ...next],
    state: shownState(place, group, isNew),
  };
}

/** A policy. */
export function shownPolicy(place: Place, group: Group, policy: Policy): { [key: string]: Shown } {
  return { id: policy.id, ...policy.given, links: selfLinks(policyHref(place, group, policy)) };
}

function webhooksOf(place: Place, group: Group, policy: Policy): { [key: string]: Shown } {
  return {
    webhooks: policy.webhooks.map((one) => shownWebhook(place, group, policy, one)),
    webhooks_links: [{ href: `${policyHref(place, group, policy)}webhooks/`, rel: "webhooks" }],
  };
}

/** A webhook: the link to itself, then the capability. */
export function shownWebhook(place: Place, group: Group, policy: Policy, webhook: Webhook): Shown {
  const { id, name, metadata, hash } = webhook;
  const capability = place.world.url(`autoscale/${place.region}/v1.0/execute/1/${hash}/`);
  return {
    id,
    name,
    metadata,
    links: [
      { href: `${policyHref(place, group, policy)}webhooks/${id}/`, rel: "self" },
      { href: capability, rel: "capability" },
    ],
  };
}

/**
 * A page of a list, by id. The marker is the last id that was seen; a full page has a next one, which may be empty.
 * @param href - of the list
 */
export function listed<T extends { id: string }>(
  { query }: Call,
  { kind, href, items, show }: { kind: string; href: string; items: readonly T[]; show: (item: T) => Shown },
): Answer {
  const asked = query.get("limit") ?? String(MOST_PER_PAGE);
  if (!/^-?\d+$/.test(asked)) throw refused("InvalidQueryArgument", 'Invalid query argument for "limit"');
  const limit = Math.min(Math.max(Number(asked), 1), MOST_PER_PAGE);
  const marker = query.get("marker") ?? "";
  const page = items
    .filter(({ id }) => id > marker)
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .slice(0, limit);
  const last = page.length === limit ? page.at(-1) : undefined;
  const links = last === undefined ? [] : [{ href: `${href}?limit=${limit}&marker=${last.id}`, rel: "next" }];
  return { status: 200, body: { [kind]: page.map(show), [`${kind}_links`]: links } };
}

/** A switch in the query. @throws Refusal for what is neither true nor false. */
export function flagOf({ query }: Call, key: string, usual: boolean): boolean {
  const written = query.get(key);
  const value = written?.toLowerCase() ?? String(usual);
  if (value !== "true" && value !== "false")
    throw refused(
      "InvalidQueryArgument",
      `Invalid "${key}" query argument: "${written}". Must be "true" or "false". Defaults to "${usual}" if not provided`,
    );
  return value === "true";
}
