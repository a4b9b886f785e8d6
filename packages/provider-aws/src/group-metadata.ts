/** Metadata of groups: their tags, but for AWS's own and ours. */
import type { AutoScalingGroup } from "@aws-sdk/client-auto-scaling";
import {
  type CallOptions,
  ConfigError,
  type Metadata,
  type MetadataDriver,
  metadataSchema,
  type Ref,
} from "@bellows/core";
import type { Call } from "./client.js";
import { callOf, type GroupContext } from "./group-context.js";
import { metadataOf, metadataTags } from "./group-map.js";
import { describeGroup } from "./group-read.js";
import { makeTags, tagFaults } from "./group-tags.js";

/**
 * Makes the metadata driver of groups. Keys that are there keep their way with new instances (propagated or not); new
 * keys go the way of the others: propagated where all of those are.
 */
export function createGroupMetadata(context: GroupContext): MetadataDriver {
  const { aws, recent } = context;
  return {
    async merge(ref, metadata, options) {
      const call = callOf("metadata.merge", ref, options);
      const group = await readFor(context, ref, metadata, call, options);
      const merged = { ...(recent.metadataOf(ref) ?? metadataOf(group)), ...metadata };
      requireTags(merged, call);
      await put(context, group, metadata, call);
      recent.wroteMetadata(ref, merged);
      return merged;
    },
    async replace(ref, metadata, options) {
      const call = callOf("metadata.replace", ref, options);
      const group = await readFor(context, ref, metadata, call, options);
      await put(context, group, metadata, call);
      const before = { ...metadataOf(group), ...recent.metadataOf(ref) };
      const gone = Object.entries(before).filter(([key]) => !Object.hasOwn(metadata, key));
      const Tags = makeTags(ref, Object.fromEntries(gone), false);
      if (Tags.length > 0) await aws.autoScaling((sdk) => new sdk.DeleteTagsCommand({ Tags }), call);
      recent.wroteMetadata(ref, { ...metadata });
      return { ...metadata };
    },
  };
}

async function readFor(
  { aws }: GroupContext,
  ref: Ref,
  metadata: Metadata,
  call: Call,
  options?: CallOptions,
): Promise<AutoScalingGroup> {
  options?.signal?.throwIfAborted();
  requireTags(metadata, call);
  return describeGroup(aws, ref, call);
}

function requireTags(metadata: Metadata, { operation, resource = "" }: Call): void {
  const read = metadataSchema.safeParse(metadata);
  const faults = read.success
    ? tagFaults(metadata)
    : read.error.issues.map(({ path, message }) => `${["metadata", ...path].join(".")}: ${message}`);
  if (faults.length > 0) throw new ConfigError(faults.join("; "), { operation, resource });
}

async function put(
  { aws }: GroupContext,
  group: AutoScalingGroup,
  metadata: Metadata,
  call: Call,
): Promise<void> {
  const there = new Map(metadataTags(group).map((tag) => [tag.Key ?? "", tag]));
  const others = [...there.values()].every(({ PropagateAtLaunch }) => PropagateAtLaunch) && there.size > 0;
  const Tags = Object.entries(metadata).flatMap(([key, value]) =>
    makeTags(group.AutoScalingGroupName ?? "", { [key]: value }, there.get(key)?.PropagateAtLaunch ?? others),
  );
  if (Tags.length > 0) await aws.autoScaling((sdk) => new sdk.CreateOrUpdateTagsCommand({ Tags }), call);
}
