/** Changing the configuration of a group. PUT replaces it whole, so that it is always read first. */
import {
  ConfigError,
  type GroupPatch,
  LimitError,
  type Metadata,
  type MetadataDriver,
  metadataSchema,
} from "@bellows/core";
import { LONGEST_COOLDOWN_MS, MOST_SERVERS, type WireConfig } from "./autoscale.js";
import type { Call, Rackspace } from "./client.js";
import { callOf, type GroupContext, inGroup } from "./group-context.js";
import { boundsOf } from "./group-map.js";
import { MARKS, marksOf, metadataFaults, metadataOf } from "./group-marks.js";

/** Reads a group's configuration. */
export async function readConfig(rackspace: Rackspace, id: string, call: Call): Promise<WireConfig> {
  const { body } = await rackspace.request<{ groupConfiguration: WireConfig }>(
    "autoscale",
    `/groups/${id}/config`,
    call,
  );
  return body.groupConfiguration;
}

/** Replaces a group's configuration. Desired moves into the new bounds at once, whatever cooldown runs. */
export async function putConfig(
  rackspace: Rackspace,
  id: string,
  config: WireConfig,
  call: Call,
): Promise<void> {
  const json = { ...config, maxEntities: config.maxEntities ?? MOST_SERVERS };
  await rackspace.request("autoscale", `/groups/${id}/config`, { ...call, method: "PUT", json });
}

/** What Autoscale would refuse of counts and cooldowns. */
export function sizeFaults({ min, max, cooldownMs }: GroupPatch): string[] {
  const faults: string[] = [];
  for (const [word, value] of Object.entries({ min, max }))
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 0 && value <= MOST_SERVERS))
      faults.push(`${word}: must be a whole number from 0 to ${MOST_SERVERS}`);
  if (cooldownMs === undefined) return faults;
  if (!(Number.isSafeInteger(cooldownMs) && cooldownMs >= 0 && cooldownMs <= LONGEST_COOLDOWN_MS))
    faults.push("cooldownMs: must be from 0 to 86400000, which is a day");
  else if (cooldownMs % 1_000 !== 0) faults.push("cooldownMs: must be whole seconds");
  return faults;
}

/** Refuses an explicit desired outside the bounds. @throws ConfigError @throws LimitError that names them. */
export function requireWithin(
  group: string,
  desired: number,
  { min, max }: { min: number; max: number },
  operation: string,
): void {
  if (!Number.isSafeInteger(desired) || desired < 0)
    throw new ConfigError(`desired must be a whole number of 0 or more, not ${desired}`, {
      operation,
      resource: group,
    });
  if (desired >= min && desired <= max) return;
  throw new LimitError(`desired ${desired} of group ${group} lies outside its bounds ${min} to ${max}`, {
    operation,
    resource: group,
    hint: desired > max ? "raise max first, or ask for less" : "lower min first, or ask for more",
  });
}

/** A configuration with a patch over it, and without what it was only while it was being made. */
export function patchedConfig(config: WireConfig, { min, max, cooldownMs }: GroupPatch): WireConfig {
  const bounds = boundsOf(config);
  const { [MARKS.min]: _, ...metadata } = config.metadata;
  return {
    ...config,
    metadata,
    minEntities: min ?? bounds.min,
    maxEntities: max ?? bounds.max,
    cooldown: cooldownMs === undefined ? config.cooldown : cooldownMs / 1_000,
  };
}

/** Makes the metadata driver of groups; what Bellows notes there stays, and is not shown. */
export function createGroupMetadata(context: GroupContext): MetadataDriver {
  const { rackspace } = context;
  const write = (
    operation: string,
    ref: string,
    given: Metadata,
    options: { signal?: AbortSignal } | undefined,
    make: (old: Metadata) => Metadata,
  ): Promise<Metadata> => {
    const call = callOf(operation, ref, options);
    requireMetadata(given, call);
    return inGroup(context, ref, call, async (id) => {
      const config = await readConfig(rackspace, id, call);
      const metadata = make(metadataOf(config.metadata));
      await putConfig(
        rackspace,
        id,
        { ...config, metadata: { ...metadata, ...marksOf(config.metadata) } },
        call,
      );
      return metadata;
    });
  };
  return {
    merge: async (ref, metadata, options) =>
      write("groups.metadata.merge", ref, metadata, options, (old) => ({ ...old, ...metadata })),
    replace: async (ref, metadata, options) =>
      write("groups.metadata.replace", ref, metadata, options, () => ({ ...metadata })),
  };
}

/** @throws ConfigError that lists what is wrong with metadata. */
export function requireMetadata(
  metadata: Metadata,
  { operation, resource = "" }: Pick<Call, "operation" | "resource">,
  ownFaults: (metadata: Metadata) => string[] = metadataFaults,
): void {
  const read = metadataSchema.safeParse(metadata);
  const faults = read.success
    ? ownFaults(metadata)
    : read.error.issues.map(({ path, message }) => `${["metadata", ...path].join(".")}: ${message}`);
  if (faults.length > 0) throw new ConfigError(faults.join("; "), { operation, resource });
}
