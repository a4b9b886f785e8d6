/** What Autoscale takes. @see facts/rackspace-api.md, sections 2.4 and 2.8 */

import { isObject, type Json } from "./json.js";
import {
  all,
  type Check,
  either,
  holds,
  integer,
  list,
  map,
  nullable,
  number,
  object,
  oneOf,
  optional,
  text,
} from "./schema.js";

const MOST_ENTITIES = 1_000;
const MOST_COOLDOWN_SECONDS = 86_400;
const MOST_IN_A_BATCH = 100;
const SERVICE_NET = "11111111-1111-1111-1111-111111111111";

const name = text(/\S/, 256);
const metadata = map(/^.{0,256}$/s, text(/^/, 256));

/** A group's configuration; a new group may leave out what has a default. */
export function configuration(isNew: boolean): Check {
  const unlessNew = isNew ? optional : (check: Check): Check => check;
  return object({
    name,
    cooldown: integer(0, MOST_COOLDOWN_SECONDS),
    minEntities: integer(0, MOST_ENTITIES),
    maxEntities: unlessNew(integer(0, MOST_ENTITIES)),
    metadata: unlessNew(metadata),
  });
}

const hasVolumes = (server: Json | undefined): boolean =>
  isObject(server) &&
  (Array.isArray(server.block_device_mapping) || Array.isArray(server.block_device_mapping_v2));

const hasImage = (server: Json | undefined): boolean =>
  isObject(server) && typeof server.imageRef === "string" && server.imageRef.trim() !== "";

const server = all(
  object(
    {
      flavorRef: text(/^\S+$/),
      imageRef: nullable(text()),
      personality: optional(list(object({ path: text(/^./s, 255), contents: text() }), { most: 1_000 })),
      metadata: nullable(map(/^[a-zA-Z0-9\-_:. ]{1,255}$/, text(/^/, 255))),
    },
    true,
  ),
  holds((value) => hasImage(value) || hasVolumes(value), "imageRef is required"),
);

const cloudBalancer = object({
  loadBalancerId: either(integer(0, Number.MAX_SAFE_INTEGER), text(/\S/)),
  port: integer(0, 65_535),
  type: optional(oneOf("CloudLoadBalancer")),
});
const rackConnect = object({ loadBalancerId: text(/\S/), type: oneOf("RackConnectV3") });

const isUnique = (value: Json | undefined): boolean =>
  !Array.isArray(value) || new Set(value.map((one) => JSON.stringify(one))).size === value.length;

/** With a balancer of the cloud, servers must be where it reaches them. */
const reachesBalancers = holds((args) => {
  if (!isObject(args) || !isObject(args.server) || !Array.isArray(args.loadBalancers)) return true;
  const { networks } = args.server;
  if (!args.loadBalancers.some((one) => isObject(one) && one.type !== "RackConnectV3")) return true;
  if (networks === undefined || networks === null) return true;
  return Array.isArray(networks) && networks.some((one) => isObject(one) && one.uuid === SERVICE_NET);
}, "ServiceNet network must be present if one or more Cloud Load Balancers are configured.");

const launchServer = object({
  type: oneOf("launch_server"),
  args: all(
    object({
      server,
      loadBalancers: optional(
        all(list(either(cloudBalancer, rackConnect), { most: 5 }), holds(isUnique, "twice the same")),
      ),
      draining_timeout: optional(number(30, 3_600)),
    }),
    reachesBalancers,
  ),
});

const launchStack = object({
  type: oneOf("launch_stack"),
  args: object({
    stack: all(
      object({
        template: optional(either(text(), object({}, true))),
        template_url: optional(text()),
        disable_rollback: optional(oneOf(true, false)),
        environment: optional(either(text(), object({}, true))),
        files: optional(object({}, true)),
        parameters: optional(object({}, true)),
        timeout_mins: optional(number(0, Number.MAX_SAFE_INTEGER)),
      }),
      holds(
        (stack) => isObject(stack) && "template" in stack !== "template_url" in stack,
        "needs one template",
      ),
    ),
  }),
});

/** A launch configuration. */
export const launch: Check = (value, path) =>
  (isObject(value) && value.type === "launch_stack" ? launchStack : launchServer)(value, path);

const KINDS = ["change", "changePercent", "desiredCapacity"] as const;

/** A policy. */
export const policy: Check = all(
  object({
    name,
    type: oneOf("webhook", "schedule", "cloud_monitoring"),
    cooldown: number(0, MOST_COOLDOWN_SECONDS),
    change: optional(
      all(
        integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
        holds((value) => value !== 0, "must not be 0"),
      ),
    ),
    changePercent: optional(
      all(
        number(-Number.MAX_VALUE, Number.MAX_VALUE),
        holds((value) => value !== 0, "must not be 0"),
      ),
    ),
    desiredCapacity: optional(integer(0, Number.MAX_SAFE_INTEGER)),
    args: optional(object({}, true)),
  }),
  holds(
    (value) => isObject(value) && KINDS.filter((kind) => kind in value).length === 1,
    `needs exactly one of ${KINDS.join(", ")}`,
  ),
  holds(
    (value) => isObject(value) && (value.type === "webhook") === !("args" in value),
    "args belong to schedule and cloud_monitoring policies",
  ),
);

/** Policies that are made in one call. */
export const policies: Check = list(policy, { least: 1, most: MOST_IN_A_BATCH });

/** A webhook, as it is set; a new one may leave out its metadata. */
export function webhook(isNew: boolean): Check {
  return object({ name, metadata: isNew ? optional(metadata) : metadata });
}

/** Webhooks that are made in one call. */
export const webhooks: Check = list(webhook(true), { least: 1, most: MOST_IN_A_BATCH });

/** A new group. */
export const group: Check = object({
  groupConfiguration: configuration(true),
  launchConfiguration: launch,
  scalingPolicies: optional(list(policy, { most: MOST_IN_A_BATCH })),
});
