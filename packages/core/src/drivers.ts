import type { Provider, ProviderDrivers } from "./contracts/provider.js";
import { UnsupportedError } from "./errors.js";
import type { Portable } from "./portable/portable.js";

/** What says which drivers are laid over which. */
export interface LayingSettings {
  key: string;
  /** Whether there is a store. */
  hasStore: boolean;
  groups?: "native" | "portable";
}

/** Every driver there is. */
export const NOUNS = [
  "groups",
  "servers",
  "launch",
  "policies",
  "webhooks",
  "alarms",
  "loadBalancers",
  "activities",
  "clusters",
  "regions",
  "metrics",
] as const satisfies readonly (keyof ProviderDrivers)[];
/** Always there, if only to say what is missing. */
export const LAID: readonly (keyof ProviderDrivers)[] = [
  "groups",
  "launch",
  "policies",
  "webhooks",
  "activities",
];

/** The provider's drivers with the portable ones where it has none of its own. */
export function laidOver(
  provider: Provider,
  portable: Portable | undefined,
  settings: LayingSettings,
): ProviderDrivers {
  const ownGroups = provider.groups !== undefined && settings.groups !== "portable";
  const { groups, launch, activities, policies, webhooks, ...rest } = pickDrivers(provider);
  const own: ProviderDrivers = { ...rest };
  for (const [noun, native, laid] of [
    ["groups", portable || !ownGroups ? undefined : groups, portable?.groups],
    ["launch", ownGroups ? launch : undefined, portable?.launch],
    ["activities", ownGroups ? activities : undefined, portable?.activities],
  ] as const) {
    const chosen = native ?? laid;
    if (chosen !== undefined) Object.assign(own, { [noun]: chosen });
  }
  const merged = { policies: portable?.policies ?? policies, webhooks: portable?.webhooks ?? webhooks };
  for (const [noun, chosen] of Object.entries(merged))
    if (chosen !== undefined) Object.assign(own, { [noun]: chosen });
  return own;
}

function pickDrivers(provider: Provider): ProviderDrivers {
  const drivers: ProviderDrivers = {};
  for (const noun of NOUNS)
    if (provider[noun] !== undefined) Object.assign(drivers, { [noun]: provider[noun] });
  return drivers;
}

/** Drivers that say, whatever is called, why they are not there and what to do about it. */
export function refusals(
  provider: Provider,
  settings: LayingSettings,
): <K extends keyof ProviderDrivers>(noun: K) => NonNullable<ProviderDrivers[K]> {
  return <K extends keyof ProviderDrivers>(noun: K) => {
    const needsStore =
      !settings.hasStore && (provider.groups === undefined || noun === "policies" || noun === "webhooks");
    const refuse = (operation: string): never => {
      throw new UnsupportedError(
        `provider ${settings.key} has no ${noun} of its own${needsStore ? ", and there is no store to keep them in" : ""}`,
        {
          provider: settings.key,
          operation,
          hint: needsStore ? "pass a store: connect(plugin, options, { store })" : "see cloud.can()",
        },
      );
    };
    return new Proxy(
      {},
      {
        get: (_target, method) =>
          typeof method === "symbol" || method === "then" ? undefined : () => refuse(`${noun}.${method}`),
      },
    ) as NonNullable<ProviderDrivers[K]>;
  };
}

/** Whether a driver, or a method of one, is there: `alarms`, `groups.attach`. */
export function can(drivers: ProviderDrivers, feature: string): boolean {
  let found: unknown = drivers;
  for (const part of feature.split(".")) {
    if (typeof found !== "object" || found === null) return false;
    found = (found as Record<string, unknown>)[part];
  }
  return found !== undefined && found !== null;
}
