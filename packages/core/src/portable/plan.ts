/**
 * Convergence as a pure plan: observed servers, wanted group, memory and now make steps.
 *
 * Note [Slots and generations]: each member holds a slot; each server ever asked for in a slot has its own generation.
 * Slot and generation make its name and its idempotency key. The key is in memory before the cloud is asked, so a
 * create whose answer was lost is found again by its label, or asked for again under the same key, which never makes
 * a second server. A replacement has a new generation, so it is never taken for its dead predecessor.
 *
 * Note [Removals]: a removal once begun is finished, whatever is wanted meanwhile; the slot is free at once for the
 * next generation. So raising the group while it shrinks makes new servers rather than racing with deletions that
 * may have been acknowledged already.
 */

import { LONGEST_WAIT_MS } from "./backoff.js";
import type { GroupMemory } from "./documents.js";
import { copyMemory, mendTimes } from "./documents.js";
import type { ConvergenceInput, ConvergenceStep, Draft } from "./draft.js";
import { moveOut } from "./plan-leaving.js";
import { missMembers, retireFailed, retireTwins, sortMembers, watchSurvivors } from "./plan-members.js";
import { adjustSize } from "./plan-size.js";
import { readHealth, retireUnhealthy, tieBalancers } from "./plan-ties.js";

export type { BalancerView, ConvergenceInput, ConvergenceSettings, ConvergenceStep } from "./draft.js";

/** What to do now, and what to remember before doing it. */
export interface ConvergencePlan {
  steps: readonly ConvergenceStep[];
  /** To be stored before the first step is taken. */
  memory: GroupMemory;
  /** Nothing to do and nothing on its way. */
  settled: boolean;
  /** When waiting alone changes the plan; absent: only something new can. */
  nextAtMs?: number;
  /** Why the wanted state cannot be reached, for people. */
  problems: readonly string[];
}

/** Plans one pass over one group. Pure: equal inputs, equal plans. A paused group gets no step at all. */
export function planConvergence(input: ConvergenceInput): ConvergencePlan {
  if (isPaused(input))
    return { steps: [], memory: input.memory, settled: true, problems: input.memory.problems };
  const draft = begin(input);
  sortMembers(draft);
  retireTwins(draft);
  retireFailed(draft);
  missMembers(draft);
  watchSurvivors(draft);
  readHealth(draft);
  retireUnhealthy(draft);
  adjustSize(draft);
  moveOut(draft);
  tieBalancers(draft);
  return finish(draft);
}

/** Whether a hand is on the group: then nothing is written, repairs included. Deleting it goes on. */
export function isPaused({ group, nowMs }: Pick<ConvergenceInput, "group" | "nowMs">): boolean {
  const { paused } = group;
  if (paused === undefined || group.deletingSinceMs !== undefined) return false;
  return paused.untilMs === undefined || paused.untilMs > nowMs;
}

function begin(input: ConvergenceInput): Draft {
  return {
    input,
    nowMs: input.nowMs,
    desired: input.group.deletingSinceMs === undefined ? input.group.desired : 0,
    byId: new Map(input.servers.map((server) => [server.id, server])),
    memory: copyMemory(mendTimes(input.memory, input.nowMs, LONGEST_WAIT_MS)),
    steps: [],
    problems: [],
    live: [],
    standby: [],
    health: new Map(),
    expected: new Map(),
    uncertain: new Set(),
    overdueAnswers: [],
    waiting: false,
    dueAtMs: [],
  };
}

function finish(draft: Draft): ConvergencePlan {
  prune(draft);
  const settled = draft.steps.length === 0 && !draft.waiting;
  if (settled) draft.memory.failures = [];
  draft.memory.problems = [...draft.problems, ...draft.memory.failures];
  const due = draft.dueAtMs.filter((atMs) => atMs >= draft.nowMs);
  return {
    steps: draft.steps,
    memory: draft.memory,
    settled,
    ...(settled || due.length === 0 ? {} : { nextAtMs: Math.min(...due) }),
    problems: draft.memory.problems,
  };
}

/** Forgets what was said of servers that are no more. */
function prune(draft: Draft): void {
  const { memory } = draft;
  const expected = new Set([...draft.expected.values()].map((slot) => slot.server));
  const isKnown = (id: string): boolean => draft.byId.has(id) || expected.has(id);
  for (const kept of [memory.marks, memory.readyAtMs, memory.unhealthySinceMs]) {
    for (const id of Object.keys(kept)) if (!isKnown(id)) delete kept[id];
  }
  for (const [id, atMs] of Object.entries(memory.released)) {
    if (!draft.byId.has(id) && draft.nowMs - atMs >= draft.input.settings.readAfterWriteMs)
      delete memory.released[id];
  }
  if (memory.recoveringUntilMs !== undefined && memory.recoveringUntilMs <= draft.nowMs)
    delete memory.recoveringUntilMs;
}
