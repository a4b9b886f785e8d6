import type { Metadata } from "../contracts/common.js";
import type { Server } from "../contracts/server.js";

/** Labels by which a server is known as a member of a group. All that core writes begins with `bellows:`. */
export const LABELS = {
  group: "bellows:group",
  slot: "bellows:slot",
  generation: "bellows:generation",
  owner: "bellows:owner",
  key: "bellows:key",
  launch: "bellows:launch",
  standby: "bellows:standby",
  protected: "bellows:protected",
} as const;

/** A server's place in its group: slots are numbered from 1, generations of a slot too. */
export interface Place {
  slot: number;
  generation: number;
}

/** The place that a server's labels name; `undefined` where they name none. */
export function placeOf(labels: Metadata): Place | undefined {
  const slot = Number(labels[LABELS.slot]);
  const generation = Number(labels[LABELS.generation]);
  return Number.isSafeInteger(slot) && slot > 0 && Number.isSafeInteger(generation) && generation > 0
    ? { slot, generation }
    : undefined;
}

/** Name of the group whose member a server is, told from its labels. */
export function groupOf(server: Pick<Server, "labels">): string | undefined {
  return server.labels[LABELS.group] || undefined;
}

/** Empty values for every label of ours: what `servers.label` takes to let a server go. */
export const NO_LABELS: Metadata = Object.fromEntries(Object.values(LABELS).map((label) => [label, ""]));
