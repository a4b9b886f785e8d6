export type {
  ClusterConfig,
  Config,
  GroupConfig,
  LoadBalancerConfig,
  ProviderConfig,
  RolloutConfig,
  ServiceConfig,
  SourceConfig,
  UserConfig,
  WebhookConfig,
} from "./config.js";
export { DEFAULTS } from "./defaults.js";
export type { Fault } from "./fault.js";
export { renderFault, renderFaults } from "./fault.js";
export { CONFIG_NAME, findConfig } from "./find.js";

export type { Loaded, LoadOptions } from "./load.js";
export { configJsonSchema, loadConfig } from "./on-demand.js";
export { knownKeys } from "./schema-shape.js";
export { duration, instant, percent, size, text, timezone } from "./values.js";
