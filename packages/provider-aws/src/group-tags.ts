/** Metadata of groups as tags. Pure. */
import type { Tag } from "@aws-sdk/client-auto-scaling";
import type { Metadata } from "@bellows/core";
import { RESERVED_TAG, TAGS } from "./group-map.js";

/** Most tags of a group, ours among them. @see docs.aws.amazon.com, Tag Auto Scaling groups and instances */
const MOST_TAGS = 50;
/** Most keys of metadata: beside them there is room for our own tags. */
const MOST_KEYS = MOST_TAGS - Object.keys(TAGS).length;
/** Longest key of a tag. @see docs.aws.amazon.com, Auto Scaling API, Tag */
const LONGEST_KEY = 128;

/** What is wrong with metadata that is to become tags. */
export function tagFaults(metadata: Readonly<Record<string, unknown>>): string[] {
  const keys = Object.keys(metadata);
  return [
    ...(keys.length > MOST_KEYS ? [`metadata: at most ${MOST_KEYS} keys, because they are tags`] : []),
    ...keys
      .filter((key) => RESERVED_TAG.test(key))
      .map((key) => `metadata.${key}: keys that begin with aws: or bellows: are taken`),
    ...keys
      .filter((key) => key.length > LONGEST_KEY)
      .map((key) => `metadata.${key.slice(0, 20)}…: at most ${LONGEST_KEY} characters, because it is a tag`),
  ];
}

/**
 * Tags of a group as AWS takes them.
 * @param propagate - whether instances that come from now on get them too.
 */
export function makeTags(group: string, tags: Metadata, propagate: boolean): Tag[] {
  return Object.entries(tags).map(([Key, Value]) => ({
    ResourceId: group,
    ResourceType: "auto-scaling-group",
    Key,
    Value,
    PropagateAtLaunch: propagate,
  }));
}
