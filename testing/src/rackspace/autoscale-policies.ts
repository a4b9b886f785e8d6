/** Policies and webhooks of Autoscale. */
import { createHash } from "node:crypto";
import { execute, requireRunning } from "./autoscale-execution.js";
import { groupIn, policyIn, shownGroups, webhookIn } from "./autoscale-find.js";
import {
  checkedBody,
  groupHref,
  listed,
  MOST_PER_PAGE,
  policyHref,
  refused,
  shownPolicy,
  shownWebhook,
} from "./autoscale-form.js";
import { requireSchedule, schedule } from "./autoscale-schedules.js";
import * as schema from "./autoscale-schema.js";
import type { Group, Policy, PolicyGiven, Webhook } from "./autoscale-state.js";
import type { JsonObject } from "./json.js";
import { type Call, Refusal, type Route } from "./wire.js";
import { type Place, TENANT, type World } from "./world.js";

/** Most webhooks of a policy. */
export const MOST_WEBHOOKS = 25;

const ROOT = "/autoscale/:region/v1.0/:tenant/groups/:group/policies";

/** Adds policies to a group, and sets their clocks. */
export function addPolicies(place: Place, group: Group, given: readonly PolicyGiven[]): Policy[] {
  const made = given.map((one): Policy => ({ id: place.world.uuid(), given: one, version: 0, webhooks: [] }));
  group.policies.push(...made);
  for (const one of made) schedule(place, group, one);
  return made;
}

const policyRoutes: Route[] = [
  {
    operation: "ListPolicies",
    method: "GET",
    path: ROOT,
    answer(place, call) {
      const group = groupIn(place, call);
      const href = `${groupHref(place, group)}policies/`;
      const show = (one: Policy) => shownPolicy(place, group, one);
      return listed(call, { kind: "policies", href, items: group.policies, show });
    },
  },
  {
    operation: "CreatePolicies",
    method: "POST",
    path: ROOT,
    answer(place, call) {
      const given = checkedBody<JsonObject[]>(call, schema.policies) as unknown as PolicyGiven[];
      for (const one of given) requireSchedule(place, one);
      const group = groupIn(place, call);
      const count = group.policies.length;
      if (count + given.length > MOST_PER_PAGE)
        throw refused(
          "PoliciesOverLimitError",
          `Currently there are ${count} policies for tenant ${TENANT}, scaling group ${group.id}. Creating ${given.length} new policies would exceed the policy limit of ${MOST_PER_PAGE} per group.`,
        );
      const policies = addPolicies(place, group, given).map((one) => shownPolicy(place, group, one));
      return {
        status: 201,
        headers: { location: `${groupHref(place, group)}policies/` },
        body: { policies },
      };
    },
  },
  {
    operation: "GetPolicy",
    method: "GET",
    path: `${ROOT}/:policy`,
    answer(place, call) {
      const group = groupIn(place, call);
      return { status: 200, body: { policy: shownPolicy(place, group, policyIn(group, call)) } };
    },
  },
  {
    operation: "UpdatePolicy",
    method: "PUT",
    path: `${ROOT}/:policy`,
    answer(place, call) {
      const given = checkedBody<JsonObject>(call, schema.policy) as unknown as PolicyGiven;
      const group = groupIn(place, call);
      const policy = policyIn(group, call);
      if (given.type !== policy.given.type)
        throw refused("ValidationError", "Cannot change type of a scaling policy");
      requireSchedule(place, given);
      policy.given = given;
      schedule(place, group, policy);
      return { status: 204 };
    },
  },
  {
    operation: "DeletePolicy",
    method: "DELETE",
    path: `${ROOT}/:policy`,
    answer(place, call) {
      const group = groupIn(place, call);
      const policy = policyIn(group, call);
      group.policies = group.policies.filter((one) => one !== policy);
      return { status: 204 };
    },
  },
  {
    operation: "ExecutePolicy",
    method: "POST",
    path: `${ROOT}/:policy/execute`,
    answer(place, call) {
      const group = groupIn(place, call);
      requireRunning(group, `execute policy ${call.params.policy}`);
      execute(place, group, policyIn(group, call));
      return { status: 202, body: {} };
    },
  },
];

function webhookOf(world: World, given: JsonObject): Webhook {
  const id = world.uuid();
  const hash = createHash("sha256").update(`capability of ${id}`).digest("hex");
  return { id, hash, ...webhookGiven(given) };
}

function webhookGiven({ name, metadata }: JsonObject): Pick<Webhook, "name" | "metadata"> {
  return { name: String(name), metadata: (metadata ?? {}) as Record<string, string> };
}

/** Executes what a capability stands for; whether it does, and whether it may, is told to nobody. */
function executeAnonymously(place: Place, hash: string): void {
  for (const group of shownGroups(place))
    for (const policy of group.policies)
      if (policy.webhooks.some((one) => one.hash === hash)) {
        requireRunning(group, `execute policy ${policy.id}`);
        return execute(place, group, policy);
      }
}

const webhooksIn = (place: Place, call: Call) => {
  const group = groupIn(place, call);
  const policy = policyIn(group, call);
  return { group, policy, href: `${policyHref(place, group, policy)}webhooks/` };
};

const webhookRoutes: Route[] = [
  {
    operation: "ListWebhooks",
    method: "GET",
    path: `${ROOT}/:policy/webhooks`,
    answer(place, call) {
      const { group, policy, href } = webhooksIn(place, call);
      const show = (one: Webhook) => shownWebhook(place, group, policy, one);
      return listed(call, { kind: "webhooks", href, items: policy.webhooks, show });
    },
  },
  {
    operation: "CreateWebhooks",
    method: "POST",
    path: `${ROOT}/:policy/webhooks`,
    answer(place, call) {
      const given = checkedBody<JsonObject[]>(call, schema.webhooks);
      const { group, policy, href } = webhooksIn(place, call);
      const count = policy.webhooks.length;
      if (count + given.length > MOST_WEBHOOKS)
        throw refused(
          "WebhooksOverLimitError",
          `Currently there are ${count} webhooks for tenant ${TENANT}, scaling group ${group.id}, policy ${policy.id}.  Creating ${given.length} new webhooks would exceed the webhook limit of ${MOST_WEBHOOKS} per policy.`,
        );
      const made = given.map((one) => webhookOf(place.world, one));
      policy.webhooks.push(...made);
      const webhooks = made.map((one) => shownWebhook(place, group, policy, one));
      return { status: 201, headers: { location: href }, body: { webhooks } };
    },
  },
  {
    operation: "GetWebhook",
    method: "GET",
    path: `${ROOT}/:policy/webhooks/:webhook`,
    answer(place, call) {
      const { group, policy } = webhooksIn(place, call);
      const webhook = webhookIn(group, policy, call);
      return { status: 200, body: { webhook: shownWebhook(place, group, policy, webhook) } };
    },
  },
  {
    operation: "UpdateWebhook",
    method: "PUT",
    path: `${ROOT}/:policy/webhooks/:webhook`,
    answer(place, call) {
      const given = checkedBody<JsonObject>(call, schema.webhook(false));
      const { group, policy } = webhooksIn(place, call);
      Object.assign(webhookIn(group, policy, call), webhookGiven(given));
      return { status: 204 };
    },
  },
  {
    operation: "DeleteWebhook",
    method: "DELETE",
    path: `${ROOT}/:policy/webhooks/:webhook`,
    answer(place, call) {
      const { group, policy } = webhooksIn(place, call);
      const webhook = webhookIn(group, policy, call);
      policy.webhooks = policy.webhooks.filter((one) => one !== webhook);
      return { status: 204 };
    },
  },
  {
    operation: "ExecuteWebhook",
    method: "POST",
    path: "/autoscale/:region/v1.0/execute/:version/:hash",
    isAnonymous: true,
    answer(place, call) {
      try {
        executeAnonymously(place, call.params.hash ?? "");
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
      }
      return { status: 202 };
    },
  },
];

/** Requests about policies and webhooks. */
export const autoscalePolicies: readonly Route[] = [...policyRoutes, ...webhookRoutes];
