import type { Clock } from "../clock.js";
import type { CallOptions } from "../contracts/common.js";
import type { LoadBalancersDriver } from "../contracts/load-balancer.js";
import type { Logger } from "../contracts/provider.js";
import type { Server, ServersDriver } from "../contracts/server.js";
import { errorLine } from "../errors.js";
import { act } from "./act.js";
import type { ActivityLog } from "./activities.js";
import type { GroupDefinition, GroupMemory } from "./documents.js";
import { shiftMemory } from "./documents.js";
import type { ConvergenceSettings } from "./draft.js";
import type { PassResult } from "./keeper.js";
import type { ConvergencePlan } from "./plan.js";
import { planConvergence } from "./plan.js";
import type { GroupRecord, Repository } from "./repository.js";
import type { StepResult } from "./results.js";
import { applyResults } from "./results.js";
import { lookAt, tiesToRead, type World } from "./world.js";

/** What passes are made with. */
export interface Convergence {
  clock: Clock;
  logger: Logger;
  servers: ServersDriver;
  loadBalancers?: LoadBalancersDriver;
  repository: Repository;
  activities: ActivityLog;
  settingsOf(group: GroupDefinition): ConvergenceSettings;
  /** Whether Bellows's own pause lies on the group: then nothing is written, repairs included. */
  isHeld(group: string): Promise<boolean>;
  /** By group: by how much the time of day was ahead of monotonic time at the last pass. */
  offsetsMs: Map<string, number>;
  /** Called when the last server of a deleted group is gone, and its documents with it. */
  onDeleted?(group: string): Promise<void>;
}

const NOTHING: PassResult = { settled: true, acted: false, more: false };

/**
 * One pass: look, plan, store what will be tried, try it, store what came of it.
 * What is stored before the first call to the cloud is enough to go on from after a crash at any point.
 */
export async function runPass(
  convergence: Convergence,
  name: string,
  options?: CallOptions,
): Promise<PassResult> {
  const record = await convergence.repository.load(name, options);
  if (record === undefined) return NOTHING;
  if (record.definition.deletingSinceMs === undefined && (await convergence.isHeld(name))) return NOTHING;
  const world = lookAt(convergence.servers, convergence.loadBalancers);
  const listed = await listServers(convergence, world, name, options);
  if (listed === undefined) return { settled: false, acted: false, more: false };
  const balancers = await world.balancers(
    tiesToRead(record.definition.loadBalancers, record.memory.registered),
    options,
  );
  const follow = followMostSeen(
    record,
    listed.filter(({ status }) => status === "active" || status === "building").length,
    convergence.clock.now(),
  );
  const plan = planConvergence({
    group: follow,
    servers: listed,
    balancers,
    memory: afterJump(convergence, record),
    nowMs: convergence.clock.now(),
    settings: convergence.settingsOf(follow),
  });
  if (follow.deletingSinceMs !== undefined && plan.settled && plan.steps.length === 0)
    return finishDeletion(convergence, name);
  const begun = await begin(convergence, record, follow, plan);
  if (begun === undefined) return { settled: false, acted: true, more: true };
  if (plan.steps.length === 0) return { settled: plan.settled, ...next(plan), acted: false, more: false };

  const byId = new Map(listed.map((server) => [server.id, server]));
  const actor = {
    ...convergence,
    launch: async (version: string) => (await convergence.repository.launch(name, version))?.launch,
  };
  const results = await act(actor, follow, plan.steps, byId, options);
  await settle(convergence, name, results);
  return {
    settled: false,
    ...next(plan),
    acted: results.some((result) => result.error === undefined),
    more: hasMore(plan, results, convergence, follow),
  };
}

/** A smaller difference is no jump but the clock's own correction. */
const JUMP_MS = 2_000;

/** The memory, its times moved along when the clock was set since the last pass of this process. */
function afterJump({ clock, offsetsMs }: Convergence, { definition, memory }: GroupRecord): GroupMemory {
  const offsetMs = clock.now() - clock.monotonic();
  const jumpMs = Math.round(offsetMs - (offsetsMs.get(definition.name) ?? offsetMs));
  offsetsMs.set(definition.name, offsetMs);
  return Math.abs(jumpMs) > JUMP_MS ? shiftMemory(memory, jumpMs) : memory;
}

/** The group's servers; a list that fails is a problem of the group and no failure of whoever changed it. */
async function listServers(
  { repository, logger }: Convergence,
  world: World,
  name: string,
  options?: CallOptions,
): Promise<Server[] | undefined> {
  try {
    return (await world.servers([name], options)).get(name) ?? [];
  } catch (error) {
    logger.warn({ group: name, error }, "the servers of a group could not be listed");
    const text = `cannot list servers: ${errorLine(error)}`;
    await repository.mutate(name, ({ memory }) =>
      memory.failures.length === 1 && memory.failures[0] === text
        ? undefined
        : { memory: { ...memory, failures: [text], problems: [text] } },
    );
    return undefined;
  }
}

/** After a loss of the store, desired is the most members seen until reads can be trusted. */
function followMostSeen({ definition, memory }: GroupRecord, seen: number, nowMs: number): GroupDefinition {
  if (memory.recoveringUntilMs === undefined || memory.recoveringUntilMs < nowMs) return definition;
  const desired = Math.min(definition.max, Math.max(definition.desired, seen));
  return desired === definition.desired ? definition : { ...definition, desired };
}

/** Stores what will be tried. @returns nothing when somebody else wrote meanwhile: the plan is void. */
async function begin(
  { repository }: Convergence,
  record: GroupRecord,
  definition: GroupDefinition,
  plan: ConvergencePlan,
): Promise<GroupRecord | undefined> {
  const memory = isEqual(plan.memory, record.memory) ? undefined : plan.memory;
  const desired = definition === record.definition ? undefined : definition;
  if (memory === undefined && desired === undefined) return record;
  let isCurrent = true;
  const written = await repository.mutate(record.definition.name, (now) => {
    isCurrent =
      now.versions.memory === record.versions.memory &&
      now.versions.definition === record.versions.definition;
    return isCurrent ? { ...(memory && { memory }), ...(desired && { definition: desired }) } : undefined;
  });
  return isCurrent ? written : undefined;
}

function isEqual(a: GroupMemory, b: GroupMemory): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

async function settle(convergence: Convergence, name: string, results: readonly StepResult[]): Promise<void> {
  const nowMs = convergence.clock.now();
  await convergence.repository.mutate(name, ({ memory }) => ({
    memory: applyResults(memory, results, nowMs),
  }));
  for (const { step, error } of results) {
    if (error !== undefined)
      convergence.logger.warn({ group: name, step: step.kind, error }, "a step of convergence failed");
    else convergence.logger.debug({ group: name, step }, "a step of convergence was taken");
  }
  await convergence.activities.add(name, results);
}

async function finishDeletion(convergence: Convergence, name: string): Promise<PassResult> {
  await convergence.repository.remove(name);
  await convergence.onDeleted?.(name);
  return NOTHING;
}

function next(plan: ConvergencePlan): { nextAtMs?: number } {
  return plan.nextAtMs === undefined ? {} : { nextAtMs: plan.nextAtMs };
}

/** Whether only the limit of creates a pass kept it from asking for more. */
function hasMore(
  plan: ConvergencePlan,
  results: readonly StepResult[],
  convergence: Convergence,
  group: GroupDefinition,
): boolean {
  const created = plan.steps.filter((step) => step.kind === "create").length;
  const failed = results.some((result) => result.step.kind === "create" && result.error !== undefined);
  return created >= convergence.settingsOf(group).createsPerPass && !failed;
}
