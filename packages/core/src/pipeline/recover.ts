import type { Intent } from "./record.js";

/** What a look at the world says of a step whose end is not known. */
export type Judgement = "done" | "finish" | "dropped" | "superseded" | "wait";

/**
 * Compares an open intent with the world. Pure.
 *
 * At its target: `done`. Still where it started: an order that nobody was told has failed is to be finished, a round's
 * decision is dropped, since the next round decides anew. Anywhere else: somebody else has moved it since,
 * `superseded`. While the cloud may still show the count from before the step, nothing is dropped: `wait`.
 * @param desired - as the cloud shows it now.
 * @param nowMs - epoch milliseconds; if the clock has jumped, the step counts as long ago.
 */
export function judgeIntent(
  intent: Intent,
  desired: number,
  nowMs: number,
  readAfterWriteMs: number,
): Judgement {
  if (desired === intent.to) return "done";
  if (desired !== intent.from) return "superseded";
  if (intent.finish) return "finish";
  return Math.abs(nowMs - intent.atMs) < readAfterWriteMs ? "wait" : "dropped";
}
