import type { Server } from "../contracts/server.js";
import { errorLine, isBellowsError } from "../errors.js";
import { backoffMs } from "./backoff.js";
import type { GroupMemory } from "./documents.js";
import { copyMemory, readTieKey } from "./documents.js";
import type { ConvergenceStep } from "./draft.js";
import { emptySlot } from "./draft.js";

/** What became of one step. */
export interface StepResult {
  step: ConvergenceStep;
  /** The server that a create answered with. */
  server?: Server;
  error?: unknown;
  startedAtMs: number;
  endedAtMs: number;
}

/**
 * Whether a failed create may have made a server all the same. Only an answer that says no is a no: after a time-out
 * or a lost connection the same key has to be asked for again.
 */
export function isUncertain(error: unknown): boolean {
  if (!isBellowsError(error)) return true;
  return error.code === "timeout" || error.code === "unavailable" || error.code === "internal";
}

/** Lays what the steps came to over the memory. Pure. */
export function applyResults(
  memory: GroupMemory,
  results: readonly StepResult[],
  nowMs: number,
): GroupMemory {
  const next = copyMemory(memory);
  next.failures = [];
  for (const result of results) {
    if (result.step.kind === "create") applyCreate(next, result.step, result, nowMs);
    else if (result.step.kind === "delete") applyDelete(next, result.step.server, result, nowMs);
    else applyTie(next, result.step, result);
  }
  next.problems = [...next.problems.filter((text) => !memory.failures.includes(text)), ...next.failures];
  return next;
}

function applyCreate(
  memory: GroupMemory,
  step: ConvergenceStep & { kind: "create" },
  result: StepResult,
  nowMs: number,
): void {
  const slot = memory.slots[step.slot];
  const current = slot !== undefined && slot.generation === step.generation && slot.key === step.key;
  if (result.error === undefined) {
    memory.createFailures = 0;
    delete memory.createsNotBeforeMs;
    if (!current || result.server === undefined) return;
    slot.server = result.server.id;
    slot.answeredAtMs = nowMs;
    slot.seen = false;
    return;
  }
  memory.createFailures += 1;
  const retryAfterMs = isBellowsError(result.error) ? (result.error.retryAfterMs ?? 0) : 0;
  memory.createsNotBeforeMs = nowMs + Math.max(backoffMs(memory.createFailures), retryAfterMs);
  if (current && !isUncertain(result.error)) emptySlot(slot);
  fail(memory, `cannot create servers: ${errorLine(result.error)}`);
}

function applyDelete(memory: GroupMemory, server: string, result: StepResult, nowMs: number): void {
  const removal = memory.removals[server];
  if (result.error === undefined || isBellowsError(result.error, "not-found")) {
    if (removal !== undefined) removal.deletedAtMs = nowMs;
  } else {
    fail(memory, `cannot delete server ${server}: ${errorLine(result.error)}`);
  }
}

function applyTie(
  memory: GroupMemory,
  step: ConvergenceStep & { kind: "attach" | "detach" },
  result: StepResult,
): void {
  if (result.error === undefined) return;
  const verb = step.kind === "attach" ? "register instances at" : "take instances out of";
  fail(memory, `cannot ${verb} load balancer ${readTieKey(step.tie).id}: ${errorLine(result.error)}`);
}

function fail(memory: GroupMemory, text: string): void {
  if (!memory.failures.includes(text)) memory.failures.push(text);
}
