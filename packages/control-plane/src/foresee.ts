import {
  type Clock,
  createMemoryStore,
  type DecisionRecord,
  type GroupConfig,
  type GroupStatus,
  type Instance,
  type Logger,
} from "@bellows/core";
import { createLine, type GroupRuntime } from "@bellows/core/line";
import type { Session } from "./session.js";

/** What foreseeing needs. */
export interface ForesightOptions {
  session: Session;
  clock: Clock;
  logger: Logger;
  newId: () => string;
}

/**
 * What groups that do not exist yet would have after `apply` and one round: they are imagined at their `min`, all in
 * service, and the round that follows is decided with today's metrics. Nothing is written.
 * @returns records whose `from` is 0.
 */
export async function foresee(
  groups: readonly GroupConfig[],
  options: ForesightOptions,
): Promise<DecisionRecord[]> {
  if (groups.length === 0) return [];
  const { session, clock, logger, newId } = options;
  const runtimes = new Map(groups.flatMap((group) => imagine(group, session, clock)));
  const line = createLine({
    clock,
    logger,
    newId,
    holder: "plan",
    store: createMemoryStore(),
    groups: () => runtimes,
    sources: () => session.sources,
  });
  const records = await line.decide();
  await line.stop(0);
  return records.map((record) => ({ ...record, from: 0, action: record.to > 0 ? "scale" : record.action }));
}

function imagine(group: GroupConfig, session: Session, clock: Clock): [string, GroupRuntime][] {
  const runtime = session.groups().get(group.key);
  if (runtime?.drivers.groups === undefined) return [];
  const { drivers } = runtime;
  const status = imagined(group, clock.now());
  const observe = async (): Promise<{ status: GroupStatus }[]> => [{ status }];
  const groups = { ...runtime.drivers.groups, observe };
  return [[group.key, { ...runtime, drivers: { ...drivers, groups } }]];
}

function imagined(group: GroupConfig, nowMs: number): GroupStatus {
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
