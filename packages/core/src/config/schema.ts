import { z } from "zod";
import { healthCheckSchema, poolSchema, protocolSchema } from "../contracts/load-balancer.js";
import { DEFAULTS } from "./defaults.js";
import { clusterFile, defaultsFile, groupFile } from "./schema-group.js";
import { described, duration, text, whole } from "./values.js";

/** What stands under providers.NAME and sources.NAME: the plugin's name, and the plugin's own options. */
export const pluginEntryFile = z.looseObject({
  use: described(text(), "Short name or package of the plugin (default: the key).").optional(),
});

const healthCheckFile = z.strictObject({
  target: described(healthCheckSchema.shape.target, "HTTP:PORT/path, HTTP:/path, TCP:PORT or TCP."),
  interval: described(
    duration({ min: 1 }),
    "From one check to the next.",
    DEFAULTS.healthInterval,
  ).optional(),
  timeout: described(duration({ min: 1 }), "How long an answer may take.", DEFAULTS.healthTimeout).optional(),
  healthy: described(
    whole(1, 100),
    "Good answers in a row until it counts as healthy.",
    DEFAULTS.healthy,
  ).optional(),
  unhealthy: described(
    whole(1, 100),
    "Bad answers in a row until it counts as unhealthy.",
    DEFAULTS.unhealthy,
  ).optional(),
});
/** A health check, as it stands in a file. */
export type HealthCheckFile = z.output<typeof healthCheckFile>;

const listenerFile = z.strictObject({
  port: described(whole(0, 65_535), "Where it listens; 0 takes any free port, where the provider can."),
  protocol: described(protocolSchema, "What it speaks.", DEFAULTS.protocol).optional(),
  instancePort: described(
    whole(1, 65_535),
    "Where instances listen (default: their own port, or port).",
  ).optional(),
  instanceProtocol: described(protocolSchema, "What instances speak (default: protocol).").optional(),
  pool: described(text(), "Pool that it serves.", "default").optional(),
  certificate: described(text(), "Certificate id or path, for https, ssl and tls.").optional(),
});
/** A listener, as it stands in a file. */
export type ListenerFile = z.output<typeof listenerFile>;

const algorithm = described(poolSchema.shape.algorithm, "Who gets the next request.");
const drain = described(duration(), "How long a member that goes may finish its requests.");

const poolFile = z.strictObject({
  name: described(text(), "Its name; listeners name it."),
  algorithm: algorithm.optional(),
  healthCheck: described(healthCheckFile, "How its members are checked.").optional(),
  drain: drain.optional(),
});

/** A load balancer, as it stands in a file under its name. */
export const loadBalancerFile = z.strictObject({
  provider: described(text(), "A name under providers (default: the only one).").optional(),
  type: described(text(), "The provider's kind of balancer (default: its simplest).").optional(),
  listeners: described(z.array(listenerFile).min(1), "Ports that it listens on."),
  healthCheck: described(healthCheckFile, "How members are checked.").optional(),
  algorithm: algorithm.optional(),
  drain: drain.optional(),
  pools: described(z.array(poolFile).min(1), "Several sets of members.").optional(),
  zones: described(z.array(text()), "Zones that it serves.").optional(),
  subnets: described(z.array(text()), "Subnets that it stands in.").optional(),
  metadata: described(z.record(z.string().min(1).max(256), z.string().max(256)), "Labels.").optional(),
});
/** A load balancer, as it stands in a file. */
export type LoadBalancerFile = z.output<typeof loadBalancerFile>;

/** `store`. */
export const storeFile = z.strictObject({
  url: described(
    text(),
    "sqlite: (in the state directory), sqlite:PATH, postgres://… or dynamodb:TABLE.",
    DEFAULTS.storeUrl,
  ).optional(),
  keep: described(
    duration({ min: 60_000 }),
    "How long decision records are kept.",
    DEFAULTS.storeKeep,
  ).optional(),
});

/** `server`. */
export const serverFile = z.strictObject({
  listen: described(
    text(),
    "Address and port; other than loopback only with users.",
    DEFAULTS.listen,
  ).optional(),
  url: described(
    z.string().regex(/^https?:\/\/[^\s/]+/, "must begin with http:// or https://"),
    "What webhook links begin with.",
  ).optional(),
  keyFile: described(
    text(),
    "The key that webhook links are made with (default: beside the state; made on first use).",
  ).optional(),
  users: described(
    z.record(
      z.string(),
      z.strictObject({
        apiKey: described(text(), "The user's key; better filled in from the environment or a file."),
        role: described(
          z.enum(["admin", "observer"]),
          "admin may order, observer may look.",
          DEFAULTS.role,
        ).optional(),
        provider: described(
          text(),
          "Where the groups go that the user makes through the Autoscale API: a name under providers (default: the only one).",
        ).optional(),
      }),
    ),
    "Who may use the HTTP API.",
  ).optional(),
});

/** The whole file. */
export const configFile = z.strictObject({
  version: described(z.literal(1), "Version of this format."),
  name: described(
    text({ max: 128 }),
    "Owner of what this file makes (default: the folder's name).",
  ).optional(),
  every: described(
    duration({ min: 100 }),
    "Time from one round to the next; a group may have its own.",
    DEFAULTS.every,
  ).optional(),
  defaults: described(defaultsFile, "For every group.").optional(),
  providers: described(
    z.record(z.string(), pluginEntryFile.nullable()),
    "Clouds, by names of your own.",
  ).optional(),
  sources: described(
    z.record(z.string(), pluginEntryFile.nullable()),
    "Metric sources that several metrics use.",
  ).optional(),
  loadBalancers: described(
    z.record(z.string(), loadBalancerFile),
    "Load balancers that this file makes.",
  ).optional(),
  groups: described(z.record(z.string(), groupFile), "Scaling groups.").optional(),
  clusters: described(z.record(z.string(), clusterFile), "Container clusters.").optional(),
  store: described(storeFile, "Where state is kept.").optional(),
  server: described(serverFile, "The HTTP API of the daemon.").optional(),
});
