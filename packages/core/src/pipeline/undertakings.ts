import type { Observable } from "rxjs";
import { UnavailableError } from "../errors.js";

/** Everything that a line has begun and not ended, so that stopping can wait for it. */
export interface Undertakings {
  /** Begins a piece of work. @throws UnavailableError once {@link refuse} was called. */
  accept<T>(work: () => Promise<T>): Promise<T>;
  /** Runs a stream until it ends; its values are of no interest. */
  background(stream: Observable<unknown>): void;
  /** Accepts nothing more. What was accepted may still begin work of its own. */
  refuse(): void;
  isRefusing(): boolean;
  /** Resolves when all that was begun has ended, well or badly. */
  ended(): Promise<void>;
}

/** Starts with nothing begun. @param failed - told about a stream that ended by an error. */
export function createUndertakings(failed: (error: unknown) => void): Undertakings {
  const begun = new Set<Promise<unknown>>();
  let isRefusing = false;
  const begin = (work: Promise<unknown>): void => {
    const leave = (): void => void begun.delete(ended);
    const ended: Promise<void> = work.then(leave, leave);
    begun.add(ended);
  };
  return {
    async accept(work) {
      if (isRefusing) {
        throw new UnavailableError("the controller is stopping", { hint: "ask again when it runs" });
      }
      const run = work();
      begin(run);
      return run;
    },
    background(stream) {
      const run = new Promise<void>((resolve) => {
        const error = (why: unknown): void => {
          failed(why);
          resolve();
        };
        stream.subscribe({ error, complete: resolve });
      });
      begin(run);
    },
    refuse() {
      isRefusing = true;
    },
    isRefusing: () => isRefusing,
    async ended() {
      while (begun.size > 0) await Promise.all(begun);
    },
  };
}
