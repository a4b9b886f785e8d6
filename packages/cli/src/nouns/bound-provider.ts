import type { MetricQuery, ProviderDrivers, ReadOptions, Sample } from "@bellows/core";
import type { Context } from "../context.js";
import type { Globals } from "../globals.js";
import { type OpenControl, withControl } from "../open-control.js";
import { configOrProvider, providerKey } from "../workbench.js";

/**
 * The drivers of a provider for a source that asks through it: this process's own, or where a running controller has
 * them, its answers.
 * @param source - name of the source's plugin.
 */
export function boundProvider(
  { control, session }: OpenControl,
  provider: string,
  source: string,
): ProviderDrivers {
  const cloud = session?.clouds.get(provider);
  if (cloud !== undefined) return cloud;
  // What an answer is read with stays here; only its deadline can be sent.
  const invoke =
    (method: string) =>
    (queries: readonly MetricQuery[], { deadlineMs }: ReadOptions): Promise<Sample[]> =>
      control.invoke(provider, `metrics.${method}`, [queries, { deadlineMs }]) as Promise<Sample[]>;
  return { metrics: { names: [], ownSource: source, read: invoke("read"), readOwn: invoke("readOwn") } };
}

/** Runs `work` with the provider that the options choose, for a source that asks through it. */
export function withBoundProvider<T>(
  context: Context,
  options: Globals,
  source: string,
  work: (provider: ProviderDrivers) => Promise<T>,
): Promise<T> {
  let key = options.provider ?? "";
  const load = async () => {
    const loaded = await configOrProvider(context, options);
    key = providerKey(loaded.config, options);
    return loaded;
  };
  return withControl(context, options, load, (open) => work(boundProvider(open, key, source)), {
    readOnly: true,
  });
}
