import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { CallMade } from "../src/client.js";

/** What was asked of AWS since recording began. */
export interface Recording {
  /** IAM actions, by the method that they were made for. */
  readonly made: ReadonlyMap<string, ReadonlySet<string>>;
  stop(): void;
}

/** Records the calls of all connections of this process. */
export function recordCalls(): Recording {
  const made = new Map<string, Set<string>>();
  const listen = (message: unknown): void => {
    const { action, operation } = message as CallMade;
    const actions = made.get(operation) ?? new Set();
    made.set(operation, actions.add(action));
  };
  subscribe("bellows:aws:call", listen);
  return { made, stop: () => void unsubscribe("bellows:aws:call", listen) };
}
