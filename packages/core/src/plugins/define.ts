import type {
  Capabilities,
  MetricSourcePlugin,
  PolicyPlugin,
  Provider,
  ProviderPlugin,
} from "../contracts/provider.js";

/** Facts of a cloud that behaves simply; a provider states what differs. */
export const DEFAULT_CAPABILITIES: Capabilities = {
  readAfterWriteMs: 0,
  rounding: "otter",
  pausable: [],
  labels: true,
  metricPeriodMs: 1_000,
  cooldown: "none",
  buildTimeoutMs: 3_600_000,
};

/**
 * Declares a provider; the result is the plugin's default export.
 * `capabilities` may name only what differs from {@link DEFAULT_CAPABILITIES}.
 */
export function defineProvider<Options, P extends Provider>(
  plugin: Omit<ProviderPlugin<Options, P>, "kind" | "capabilities"> & {
    capabilities?: Partial<Capabilities>;
  },
): ProviderPlugin<Options, P> {
  return { ...plugin, kind: "provider", capabilities: { ...DEFAULT_CAPABILITIES, ...plugin.capabilities } };
}

/** Declares a metric source; the result is the plugin's default export. */
export function defineMetricSource<Options, Params>(
  plugin: Omit<MetricSourcePlugin<Options, Params>, "kind">,
): MetricSourcePlugin<Options, Params> {
  return { ...plugin, kind: "metric-source" };
}

/** Declares a policy; the result is the plugin's default export. */
export function definePolicy<Options, Memory = undefined>(
  plugin: Omit<PolicyPlugin<Options, Memory>, "kind">,
): PolicyPlugin<Options, Memory> {
  return { ...plugin, kind: "policy" };
}
