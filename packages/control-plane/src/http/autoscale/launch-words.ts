import { knownKeys, type ProviderPlugin, z } from "@bellows/core";

/** What a provider's launch configurations can say. */
export interface LaunchWords {
  /** Words that mean something to it; empty: any. */
  known: ReadonlySet<string>;
  /** What it has under its own name. */
  own: ReadonlySet<string>;
  /** Names that images must have; absent: what a name means, only the cloud can tell. */
  images?: ReadonlySet<string>;
  /** Names of variables that a launch may set; metadata of these names becomes variables. */
  variables: ReadonlySet<string>;
}

/** Keys of metadata that keep what only Rackspace would act on. */
export const HINTS = {
  flavor: "autoscale:flavorRef",
  disk: "autoscale:diskConfig",
  networks: "autoscale:networks",
} as const;

/** Options that bind what may be launched from afar, where a provider has them (the local one does). */
const binding = z.looseObject({
  images: z.record(z.string(), z.unknown()).optional(),
  envAllow: z.array(z.string()).optional(),
});

/**
 * What launches of a provider can say, told from its schema and its options.
 * @param options - as the config file gives them, checked.
 */
export function launchWordsOf(plugin: Pick<ProviderPlugin, "launch">, options: unknown): LaunchWords {
  const bound = binding.safeParse(options).data ?? {};
  return {
    known: new Set(knownKeys(plugin.launch, [])),
    own: new Set(knownKeys(plugin.launch, ["rackspace"])),
    variables: new Set(bound.envAllow),
    ...(bound.images && { images: new Set(Object.keys(bound.images)) }),
  };
}
