/**
 * What Bellows notes on groups of Autoscale, as metadata beside the user's own. It begins with `bellows:`, is not shown
 * as metadata, and survives every change of it. Pure.
 */
import type { Metadata } from "@bellows/core";
import type { WireMetadata } from "./autoscale.js";

/** What every note begins with. */
export const PREFIX = "bellows:";

/** The notes. */
export const MARKS = {
  /** The file (`project/key`) that made the group. */
  owner: "bellows:owner",
  /** Digest of what the group was made from: an equal call finds it again. */
  spec: "bellows:spec",
  /** When it was made, in milliseconds since the epoch. */
  made: "bellows:made",
  /** Its min, while it is still being made with more servers than that. */
  min: "bellows:min",
} as const;

/** The policy by which desired is set; Autoscale has no call of its own for it. */
export const DESIRED_POLICY = "bellows-desired";

const TIE = "bellows:tie:";
const POLICY_OWNER = "bellows:policy:";

/** The note that says by which name a file ties the group to a balancer. */
export function tieMark(loadBalancerId: number | string): string {
  return `${TIE}${loadBalancerId}`;
}

/** The note that says which file made a policy of the group: policies take no labels. */
export function policyOwnerMark(policyId: string): string {
  return `${POLICY_OWNER}${policyId}`;
}

function isMark(key: string): boolean {
  return key.startsWith(PREFIX);
}

/** The user's own part of a group's metadata. */
export function metadataOf(all: WireMetadata): Metadata {
  return Object.fromEntries(Object.entries(all).filter(([key]) => !isMark(key)));
}

/** The notes of a group. */
export function marksOf(all: WireMetadata): Metadata {
  return Object.fromEntries(Object.entries(all).filter(([key]) => isMark(key)));
}

/** Other notes about ties in place of those that are there. */
export function withTies(all: WireMetadata, ties: Metadata): WireMetadata {
  const others = Object.entries(all).filter(([key]) => !key.startsWith(TIE));
  return { ...Object.fromEntries(others), ...ties };
}

/** All but the notes about policies that are no more. */
export function withoutStalePolicies(all: WireMetadata, policyIds: readonly string[]): WireMetadata {
  const known = new Set(policyIds.map(policyOwnerMark));
  return Object.fromEntries(
    Object.entries(all).filter(([key]) => !key.startsWith(POLICY_OWNER) || known.has(key)),
  );
}

/** What is wrong with metadata that a user gives. */
export function metadataFaults(metadata: Metadata): string[] {
  return Object.keys(metadata)
    .filter(isMark)
    .map((key) => `metadata.${key}: names that begin with ${PREFIX} are Bellows's own`);
}
