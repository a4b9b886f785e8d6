import { type Clock, type Cloud, errorLine, type Logger, type StateStore } from "@bellows/core";
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
  /** Accepts the execution behind a capability, if there is one. Returned: durable. */
  accept(hash: string): Promise<void>;
  /** Orders what an earlier process accepted and did not get to. */
  recover(): Promise<void>;
  /** Resolves when nothing waits. */
  idle(): Promise<void>;
}

const PREFIX = "inbox/";

/**
 * Makes an inbox. An execution is written down before its sender is answered, and taken out when its order has been
 * recorded: after SIGKILL it is ordered again, and its cooldown (stamped with the first order's intent) keeps it from
 * counting twice.
 */
export function createInbox(options: InboxOptions): Inbox {
  const { store, line, clock } = options;
  const underway = new Set<Promise<void>>();
  const orderOf = async (key: string, accepted: Accepted): Promise<void> => {
    try {
      const policy = await options
        .clouds()
        .get(accepted.provider)
        ?.policies.get(accepted.group, accepted.policy);
      const runtime = runtimeOf(options.groups(), accepted);
      if (policy !== undefined && runtime !== undefined) {
        await line.order(runtime.spec.name, {
          origin: { kind: "webhook", by: accepted.webhook, policy: policy.name },
          policy: policy.name,
          ...ownAmount(runtime, policy),
        });
      }
    } catch (error) {
      options.logger.error(
        { group: accepted.group, policy: accepted.policy },
        `a webhook's order failed: ${errorLine(error)}`,
      );
    }
    await store.commit("", { documents: [{ key, value: undefined }] });
  };
  const begin = (key: string, accepted: Accepted): void => {
    const run = orderOf(key, accepted).finally(() => underway.delete(run));
    underway.add(run);
    run.catch((error: unknown) => options.logger.error({}, errorLine(error)));
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
        begin(key, accepted);
        return;
      }
      // Nothing behind it: take as long as a write would, by writing one of no consequence.
      await store.commit("", { documents: [{ key: `${PREFIX}none`, value: undefined }] });
    },
    async recover() {
      for await (const { key, value } of store.list<Accepted>("", PREFIX)) begin(key, value);
    },
    async idle() {
      while (underway.size > 0) await Promise.allSettled(underway);
    },
  };
}

function runtimeOf(groups: ReadonlyMap<string, GroupRuntime>, accepted: Accepted): GroupRuntime | undefined {
  return [...groups.values()].find(
    ({ spec }) => spec.provider === accepted.provider && spec.ref === accepted.group,
  );
}
