/** Reads what several queries want to know, in time. */

import { setMaxListeners } from "node:events";
import { errorLine, formatDuration, type Host, type ReadOptions } from "@bellows/core";
import type { Call } from "./client.js";
import type { Answer } from "./metric-answer.js";
import { batchesOf } from "./metric-batch.js";
import type { MetricCalls } from "./metric-calls.js";
import type { Unit } from "./metric-query.js";
import type { Span } from "./metric-window.js";

/** What one query wants to know. */
export interface Wish<T> {
  /** The questions whose answers it needs. */
  units: readonly Unit[];
  /** Span that it needs of each. */
  span: Span;
  /** What the answers mean, in the order of `units`. */
  conclude(answers: readonly Answer[]): T;
}

/** A read of several queries. */
export interface Reading<T> {
  host: Host;
  calls: MetricCalls;
  /** The contract's method. */
  operation: string;
  options: ReadOptions;
  /** How many queries there are. */
  count: number;
  /** What they want to know, in their order; a text is the reason why one can have no answer. */
  wishesOf(call: () => Call): Promise<readonly (Wish<T> | string)[]>;
  /** What a query gets that has no answer. */
  none(reason: string): T;
  /** Told each query's result as soon as it is there, once, while the read lasts. */
  told?: ((index: number, result: T) => void) | undefined;
}

/** The client's own deadline comes this much before the read's, since it can say more about what went wrong. */
const LEAD_MS = 50;

/**
 * Reads. Equal questions are asked once, whoever needs them.
 * @returns one result a query, in their order, before the deadline. Never throws.
 */
export async function readWishes<T>(reading: Reading<T>): Promise<T[]> {
  const { host, options, count } = reading;
  const results = new Map<number, T>();
  const ending = endOf(host, options);
  const endAtMs = host.clock.monotonic() + options.deadlineMs;
  const call = (): Call => ({
    operation: reading.operation,
    signal: ending.signal,
    deadlineMs: Math.max(1, endAtMs - host.clock.monotonic() - LEAD_MS),
  });
  const answer = (index: number, result: T): void => {
    if (results.has(index)) return;
    results.set(index, result);
    reading.told?.(index, result);
  };
  const work = async (): Promise<void> => {
    if (count === 0 || ending.signal.aborted) return;
    const wishes = await reading.wishesOf(call);
    // What was cut off by the end of the read is told by the read, in its own words.
    await readUnits(reading, wishes, call, (index, result) => {
      if (!ending.signal.aborted) answer(index, result);
    });
  };
  const failed = (error: unknown): void => ending.end(errorLine(error));
  await Promise.race([work().catch(failed), ending.reached]);
  for (let index = 0; index < count; index++) answer(index, reading.none(ending.words()));
  ending.clear();
  return Array.from({ length: count }, (_, index) => results.get(index) as T);
}

/** A question, and who waits for it. */
interface Asked extends Span {
  unit: Unit;
  wishes: number[];
}

async function readUnits<T>(
  { calls, none }: Reading<T>,
  wishes: readonly (Wish<T> | string)[],
  call: () => Call,
  answer: (index: number, result: T) => void,
): Promise<void> {
  const asked = new Map<string, Asked>();
  const answers = new Map<string, Answer>();
  const conclude = (index: number): void => {
    const wish = wishes[index];
    if (typeof wish !== "object") return;
    const known = wish.units.flatMap(({ key }) => answers.get(key) ?? []);
    if (known.length === wish.units.length) answer(index, wish.conclude(known));
  };
  for (const [index, wish] of wishes.entries()) {
    if (typeof wish === "string") answer(index, none(wish));
    else if (wish.units.length === 0) conclude(index);
    else for (const unit of wish.units) waitFor(asked, unit, wish.span, index);
  }
  const spanOf = ({ key }: Unit): Span => asked.get(key) as Asked;
  const batches = batchesOf(
    [...asked.values()].map(({ unit }) => unit),
    spanOf,
  );
  const told = (unit: Unit, given: Answer): void => {
    answers.set(unit.key, given);
    for (const index of asked.get(unit.key)?.wishes ?? []) conclude(index);
  };
  await Promise.all(batches.map((batch) => calls.ask(batch, call, told)));
}

function waitFor(asked: Map<string, Asked>, unit: Unit, span: Span, index: number): void {
  const known = asked.get(unit.key);
  if (known === undefined) {
    asked.set(unit.key, { unit, ...span, wishes: [index] });
    return;
  }
  known.startMs = Math.min(known.startMs, span.startMs);
  known.endMs = Math.max(known.endMs, span.endMs);
  known.wishes.push(index);
}

interface Ending {
  signal: AbortSignal;
  reached: Promise<void>;
  end(why: string): void;
  words(): string;
  clear(): void;
}

/** The end of a read: its deadline, its caller giving it up, or that nothing can be read. */
function endOf({ clock }: Host, { deadlineMs, signal }: ReadOptions): Ending {
  const controller = new AbortController();
  // Every call of the read listens to it.
  setMaxListeners(0, controller.signal);
  let words = "no answer";
  let reach = (): void => {};
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  const end = (why: string): void => {
    words = why;
    controller.abort();
    reach();
  };
  const stop = (): void => end("the read was given up");
  const late = `no answer within ${formatDuration(deadlineMs)}`;
  const cancel = clock.after(deadlineMs, () => end(late), { keepAlive: true });
  signal?.addEventListener("abort", stop, { once: true });
  if (signal?.aborted === true) stop();
  return {
    signal: controller.signal,
    reached,
    end,
    words: () => words,
    clear() {
      cancel();
      signal?.removeEventListener("abort", stop);
      controller.abort();
    },
  };
}
