/** One read of many questions: each thing is asked once, all within one deadline, and what fails is told, not thrown. */
import { setMaxListeners } from "node:events";
import {
  errorLine,
  formatDuration,
  type MetricQuery,
  type ReadOptions,
  type Sample,
  TimeoutError,
} from "@bellows/core";
import type { WiringContext } from "./alarm-wiring.js";
import type { Call } from "./client.js";
import { createPlots, type ReadPlot } from "./metric-plots.js";
import type { EntityView } from "./monitoring.js";

/** What metrics are made from. */
export type MetricParts = Pick<WiringContext, "monitoring" | "host" | "membersOf">;

/** What one read looks at: each thing is asked once, however many queries need it. */
export interface Look {
  call: Call;
  views(): Promise<EntityView[]>;
  membersOf(group: string): ReturnType<WiringContext["membersOf"]>;
  plot: ReadPlot;
}

function createLook(parts: MetricParts, call: Call): Look {
  let views: Promise<EntityView[]> | undefined;
  const members = new Map<string, ReturnType<WiringContext["membersOf"]>>();
  return {
    call,
    plot: createPlots(parts.monitoring),
    views() {
      views ??= parts.monitoring.overview(call);
      return views;
    },
    membersOf(group) {
      const known = members.get(group) ?? parts.membersOf(group, call);
      members.set(group, known);
      return known;
    },
  };
}

/** How queries are answered. */
export interface Asking<T> {
  /** The answer to a query that failed. */
  none(reason: string): T;
  ask(look: Look, query: MetricQuery): Promise<T>;
  told?: (index: number, sample: Sample) => void;
}

/** Answers every query within the deadline. @returns one answer a query, in the queries' order. */
export async function readAll<T>(
  parts: MetricParts,
  operation: string,
  queries: readonly MetricQuery[],
  { deadlineMs, signal }: ReadOptions,
  { none, ask, told }: Asking<T>,
): Promise<T[]> {
  const { clock } = parts.host;
  const ending = new AbortController();
  // Every call of the read listens to it.
  setMaxListeners(0, ending.signal);
  const end = (reason: string): void => ending.abort(new TimeoutError(reason));
  const stop = (): void => end("the read was given up");
  signal?.addEventListener("abort", stop, { once: true });
  if (signal?.aborted) stop();
  const cancel = clock.after(deadlineMs, () => end(`no answer within ${formatDuration(deadlineMs)}`), {
    keepAlive: true,
  });
  const look = createLook(parts, { operation, signal: ending.signal });
  try {
    return await Promise.all(
      queries.map(async (query, index) => {
        const answer = await untilEnd(ask(look, query), ending.signal).catch((error: unknown) =>
          none(errorLine(error)),
        );
        told?.(index, answer as Sample);
        return answer;
      }),
    );
  } finally {
    cancel();
    signal?.removeEventListener("abort", stop);
    ending.abort();
  }
}

function untilEnd<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
