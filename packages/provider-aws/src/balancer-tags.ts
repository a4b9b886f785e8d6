/** Metadata of balancers as tags. Pure. */
import type { Metadata } from "@bellows/core";
import type { BalancerType } from "./balancer-native.js";
import { RESERVED_TAG } from "./group-map.js";

/** A tag, as both APIs have it. */
export interface Tag {
  Key: string | undefined;
  Value?: string | undefined;
}

/** Tags that Bellows keeps for itself on balancers and target groups; all begin with `bellows:`. */
export const BALANCER_TAGS = {
  /** The file that made the balancer: `project/key`. */
  owner: "bellows:owner",
  /** On a target group: name of the balancer that it was made for, with which it goes. */
  balancer: "bellows:balancer",
  /** On a classic balancer: its health check was written without a port. */
  ownPort: "bellows:health-check-port",
} as const;

/** Most tags of a balancer. @see docs.aws.amazon.com, Tag your Classic Load Balancer; Tags for your Application Load Balancer */
const MOST_TAGS: Readonly<Record<BalancerType, number>> = { classic: 10, application: 50, network: 50 };
/** Our own beside the metadata: the owner's, and a classic balancer's for its health check. */
const OWN_TAGS = 2;
const LONGEST_KEY = 128;

/** What is wrong with metadata that is to become tags. */
export function balancerTagFaults(metadata: Metadata, type: BalancerType): string[] {
  const keys = Object.keys(metadata);
  const most = MOST_TAGS[type] - OWN_TAGS;
  return [
    ...(keys.length > most ? [`metadata: at most ${most} keys, because they are tags`] : []),
    ...keys
      .filter((key) => RESERVED_TAG.test(key))
      .map((key) => `metadata.${key}: keys that begin with aws: or bellows: are taken`),
    ...keys
      .filter((key) => key.length > LONGEST_KEY)
      .map((key) => `metadata.${key.slice(0, 20)}…: at most ${LONGEST_KEY} characters, because it is a tag`),
  ];
}

/** Tags of a new balancer. */
export function makeBalancerTags(
  metadata: Metadata,
  owner: string | undefined,
): { Key: string; Value: string }[] {
  return Object.entries({
    ...metadata,
    ...(owner === undefined ? {} : { [BALANCER_TAGS.owner]: owner }),
  }).map(([Key, Value]) => ({ Key, Value }));
}

/** The metadata that stands in tags. */
export function metadataOf(tags: readonly Tag[]): Metadata {
  return Object.fromEntries(
    tags.filter(({ Key = "" }) => !RESERVED_TAG.test(Key)).map(({ Key = "", Value = "" }) => [Key, Value]),
  );
}

/** The value of one tag; undefined when it is not there. */
export function tagValue(tags: readonly Tag[], key: string): string | undefined {
  const tag = tags.find(({ Key }) => Key === key);
  return tag === undefined ? undefined : (tag.Value ?? "");
}

/** What is to be done so that the metadata is this; our own tags stay. */
export function tagChanges(
  tags: readonly Tag[],
  metadata: Metadata,
): { set: { Key: string; Value: string }[]; remove: string[] } {
  const there = metadataOf(tags);
  return {
    set: Object.entries(metadata)
      .filter(([key, value]) => there[key] !== value)
      .map(([Key, Value]) => ({ Key, Value })),
    remove: Object.keys(there).filter((key) => metadata[key] === undefined),
  };
}
