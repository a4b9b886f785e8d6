import {
  type CancelTimer,
  type Clock,
  type Cloud,
  type DecisionRecord,
  errorLine,
  isBellowsError,
  type Logger,
  type Policy,
  resolveCapability,
  type StateStore,
  UnavailableError,
} from "@bellows/core";
import type { GroupRuntime, Line } from "@bellows/core/line";
import { ownAmount } from "./execute.js";
import { type Guests, runtimeOf } from "./guests.js";

/** An execution that was accepted and not yet ordered. */
interface Accepted {
  provider: string;
  group: string;
  /** Id of the group, where it differs from its name. */
  groupId?: string;
  policy: string;
  webhook: string;
  atMs: number;
}

/** What an inbox is made from. */
export interface InboxOptions {
  store: StateStore;
  /** Key under which links are made. */
  serverKey: string;
  clock: Clock;
  logger: Logger;
  clouds: () => ReadonlyMap<string, Cloud>;
  /** Whether the config has a provider, be it usable or not. */
  hasProvider: (key: string) => boolean;
  guests: Pick<Guests, "groups" | "refresh">;
  line: Pick<Line, "order">;
  newId: () => string;
  /** Told of calls behind which there is nothing. */
  onUnknown?: () => void;
}

/** Where webhooks' executions wait between being accepted and being ordered. */
export interface Inbox {
  /** Accepts the execution behind a capability, if there is one. Returned: durable. @throws BellowsError as the store does. */
  accept(hash: string): Promise<void>;
  /** Orders what an earlier process accepted and did not get to. Returned: begun. */
  recover(): Promise<void>;
  /** Tries nothing again. Returned: no order is under way; what could not be ordered waits for the next process. */
  close(): Promise<void>;
}

const PREFIX = "inbox/";

/** First and longest wait before an order that could not be recorded is tried again, in milliseconds. */
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;

/** How long what is done stays at most, in milliseconds: many go in one write. */
const CLEAR_MS = 100;

/** How far back to look for the record of an execution that may have been ordered already. */
const LOOK_BACK = 1_000;

/** How much earlier than its acceptance an order may be recorded: the clock may have been set back in between. */
const CLOCK_STEP_MS = 3_600_000;

/**
 * Makes an inbox. An execution is written down before its sender is answered, and taken out when its order has been
 * recorded. Its id stands in that record: an execution that is found again, after SIGKILL or after the disk was full,
 * is ordered only if it has no record yet.
 */
export function createInbox(options: InboxOptions): Inbox {
  const { store, clock } = options;
  const underway = new Set<Promise<void>>();
  const retries = new Set<CancelTimer>();
  const done: string[] = [];
  let closed = false;

  /** What is found again later has its record: the entries need not go one by one. */
  const clear = async (): Promise<void> => {
    const keys = done.splice(0);
    if (keys.length === 0) return;
    await store
      .commit("", { documents: keys.map((key) => ({ key, value: undefined })) })
      .catch((error: unknown) => {
        options.logger.warn(
          { error: errorLine(error) },
          "webhooks' orders that are done could not be taken out",
        );
        done.push(...keys);
      });
  };
  let cancelClearing: CancelTimer | undefined;
  const takeOut = (key: string): void => {
    done.push(key);
    if (closed || cancelClearing !== undefined) return;
    cancelClearing = clock.after(CLEAR_MS, () => {
      cancelClearing = undefined;
      void clear();
    });
  };
  const attempt = async (key: string, accepted: Accepted, tries: number): Promise<void> => {
    const id = key.slice(PREFIX.length);
    try {
      await orderAccepted(options, id, accepted, tries > 0).catch((error: unknown) => {
        if (isWorthRetrying(error)) throw error;
        complain(accepted, error);
      });
      takeOut(key);
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
    // The sender is answered first: what becomes of the call must not be seen in how long its answer took.
    const answered = new Promise((resolve) => setImmediate(resolve));
    const run = answered.then(() => attempt(key, accepted, tries)).finally(() => underway.delete(run));
    underway.add(run);
  };
  return {
    async accept(hash) {
      const found = await resolveCapability(store, options.serverKey, hash);
      if (found === undefined) {
        options.onUnknown?.();
        // Nothing behind it: take as long as a write would, by writing one of no consequence.
        await store.commit("", { documents: [{ key: `${PREFIX}none`, value: undefined }] });
        return;
      }
      const { provider, group, groupId, policy, name } = found;
      const accepted: Accepted = {
        provider,
        group,
        ...(groupId !== undefined && { groupId }),
        policy,
        webhook: name,
        atMs: clock.now(),
      };
      const key = PREFIX + options.newId();
      await store.commit("", { documents: [{ key, value: accepted }] });
      if (!closed) begin(key, accepted, 0);
    },
    async recover() {
      const waiting: { key: string; accepted: Accepted }[] = [];
      for await (const { key, value } of store.list<Accepted>("", PREFIX))
        waiting.push({ key, accepted: value });
      const recorded = await recordedIds(options, waiting);
      const done = waiting.filter(({ key }) => recorded.has(key.slice(PREFIX.length)));
      if (done.length > 0)
        await store.commit("", { documents: done.map(({ key }) => ({ key, value: undefined })) });
      for (const { key, accepted } of waiting)
        if (!recorded.has(key.slice(PREFIX.length))) begin(key, accepted, 0);
    },
    async close() {
      closed = true;
      for (const cancel of retries) cancel();
      while (underway.size > 0) await Promise.allSettled(underway);
      cancelClearing?.();
      await clear();
    },
  };
}

/** Orders one execution, unless it has a record. What is gone meanwhile is let go. */
async function orderAccepted(
  options: InboxOptions,
  id: string,
  accepted: Accepted,
  again: boolean,
): Promise<void> {
  const runtime = await runtimeFor(options, accepted);
  if (runtime === undefined) return;
  const { name } = runtime.spec;
  if (again && (await isRecorded(options.store, id, name))) return;
  const policy = await policyFor(options, accepted);
  if (policy === undefined) return;
  await options.line.order(name, {
    origin: { kind: "webhook", by: accepted.webhook, policy: policy.name, id },
    policy: policy.name,
    ...ownAmount(runtime, policy),
  });
}

/** The group that is to be ordered, looked for at its cloud if it is not run yet. @throws UnavailableError */
async function runtimeFor(options: InboxOptions, accepted: Accepted): Promise<GroupRuntime | undefined> {
  const { guests } = options;
  const { provider } = accepted;
  const ref = { id: accepted.groupId ?? accepted.group, name: accepted.group };
  const known = runtimeOf(guests.groups(), provider, ref);
  if (known !== undefined || !options.hasProvider(provider)) return known;
  if (!options.clouds().has(provider))
    throw new UnavailableError(`provider ${provider} cannot be used now`, { resource: provider });
  await guests.refresh(provider, ref.id);
  return runtimeOf(guests.groups(), provider, ref);
}

async function policyFor(options: InboxOptions, accepted: Accepted): Promise<Policy | undefined> {
  const cloud = options.clouds().get(accepted.provider);
  try {
    return await cloud?.policies.get(accepted.groupId ?? accepted.group, accepted.policy);
  } catch (error) {
    if (isBellowsError(error, "not-found")) return undefined;
    throw error;
  }
}

async function isRecorded(store: StateStore, id: string, group: string): Promise<boolean> {
  for await (const { value } of store.read<DecisionRecord>(group, { newestFirst: true, limit: LOOK_BACK }))
    if (value.order?.id === id) return true;
  return false;
}

/** Ids of executions that have a record already. Each group's log is read once, however many wait. */
async function recordedIds(
  { store, guests }: InboxOptions,
  waiting: readonly { accepted: Accepted }[],
): Promise<Set<string>> {
  const oldestMs = new Map<string, number>();
  for (const { accepted } of waiting) {
    const ref = { id: accepted.groupId ?? accepted.group, name: accepted.group };
    const name = runtimeOf(guests.groups(), accepted.provider, ref)?.spec.name ?? accepted.group;
    oldestMs.set(name, Math.min(oldestMs.get(name) ?? accepted.atMs, accepted.atMs));
  }
  const ids = new Set<string>();
  for (const [group, atMs] of oldestMs) {
    const range = { fromMs: atMs - CLOCK_STEP_MS };
    for await (const { value } of store.read<DecisionRecord>(group, range))
      if (value.order?.id !== undefined) ids.add(value.order.id);
  }
  return ids;
}

/** Whether an order failed by something that passes, such as a full disk. */
function isWorthRetrying(error: unknown): boolean {
  return isBellowsError(error) && error.retry !== "never";
}
