import type { Activity } from "../contracts/activity.js";
import type { CallOptions } from "../contracts/common.js";
import type { StateStore } from "../contracts/state-store.js";
import { errorLine } from "../errors.js";
import type { RemovalReason } from "./documents.js";
import { readTieKey } from "./documents.js";
import type { StepResult } from "./results.js";

/** Activities kept of each group. */
const KEEP = 200;
/** Every so many entries the log is pruned, so that a busy group does not prune at every step. */
const PRUNE_EVERY = 50;

type Entry = Omit<Activity, "id" | "group">;

/** What convergence did to groups, in a log of its own beside the decision records. */
export interface ActivityLog {
  add(group: string, results: readonly StepResult[]): Promise<void>;
  note(group: string, text: string, atMs: number, cause?: string): Promise<void>;
  list(group: string, options?: CallOptions): AsyncIterable<Activity>;
  drop(group: string): Promise<void>;
}

/** Opens the activity logs of one provider's groups: partition `activities/PROVIDER/GROUP`. */
export function openActivities(store: StateStore, provider: string): ActivityLog {
  const partition = (group: string): string => `activities/${provider}/${group}`;
  const append = async (group: string, entries: readonly Entry[]): Promise<void> => {
    if (entries.length === 0) return;
    const { appended } = await store.commit(partition(group), {
      append: entries.map((value) => ({ atMs: value.startedAtMs, value })),
    });
    if (appended.some((seq) => seq % PRUNE_EVERY === 0)) {
      await store.prune(partition(group), { beforeMs: Number.MAX_SAFE_INTEGER, keep: KEEP });
    }
  };
  return {
    add: (group, results) => append(group, results.map(describe)),
    note: (group, text, atMs, cause) =>
      append(group, [
        {
          startedAtMs: atMs,
          endedAtMs: atMs,
          status: "successful",
          text,
          ...(cause === undefined ? {} : { cause }),
        },
      ]),
    async *list(group, options) {
      for await (const { seq, value } of store.read<Entry>(
        partition(group),
        { newestFirst: true, limit: KEEP },
        options,
      )) {
        yield { id: String(seq), group, ...value };
      }
    },
    drop: (group) => store.drop(partition(group)),
  };
}

function describe(result: StepResult): Entry {
  const { startedAtMs, endedAtMs, error } = result;
  const words = wordsOf(result);
  return {
    startedAtMs,
    endedAtMs,
    status: error === undefined ? "successful" : "failed",
    ...(error === undefined ? { progressPercent: 100 } : {}),
    text: error === undefined ? words.text : `${words.text}: ${errorLine(error)}`,
    cause: words.cause,
  };
}

const CAUSES: Record<RemovalReason, string> = {
  dead: "it had ended or failed",
  overdue: "it did not finish building in time",
  unhealthy: "its load balancer called it unhealthy for too long",
  twin: "another server holds the same place",
  "scale-in": "the group has more members than wanted",
  terminate: "somebody asked for it",
  ending: "it was ending by itself",
};

function wordsOf({ step, server }: StepResult): { text: string; cause: string } {
  switch (step.kind) {
    case "create":
      return {
        text: `create server ${server?.name ?? `for slot ${step.slot}`}`,
        cause: step.again
          ? "the answer to an earlier request was lost"
          : "the group has fewer members than wanted",
      };
    case "delete":
      return { text: `delete server ${step.server}`, cause: CAUSES[step.reason] };
    case "attach":
      return {
        text: `register ${step.servers.join(", ")} at load balancer ${readTieKey(step.tie).id}`,
        cause: "in service",
      };
    case "detach":
      return {
        text: `${step.drain ? "drain" : "remove"} ${step.servers.join(", ")} from load balancer ${readTieKey(step.tie).id}`,
        cause: "leaving the group's service",
      };
  }
}
