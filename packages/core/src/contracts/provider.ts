import type { z } from "zod";
import type { Clock } from "../clock.js";
import type { ActivitiesDriver } from "./activity.js";
import type { AlarmsDriver } from "./alarm.js";
import type { ClustersDriver } from "./cluster.js";
import type { CallOptions } from "./common.js";
import type { GroupsDriver } from "./group.js";
import type { HttpClient } from "./http.js";
import type { LaunchDriver } from "./launch.js";
import type { LoadBalancersDriver } from "./load-balancer.js";
import type { MetricSource, MetricsDriver } from "./metric.js";
import type { PoliciesDriver, Rounding } from "./policy.js";
import type { RegionsDriver } from "./region.js";
import type { ServersDriver } from "./server.js";
import type { StateStore } from "./state-store.js";
import type { WebhooksDriver } from "./webhook.js";

/** The version of these contracts. Plugins state the one they were written for. */
export const CONTRACT_VERSION = 1;

/** Where plugins log: data first, then words. Never a secret in either. */
export interface Logger {
  debug(data: object, message: string): void;
  info(data: object, message: string): void;
  warn(data: object, message: string): void;
  error(data: object, message: string): void;
}

/** What a plugin gets from whoever loads it. */
export interface Host {
  /** Key of the provider or source in the config; prefix of its log lines. */
  readonly key: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Aborts when the plugin is to close. */
  readonly signal: AbortSignal;
  readonly userAgent: string;
  /** HTTP with retries, throttle, redaction and deadlines. Made on first use. */
  readonly http: HttpClient;
  /** A folder of its own for providers that keep things on this machine; made on first use, mode 0700. */
  readonly folder: string;
  /** Folder of the config file (or the current one): relative paths in options are meant from here. */
  readonly baseFolder: string;
  /** Keeps small documents of the plugin's own; absent when the caller gave no store. */
  readonly store?: StateStore;
  /** Marks a value as secret: it is blanked out of every log line and error from now on. */
  secret(value: string): void;
}

/** One finding of `diagnose`. */
export interface Finding {
  level: "ok" | "warning" | "error";
  text: string;
  hint?: string;
}

/** Finer facts of a provider, which the conformance suite takes as parameters. */
export interface Capabilities {
  /** How long a read may lag behind an acknowledged write. */
  readAfterWriteMs: number;
  /** Default rounding of percentages. */
  rounding: Rounding;
  /** Processes that can be paused one by one; empty: one switch. */
  pausable: readonly string[];
  /** Whether servers and groups carry labels. */
  labels: boolean;
  /** Shortest period of its metrics. */
  metricPeriodMs: number;
  /** Cooldown rule of its native policies. */
  cooldown: "from-execution" | "from-last-activity" | "none";
  /** How long a new server may take until it counts as failed. */
  buildTimeoutMs: number;
}

/** The drivers that a provider brings: `groups` or `servers` (with create and delete), or both. */
export interface ProviderDrivers {
  groups?: GroupsDriver;
  servers?: ServersDriver;
  launch?: LaunchDriver;
  policies?: PoliciesDriver;
  webhooks?: WebhooksDriver;
  alarms?: AlarmsDriver;
  loadBalancers?: LoadBalancersDriver;
  activities?: ActivitiesDriver;
  clusters?: ClustersDriver;
  regions?: RegionsDriver;
  metrics?: MetricsDriver;
}

/** A provider, connected. */
export interface Provider extends ProviderDrivers {
  /** Ends connections and timers. Servers and groups go on. */
  close(): Promise<void>;
  /** What `bellows doctor` asks: can it be used, as whom, what is missing. Never throws. */
  diagnose?(options?: CallOptions): Promise<Finding[]>;
}

/** What a cloud must allow, in its own form. */
export interface Permissions {
  /** The actions, sorted, each once: `autoscaling:DescribeAutoScalingGroups`. */
  actions: readonly string[];
  /** The document to give to the cloud: on AWS an IAM policy. */
  document: Record<string, unknown>;
}

/** What a cloud's policy can be narrowed to. What is left out stays open: any of its kind. */
export interface PermissionScope<Options = unknown> {
  /** The provider's options: they tell the region and the account. */
  options?: Options;
  /** Names at the cloud of the only groups that are touched. */
  groups?: readonly string[];
  /** Names at the cloud of the only load balancers that are touched. */
  loadBalancers?: readonly string[];
}

/** What a provider plugin's default export is; see `defineProvider`. */
export interface ProviderPlugin<Options = unknown, P extends Provider = Provider> {
  readonly kind: "provider";
  readonly name: string;
  readonly contract: number;
  /** Checks and converts the provider's part of the config, without `use`. */
  readonly options: z.ZodType<Options>;
  /** Checks launch configurations. */
  readonly launch: z.ZodType;
  /** Checks what stands under the provider's name on a group or balancer; absent: nothing may. */
  readonly native?: z.ZodType;
  readonly capabilities: Capabilities;
  /**
   * What the cloud must allow so that these methods (`groups.scale`, `loadBalancers.create`) can be called; for
   * `bellows permissions`. Absent: the cloud grants all or nothing.
   */
  permissions?(methods: readonly string[], scope?: PermissionScope<Options>): Permissions;
  /** Which drivers `create` will bring, by name: `can()` before connecting, offline validation, docs. */
  readonly drivers: readonly (keyof ProviderDrivers)[];
  create(options: Options, host: Host): Promise<P> | P;
}

/** What a metric source plugin's default export is; see `defineMetricSource`. */
export interface MetricSourcePlugin<Options = unknown, Params = unknown> {
  readonly kind: "metric-source";
  readonly name: string;
  readonly contract: number;
  /** Checks what stands under `sources.NAME`, without `use`. */
  readonly options: z.ZodType<Options>;
  /** Checks what stands in a metric, without `source` and `maxAge`. */
  readonly query: z.ZodType<Params>;
  /** Whether it asks by `metrics.readOwn` of the group's provider, with its account and rights. */
  readonly throughProvider?: boolean;
  create(options: Options, host: Host): Promise<MetricSource<Params>> | MetricSource<Params>;
}

/** What a policy plugin may look at. */
export interface PolicyInput {
  signals: ReadonlyMap<string, number>;
  desired: number;
  inService: number;
  pending: number;
  min: number;
  max: number;
  nowMs: number;
}

/** What a policy plugin says. */
export type PolicyVerdict = { want: number; text?: string } | { abstain: string };

/** What a policy plugin's default export is; see `definePolicy`. Pure: same input and memory, same answer. */
export interface PolicyPlugin<Options = unknown, Memory = unknown> {
  readonly kind: "policy";
  readonly name: string;
  readonly contract: number;
  readonly options: z.ZodType<Options>;
  /** Names of the signals it reads, so that a missing one makes it `unavailable` by itself. */
  signals(options: Options): readonly string[];
  evaluate(
    options: Options,
    input: PolicyInput,
    memory: Memory | undefined,
  ): { verdict: PolicyVerdict; memory?: Memory };
}

/** Any plugin. */
export type Plugin = ProviderPlugin<never> | MetricSourcePlugin<never, never> | PolicyPlugin<never, never>;
