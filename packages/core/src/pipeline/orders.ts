import type { DecisionRecord } from "../contracts/decision.js";
import { UnavailableError } from "../errors.js";
import type { DecidedOrder, OrderRequest, OrderVerdict } from "./decide-order.js";
import { decideOrder } from "./decide-order.js";
import type { ReadyGroup } from "./gather.js";
import { planSteps } from "./plan.js";
import type { Book, LineNotes } from "./record.js";
import type { GroupRuntime } from "./round-plan.js";
import type { Settling } from "./settle.js";
import { carryOut, inputOf, resolveIntent, supersedeIntent } from "./settle.js";

export type { OrderRequest } from "./decide-order.js";

/** What became of an order. */
export interface OrderResult {
  /** `executed`: the cloud accepted it. `failed`: it did not, or nobody knows, or the group could not be read; the
   * record's outcome or reason says why. */
  outcome: "executed" | Exclude<OrderVerdict, "execute"> | "failed";
  /** Stored when this is returned. */
  record: DecisionRecord;
  /** With `cooldown`: when it may be asked again, in milliseconds from now. */
  retryAfterMs?: number;
}

/** Whether an order's policy looks at metrics, so that they have to be read for it. */
export function needsSamples({ spec }: GroupRuntime, { policy, adjust }: OrderRequest): boolean {
  if (adjust !== undefined) return false;
  const named = spec.policies.find(({ name }) => name === policy);
  return named !== undefined && ("steps" in named.adjust || "target" in named.adjust);
}

/** One order, from evaluate to record. Runs inside the group's queue. Returned: accepted by the cloud, and written. */
export async function settleOrder(
  settling: Settling,
  book: Book,
  runtime: GroupRuntime,
  ready: ReadyGroup,
  request: OrderRequest,
): Promise<OrderResult> {
  if ((await resolveIntent(settling, book, runtime, ready)) === "wait") await supersedeIntent(settling, book);
  if (hasRun(book.notes, request) && book.last) return { outcome: "unchanged", record: book.last.record };
  const decided = decideOrder(inputOf(settling, book, runtime, ready), request);
  const { record, memory, verdict, retryAfterMs } = decided;
  if (request.origin.kind === "schedule" && isUnread(ready)) throw unread(ready);
  const notes = notesAfter(book.notes, request, verdict);
  if (verdict === "execute" && planSteps(record, runtime.spec).length > 0) {
    const keepMs = request.keepMs ?? policyKeepMs(runtime, request);
    const order = record.order ?? request.origin;
    const ended = await carryOut(settling, book, runtime, {
      record,
      memory,
      order,
      ...(notes && { notes }),
      ...(keepMs !== undefined && { keepMs }),
    });
    return { outcome: outcomeOf(ended), record: ended };
  }
  await settling.books.save(book, { memory, append: record, ...(notes && { notes }) });
  settling.announce(record);
  return {
    outcome: withoutStep(decided, ready),
    record,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

function withoutStep({ verdict }: DecidedOrder, ready: ReadyGroup): OrderResult["outcome"] {
  if (verdict === "execute") return "observed";
  return verdict === "refused" && isUnread(ready) ? "failed" : verdict;
}

/** Whether the group could not be read, although its mode would have it read. */
function isUnread({ observation, spec }: ReadyGroup): boolean {
  return "unavailable" in observation && spec.mode !== "off";
}

/** A schedule has no caller who would ask again: its run is not noted, and tried again. */
function unread({ name, observation }: ReadyGroup): UnavailableError {
  const why = "unavailable" in observation ? observation.unavailable : "";
  return new UnavailableError(`group ${name} could not be read: ${why}`, { resource: name });
}

function outcomeOf({ outcomes }: DecisionRecord): OrderResult["outcome"] {
  const result = outcomes.at(-1)?.result;
  if (result === "done") return "executed";
  return result === "unchanged" ? "unchanged" : "failed";
}

function policyKeepMs({ spec }: GroupRuntime, { policy }: OrderRequest): number | undefined {
  return spec.policies.find(({ name }) => name === policy)?.keepMs;
}

/** Whether somebody else has begun this run of a schedule already. */
function hasRun({ schedules }: LineNotes, { origin }: OrderRequest): boolean {
  const { kind, policy = "", dueAtMs } = origin;
  return kind === "schedule" && dueAtMs !== undefined && schedules[policy]?.ranMs === dueAtMs;
}

/** A schedule's run is noted in the commit that begins it: it is never begun twice. */
function notesAfter(
  notes: LineNotes,
  { origin }: OrderRequest,
  verdict: OrderVerdict,
): LineNotes | undefined {
  const { kind, policy, dueAtMs } = origin;
  if (kind !== "schedule" || policy === undefined || dueAtMs === undefined) return undefined;
  const note = notes.schedules[policy] ?? { seenMs: dueAtMs };
  const { waitingMs: _, ...rest } = note;
  const next = verdict === "cooldown" ? { ...rest, waitingMs: dueAtMs } : { ...rest, ranMs: dueAtMs };
  return { ...notes, schedules: { ...notes.schedules, [policy]: next } };
}
