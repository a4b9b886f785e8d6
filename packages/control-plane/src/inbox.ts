import {
  type CancelTimer,
  type Clock,
  type Cloud,
  type DecisionRecord,
  errorLine,
  isBellowsError,
  type Logger,
  type StateStore,
} from "@bellows/core";
import type { GroupRuntime, Line } from "@bellows/core/line";
import { ownAmount } from "./execute.js";

/** An execution that was accepted and not yet ordered. */
interface Accepted {
  provider: string;
  group: string;
  policy: string;
  webhook: string;
  atMs: number;
}

/** What an inbox is made from. */
export interface InboxOptions {
  store: StateStore;
  clock: Clock;
  logger: Logger;
  clouds: () => ReadonlyMap<string, Cloud>;
  groups: () => ReadonlyMap<string, GroupRuntime>;
  line: Line;
  newId: () => string;
}

/** Where webhooks' executions wait between being accepted and being ordered. */
export interface Inbox {
  /** Accepts the execution behind a capability, if there is one. Returned: durable. @throws BellowsError as the store does. */
  accept(hash: string): Promise<void>;
  /** Orders what an earlier process accepted and did not get to. */
  recover(): Promise<void>;
  /** Tries nothing again. Returned: no order is under way; what could not be ordered waits for the next process. */
  close(): Promise<void>;
}

const PREFIX = "inbox/";

/** First and longest wait before an order that could not be recorded is tried again, in milliseconds. */
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;

/** How far back to look for the record of an execution that may have been ordered by an earlier process. */
const LOOK_BACK = 1_000;

/**
 * Makes an inbox. An execution is written down before its sender is answered, and taken out when its order has been
 * recorded. Its id stands in that record: an execution that is found again, after SIGKILL or after the disk was full,
 * is ordered only if it has no record yet.
 */
export function createInbox(options: InboxOptions): Inbox {
  const { store, line, clock } = options;
  const underway = new Set<Promise<void>>();
  const retries = new Set<CancelTimer>();
  let closed = false;

  const isRecorded = async (id: string, group: string): Promise<boolean> => {
    for await (const { value } of store.read<DecisionRecord>(group, { newestFirst: true, limit: LOOK_BACK }))
      if (value.order?.id === id) return true;
    return false;
  };
  const order = async (id: string, accepted: Accepted, again: boolean): Promise<void> => {
    const runtime = runtimeOf(options.groups(), accepted);
    if (runtime === undefined || (again && (await isRecorded(id, runtime.spec.name)))) return;
    const cloud = options.clouds().get(accepted.provider);
    const policy = await cloud?.policies.get(accepted.group, accepted.policy);
    if (policy === undefined) return;
    await line.order(runtime.spec.name, {
      origin: { kind: "webhook", by: accepted.webhook, policy: policy.name, id },
      policy: policy.name,
      ...ownAmount(runtime, policy),
    });
  };
  const attempt = async (key: string, accepted: Accepted, tries: number): Promise<void> => {
    try {
      await order(key.slice(PREFIX.length), accepted, tries > 0).catch((error: unknown) => {
        if (isWorthRetrying(error)) throw error;
        complain(accepted, error);
      });
      await store.commit("", { documents: [{ key, value: undefined }] });
    } catch (error) {
      complain(accepted, error);
      later(key, accepted, tries + 1);
    }
  };
  const complain = ({ group, policy }: Accepted, error: unknown): void =>
    options.logger.error({ group, policy }, `a webhook's order failed: ${errorLine(error)}`);
  const later = (key: string, accepted: Accepted, tries: number): void => {
    if (closed) return;
    const cancel = clock.after(Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (tries - 1)), () => {
      retries.delete(cancel);
      begin(key, accepted, tries);
    });
    retries.add(cancel);
  };
  const begin = (key: string, accepted: Accepted, tries: number): void => {
    const run = attempt(key, accepted, tries).finally(() => underway.delete(run));
    underway.add(run);
  };
  return {
    async accept(hash) {
      for (const cloud of options.clouds().values()) {
        const found = await cloud.portable?.resolveCapability(hash);
        if (found === undefined) continue;
        const { group, policy, name } = found;
        const accepted = { provider: cloud.key, group, policy, webhook: name, atMs: clock.now() };
        const key = PREFIX + options.newId();
        await store.commit("", { documents: [{ key, value: accepted }] });
        if (!closed) begin(key, accepted, 0);
        return;
      }
      // Nothing behind it: take as long as a write would, by writing one of no consequence.
      await store.commit("", { documents: [{ key: `${PREFIX}none`, value: undefined }] });
    },
    async recover() {
      for await (const { key, value } of store.list<Accepted>("", PREFIX)) begin(key, value, 1);
    },
    async close() {
      closed = true;
      for (const cancel of retries) cancel();
      while (underway.size > 0) await Promise.allSettled(underway);
    },
  };
}

/** Whether an order failed by something that passes, such as a full disk. */
function isWorthRetrying(error: unknown): boolean {
  return isBellowsError(error) && error.retry !== "never";
}

function runtimeOf(groups: ReadonlyMap<string, GroupRuntime>, accepted: Accepted): GroupRuntime | undefined {
  return [...groups.values()].find(
    ({ spec }) => spec.provider === accepted.provider && spec.ref === accepted.group,
  );
}
