import type { GroupSpec } from "../contracts/group.js";
import type { LoadBalancerSpec } from "../contracts/load-balancer.js";
import type { MetricSourcePlugin, ProviderPlugin } from "../contracts/provider.js";
import type { ScalingSpec } from "../contracts/scaling.js";

/** A provider as a file names it. */
export interface ProviderConfig {
  /** Its name in the file. */
  key: string;
  /** What the plugin is called: a short name, a package or a path. */
  use: string;
  plugin: ProviderPlugin;
  /** Has passed the plugin's `options` schema. */
  options: unknown;
}

/** A metric source as a file names it; a kind that a metric names directly stands here under its own name. */
export interface SourceConfig {
  key: string;
  use: string;
  plugin: MetricSourcePlugin;
  /** Has passed the plugin's `options` schema. */
  options: unknown;
}

/** A load balancer that the file makes. */
export interface LoadBalancerConfig {
  key: string;
  /** Key of its provider. */
  provider: string;
  spec: LoadBalancerSpec;
}

/** A webhook that a policy of the file has. */
export interface WebhookConfig {
  policy: string;
  name: string;
}

/** How instances are replaced. */
export interface RolloutConfig {
  strategy: "surge" | "swap";
  /** How many at a time. */
  surge: { count: number } | { percent: number };
  soakMs: number;
  /** An expression that must stay true. */
  gate?: string;
  onFailure: "rollback" | "pause" | "abort";
}

/** A group of the file. */
export interface GroupConfig {
  key: string;
  /** Key of its provider. */
  provider: string;
  /** Name or id at the cloud of a group that is never made or deleted; absent where the file makes it. */
  existing?: string;
  /** What it is made from; absent where it exists. */
  create?: GroupSpec;
  scaling: ScalingSpec;
  /** A bound that the file leaves to the cloud: `scaling.min` is 0 or `scaling.max` 100,000 until it is filled in. */
  boundsFromCloud: boolean;
  /** The bounds that the file states. */
  bounds: { min?: number; max?: number };
  webhooks: WebhookConfig[];
  rollout?: RolloutConfig;
}

/** A service of a cluster. */
export interface ServiceConfig {
  key: string;
  /** `name` is `CLUSTER/SERVICE`, `ref` the service's name at the cloud. */
  scaling: ScalingSpec;
  webhooks: WebhookConfig[];
}

/** A container cluster: services, and the instances under them. */
export interface ClusterConfig {
  key: string;
  provider: string;
  /** The group of instances. */
  existing: string;
  scaling: ScalingSpec;
  boundsFromCloud: boolean;
  bounds: { min?: number; max?: number };
  webhooks: WebhookConfig[];
  /** Room that is kept free. */
  buffer: { cpu: number; memoryBytes: number };
  services: Record<string, ServiceConfig>;
}

/** Who may use the HTTP API. */
export interface UserConfig {
  name: string;
  /** SHA-256 of the API key, in hexadecimal: the key itself is kept nowhere. */
  apiKeyHash: string;
  role: "admin" | "observer";
  /** Key of the provider whose groups it works on through the Autoscale API; absent: any of the file. */
  provider?: string;
}

/** A file that was read, checked and brought into one form. Plain data, except for the plugins. */
export interface Config {
  /** The file, absolute. */
  file: string;
  /** Its folder: relative paths are meant from here. */
  baseFolder: string;
  /** Owner of what the file makes. */
  name: string;
  everyMs: number;
  providers: Record<string, ProviderConfig>;
  sources: Record<string, SourceConfig>;
  loadBalancers: Record<string, LoadBalancerConfig>;
  groups: Record<string, GroupConfig>;
  clusters: Record<string, ClusterConfig>;
  store: { url: string; keepMs: number };
  server: { listen: { host: string; port: number }; url?: string; keyFile?: string; users: UserConfig[] };
}
