import type { Clock } from "../clock.js";
import type { DecisionRecord, OrderOrigin, StepOutcome } from "../contracts/decision.js";
import type { Observation } from "../contracts/group.js";
import type { Logger } from "../contracts/provider.js";
import type { ScalingSpec } from "../contracts/scaling.js";
import { InternalError } from "../errors.js";
import { actuate } from "./actuate.js";
import type { CompiledScaling } from "./compiled.js";
import { compileScaling } from "./compiled.js";
import { decideRound } from "./decide.js";
import type { RoundInput } from "./draft.js";
import type { ReadyGroup } from "./gather.js";
import type { Memory } from "./memory.js";
import { withdrawCooldown } from "./memory.js";
import type { OwnWrites } from "./own-writes.js";
import { planSteps } from "./plan.js";
import type { Book, Books, Intent, LineNotes, Logged } from "./record.js";
import { judgeIntent } from "./recover.js";
import type { GroupRuntime } from "./round-plan.js";
import type { Soon } from "./soon.js";
import { soon } from "./soon.js";

/** What settling a group needs besides the group. */
export interface Settling {
  clock: Clock;
  logger: Logger;
  books: Books;
  writes: OwnWrites;
  holder: string;
  newId: () => string;
  /** Told about every record that was stored or counted. */
  announce: (record: DecisionRecord) => void;
}

const compiled = new WeakMap<ScalingSpec, CompiledScaling>();

/** A group's scaling made ready; done once for each definition. @throws ConfigError as `compileScaling`. */
export function compiledOf(runtime: GroupRuntime): CompiledScaling {
  let ready = compiled.get(runtime.spec);
  if (ready === undefined) {
    ready = compileScaling(runtime.spec, {
      rounding: runtime.capabilities.rounding,
      ...(runtime.custom && { custom: runtime.custom }),
    });
    compiled.set(runtime.spec, ready);
  }
  return ready;
}

/** What to decide from: own writes are laid over what was read. */
export function inputOf(
  settling: Settling,
  book: Book,
  runtime: GroupRuntime,
  ready: ReadyGroup,
): RoundInput {
  return {
    compiled: compiledOf(runtime),
    observation: layOwnWrites(settling, book, runtime, ready),
    samples: ready.samples,
    memory: book.memory,
    nowMs: settling.clock.now(),
    id: settling.newId(),
    rolling: runtime.rolling === true,
  };
}

function layOwnWrites(
  { writes }: Settling,
  book: Book,
  { capabilities }: GroupRuntime,
  ready: ReadyGroup,
): Observation {
  // What an earlier process noted is older than a step that it left open.
  const before = book.open === undefined ? book.notes.acknowledged : undefined;
  return writes.lay({
    group: book.group,
    observation: ready.observation,
    ticket: ready.ticket,
    readAfterWriteMs: capabilities.readAfterWriteMs,
    before,
  });
}

/**
 * One group's part of a round, from evaluate to record. Runs inside the group's queue.
 * @returns the stored record (at once if there was nothing to do or write), or undefined while a step of unknown end
 *   has to be waited for.
 */
export function settleRound(
  settling: Settling,
  book: Book,
  runtime: GroupRuntime,
  ready: ReadyGroup,
): Soon<DecisionRecord | undefined> {
  if (book.open === undefined) return settleClosed(settling, book, runtime, ready);
  return resolveIntent(settling, book, runtime, ready).then((intent) =>
    intent === "wait" ? undefined : settleClosed(settling, book, runtime, ready),
  );
}

/** The same for a group whose last step has ended, or cannot be judged. */
function settleClosed(
  settling: Settling,
  book: Book,
  runtime: GroupRuntime,
  ready: ReadyGroup,
): Soon<DecisionRecord> {
  const { record, memory } = decideRound(inputOf(settling, book, runtime, ready));
  if (planSteps(record, runtime.spec).length > 0)
    return carryOut(settling, book, runtime, { record, memory });
  return soon(settling.books.hold(book, record, memory), (stored) => {
    settling.announce(stored);
    return stored;
  });
}

/**
 * Ends an open intent by what the group shows now, see {@link judgeIntent}. Runs inside the group's queue.
 * @returns `wait` if that cannot be told yet; the intent stays open then, as it does for a group that cannot be read.
 */
export async function resolveIntent(
  settling: Settling,
  book: Book,
  runtime: GroupRuntime,
  ready: ReadyGroup,
): Promise<"closed" | "wait" | "unread"> {
  const intent = book.open?.intent;
  if (intent === undefined) return "closed";
  const observation = layOwnWrites(settling, book, runtime, ready);
  if (!("status" in observation)) return "unread";
  const { clock, logger } = settling;
  const { desired } = observation.status.group;
  const judgement = judgeIntent(intent, desired, clock.now(), runtime.capabilities.readAfterWriteMs);
  if (judgement === "wait") return "wait";
  logger.info(
    { group: book.group, id: intent.id, from: intent.from, to: intent.to, desired, judgement },
    "open step",
  );
  if (judgement === "finish") await actOn(settling, book, runtime, intent);
  else
    await closeIntent(settling, book, intent, {
      kind: intent.kind,
      result: judgement,
      endedAtMs: clock.now(),
    });
  return book.open === undefined ? "closed" : "wait";
}

/** Ends an open intent that a new order replaces. */
export async function supersedeIntent(settling: Settling, book: Book): Promise<void> {
  const intent = book.open?.intent;
  if (intent === undefined) return;
  await closeIntent(settling, book, intent, {
    kind: intent.kind,
    result: "superseded",
    endedAtMs: settling.clock.now(),
  });
}

/** A decision that is to be carried out, with what else belongs into its first commit. */
export interface Decision {
  record: DecisionRecord;
  memory: Memory;
  notes?: LineNotes;
  order?: OrderOrigin;
  keepMs?: number;
}

/**
 * Carries a decision out: intent, cooldown and record in one commit, then the call, then its outcome.
 * Returned: accepted by the cloud (or not), and written.
 */
export async function carryOut(
  settling: Settling,
  book: Book,
  runtime: GroupRuntime,
  { record, memory, notes, order, keepMs }: Decision,
): Promise<DecisionRecord> {
  const intent: Intent = {
    id: record.id,
    ref: runtime.spec.ref,
    kind: "set-desired",
    from: record.from,
    to: record.to,
    atMs: record.atMs,
    holder: settling.holder,
    fence: book.versions.memory,
    ...(order && { order }),
    ...(keepMs !== undefined && { keepMs }),
    finish: order !== undefined,
  };
  const earlier = book.notes;
  await settling.books.save(book, { memory, intent, append: record, ...(notes && { notes }) });
  const written = await actOn(settling, book, runtime, intent, earlier);
  if (written === undefined) throw new InternalError(`the record of a step of ${book.group} was not kept`);
  return written;
}

/**
 * Calls the cloud for a journaled intent and writes what came of it.
 * @returns its record, unless that was pruned long ago.
 * @param earlier - notes to go back to when nothing happened and asking again may help.
 */
async function actOn(
  settling: Settling,
  book: Book,
  runtime: GroupRuntime,
  intent: Intent,
  earlier?: LineNotes,
): Promise<DecisionRecord | undefined> {
  const { kind, ref, from, to } = intent;
  const { group } = book;
  const takeBack = settling.writes.begin(group);
  const { outcome, certain } = await actuate({ kind, group, ref, from, to }, runtime.drivers, settling.clock);
  if (isAccepted(outcome)) settling.writes.acknowledge(group, to);
  else
    settling.logger.warn(
      { group, from, to, result: outcome.result, error: outcome.error },
      "a step was not accepted",
    );
  if (!certain) return leaveOpen(settling, book, intent, outcome);
  if (!isAccepted(outcome)) takeBack();
  return closeIntent(settling, book, intent, outcome, outcome.result === "retry" ? earlier : undefined);
}

function isAccepted({ result }: StepOutcome): boolean {
  return result === "done" || result === "unchanged";
}

/** Writes an intent's end. What failed or changed nothing starts no cooldown. */
async function closeIntent(
  { books, announce, clock }: Settling,
  book: Book,
  intent: Intent,
  outcome: StepOutcome,
  earlier: LineNotes = book.notes,
): Promise<DecisionRecord | undefined> {
  const keepsCooldown = outcome.result === "done" || outcome.result === "superseded";
  const notes: LineNotes = { ...earlier };
  if (isAccepted(outcome)) notes.acknowledged = { desired: intent.to, atMs: clock.now() };
  const logged = withOutcome(book, outcome);
  await books.save(book, {
    memory: keepsCooldown ? book.memory : withdrawCooldown(book.memory, intent.id),
    notes,
    intent: null,
    ...(logged && { replace: logged }),
  });
  if (logged !== undefined) announce(logged.record);
  return logged?.record;
}

/** How often a schedule's step is taken of which nobody knows whether it happened. */
const SCHEDULE_TRIES = 3;

/**
 * Writes that nobody knows whether a step happened: a later look tells. Its cooldown stays. An order is not finished
 * then, since its caller is told that it failed; but a schedule has no caller who would ask again.
 */
async function leaveOpen(
  { books, announce }: Settling,
  book: Book,
  intent: Intent,
  outcome: StepOutcome,
): Promise<DecisionRecord | undefined> {
  const tries = (intent.tries ?? 0) + 1;
  const finish = intent.order?.kind === "schedule" && tries < SCHEDULE_TRIES;
  const logged = withOutcome(book, outcome);
  await books.save(book, {
    intent: { ...intent, finish, tries },
    ...(logged && { replace: logged }),
  });
  if (logged !== undefined) announce(logged.record);
  return logged?.record;
}

function withOutcome({ open }: Book, outcome: StepOutcome): Logged | undefined {
  if (open?.logged === undefined) return undefined;
  const { seq, record } = open.logged;
  return { seq, record: { ...record, outcomes: [...record.outcomes, outcome] } };
}
