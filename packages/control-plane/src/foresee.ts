import type { DecisionRecord, GroupConfig, GroupStatus, Instance } from "@bellows/core";

/**
 * A group that does not exist yet, as it would stand after `apply`: at its `min` (or `desired`), all in service. What
 * the next round decides is decided about that.
 */
export function imagine(group: GroupConfig, nowMs: number): GroupStatus {
  const { name, min, max, cooldownMs } = group.scaling;
  const desired = Math.max(min, group.create?.desired ?? min);
  const instances = Array.from(
    { length: desired },
    (_, index): Instance => ({
      id: `${name}-${index}`,
      group: name,
      lifecycle: "in-service",
      health: "healthy",
      addresses: [],
      protected: false,
    }),
  );
  return {
    group: {
      name,
      id: name,
      min,
      max,
      desired,
      cooldownMs,
      metadata: {},
      loadBalancers: [],
      zones: [],
      paused: false,
    },
    instances,
    observedAtMs: nowMs,
  };
}

/** A decision about an imagined group, seen from today: it has nothing yet. */
export function fromNothing(record: DecisionRecord): DecisionRecord {
  return { ...record, from: 0, action: record.to > 0 ? "scale" : "hold" };
}
