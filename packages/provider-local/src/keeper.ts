import type { ChildProcess } from "node:child_process";
import type { CancelTimer, Metadata } from "@bellows/core";
import { errorLine } from "@bellows/core";
import { isRunning } from "./balancer/identity.js";
import type { LocalContext } from "./context.js";
import { endServer } from "./ending.js";
import { boundLog } from "./logs.js";
import { noteEnd, noteReadiness } from "./notes.js";
import type { Deletion, ServerEntry } from "./records.js";
import { killRemains } from "./remains.js";
import type { Standing } from "./standing.js";
import { standingOf } from "./standing.js";

/** How often processes that are not our children are looked at; a look at one costs some 20 µs. */
const WATCH_MS = 400;
/** Looking takes at most a tenth of the time. */
const WATCH_SHARE = 10;
const LOG_CHECK_MS = 30_000;

/** A server's facts, brought up to date. */
export interface Settled {
  entry: ServerEntry;
  standing: Standing;
}

type Listener = (server: { id: string; labels: Metadata }) => void;

/** Keeps what is written about servers true: notices ends and readiness, finishes deletions. */
export interface Keeper {
  /** Watches a process that we have started ourselves. */
  watch(id: string, child: ChildProcess): void;
  /** Brings one server's facts up to date; undefined when it is gone. */
  settle(id: string): Promise<Settled | undefined>;
  /** Sees to it that a server which is to be deleted ends and goes. Returned at once. */
  finish(id: string): void;
  /** Calls `listener` after changes that no caller made. */
  onChange(listener: Listener): () => void;
  /** Stops watching. Returned: deletions that this process began are done (at most their grace later). */
  close(): Promise<void>;
}

/** Makes the keeper of a state directory. It looks at processes by itself only while somebody listens. */
export function createKeeper(context: LocalContext): Keeper {
  const { clock, folders, logger, options } = context;
  const children = new Map<string, ChildProcess>();
  const endings = new Map<string, Promise<void>>();
  const listeners = new Set<Listener>();
  let timer: CancelTimer | undefined;
  let logsCheckedMs = clock.monotonic();
  let closed = false;

  const emit = (id: string, labels: Metadata): void => {
    for (const listener of listeners) {
      try {
        listener({ id, labels });
      } catch (error) {
        logger.error({ server: id }, `a listener failed: ${errorLine(error)}`);
      }
    }
  };

  const settle = async (id: string): Promise<Settled | undefined> => {
    const entry = folders.read(id);
    if (entry === undefined) return undefined;
    const standing = standingOf(entry, children.has(id));
    if (entry.deletion !== undefined) {
      if (isOurs(entry.deletion)) finish(id);
    } else if (standing === "abandoned") {
      forget(context, entry);
      return undefined;
    } else if (standing === "lost") {
      killRemains(entry, false);
      if (noteEnd(context, entry, "ended while nobody watched")) emit(id, entry.labels);
    } else if (standing === "running" && entry.ready === undefined)
      if (await noteReadiness(context, entry)) emit(id, entry.labels);
    const now = folders.read(id);
    return now === undefined ? undefined : { entry: now, standing: standingOf(now, children.has(id)) };
  };

  const finish = (id: string): void => {
    if (endings.has(id) || closed) return;
    const ending = endServer(context, id)
      .then((entry) => {
        if (entry === undefined) return;
        forget(context, entry);
        emit(id, entry.labels);
      })
      .catch((error: unknown) =>
        logger.error({ server: id }, `could not end server ${id}: ${errorLine(error)}`),
      )
      .finally(() => endings.delete(id));
    endings.set(id, ending);
  };

  const look = async (): Promise<void> => {
    for (const id of folders.ids()) {
      const entry = folders.recall(id);
      if (entry === undefined || entry.end !== undefined) continue;
      if (entry.ready === undefined || entry.deletion !== undefined || !children.has(id)) await settle(id);
    }
    if (clock.monotonic() - logsCheckedMs < LOG_CHECK_MS) return;
    logsCheckedMs = clock.monotonic();
    for (const id of folders.ids()) boundLog(folders.path(id), options.logLimitBytes);
  };

  const arm = (delayMs: number): void => {
    const mine = clock.after(delayMs, () => {
      const beganMs = clock.monotonic();
      void look()
        .catch((error: unknown) => logger.warn({}, `could not look at the servers: ${errorLine(error)}`))
        .then(() => {
          if (timer === mine) arm(Math.max(WATCH_MS, (clock.monotonic() - beganMs) * WATCH_SHARE));
        });
    });
    timer = mine;
  };

  return {
    watch(id, child) {
      children.set(id, child);
      child.once("exit", (code, signalName) => {
        children.delete(id);
        const entry = folders.read(id);
        if (entry === undefined || entry.deletion !== undefined || entry.end !== undefined) return;
        killRemains(entry, true);
        noteEnd(
          context,
          entry,
          signalName === null ? `ended with exit code ${code}` : `ended by ${signalName}`,
        );
        emit(id, entry.labels);
      });
    },
    settle,
    finish,
    onChange(listener) {
      listeners.add(listener);
      if (timer === undefined) arm(WATCH_MS);
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        timer?.();
        timer = undefined;
      };
    },
    async close() {
      closed = true;
      timer?.();
      timer = undefined;
      listeners.clear();
      // The clock's timers do not keep a process alive; what was promised does.
      const alive = setInterval(() => {}, 1_000);
      await Promise.allSettled(endings.values());
      clearInterval(alive);
    },
  };
}

/** Takes a server off the list: its folder is put aside, its port is free. */
export function forget(context: LocalContext, entry: ServerEntry): void {
  context.folders.bury(entry.record.id, context.options.keepEnded);
  if (entry.record.port !== undefined && !entry.record.adopted) context.ports.release(entry.record.port);
}

/** A deletion is finished by who began it, and by anybody once that process is gone. */
function isOurs({ by }: Deletion): boolean {
  return by.pid === process.pid || !isRunning(by);
}
