/**
 * Cooldowns where no daemon runs: the same document in the same form as the line keeps, so that a script, a command and
 * the daemon refuse alike.
 */
import type { StateStore } from "../contracts/state-store.js";
import { isBellowsError } from "../errors.js";
import type { Execution, Memory } from "../pipeline/memory.js";
import {
  cooldownLeftMs,
  emptyMemory,
  isInForce,
  pushBounded,
  stampCooldown,
  withdrawCooldown,
} from "../pipeline/memory.js";

/** Key of the document in which the line keeps what it remembers of a group; cooldowns are part of it. */
export const MEMORY_KEY = "memory";

/** How often a change is computed anew because somebody else wrote first. */
const ATTEMPTS = 25;

/** What is left of a group's own cooldown, in milliseconds; 0 when none runs. */
export async function cooldownOfGroupMs(
  store: StateStore,
  group: string,
  cooldownMs: number,
  nowMs: number,
): Promise<number> {
  const memory = await store.get<Memory>(group, MEMORY_KEY);
  return cooldownLeftMs(memory?.value.stamp, cooldownMs, nowMs);
}

/** Whether Bellows's own pause lies on a group. */
export async function isHeldByPause(store: StateStore, group: string, nowMs: number): Promise<boolean> {
  const memory = await store.get<Memory>(group, MEMORY_KEY);
  return isInForce(memory?.value.pause, nowMs);
}

/** Which cooldown stands in the way of an execution, and for how long; the policy's own is asked first, as in Otter. */
export interface RunningCooldown {
  of: "policy" | "group";
  leftMs: number;
}

/** The cooldown that refuses an execution now, if one does. Over as soon as `now - last` equals it. */
export async function runningCooldown(
  store: StateStore,
  group: { name: string; cooldownMs: number },
  policy: { name: string; cooldownMs?: number },
  nowMs: number,
): Promise<RunningCooldown | undefined> {
  const memory = (await store.get<Memory>(group.name, MEMORY_KEY))?.value ?? emptyMemory();
  const ownMs = cooldownLeftMs(memory.policies[policy.name]?.stamp, policy.cooldownMs ?? 0, nowMs);
  if (ownMs > 0) return { of: "policy", leftMs: ownMs };
  const groupMs = cooldownLeftMs(memory.stamp, group.cooldownMs, nowMs);
  return groupMs > 0 ? { of: "group", leftMs: groupMs } : undefined;
}

/** Stamps both cooldowns, before the change is asked of the cloud. */
export async function stamp(
  store: StateStore,
  group: string,
  execution: Execution,
  keepMs?: number,
): Promise<void> {
  await change(store, group, (memory) => {
    const stamped = stampCooldown(memory, execution);
    if (keepMs === undefined) return stamped;
    const keep = { id: execution.id, floor: execution.to, untilMs: execution.atMs + keepMs };
    return {
      ...stamped,
      keeps: pushBounded(
        stamped.keeps,
        execution.policy === undefined ? keep : { ...keep, policy: execution.policy },
      ),
    };
  });
}

/** Takes a stamp back, because its change failed or changed nothing. */
export async function withdraw(store: StateStore, group: string, id: string): Promise<void> {
  await change(store, group, (memory) => withdrawCooldown(memory, id));
}

async function change(store: StateStore, group: string, update: (memory: Memory) => Memory): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const read = await store.get<Memory>(group, MEMORY_KEY);
    const value = update(read?.value ?? emptyMemory());
    try {
      await store.commit(group, { documents: [{ key: MEMORY_KEY, value, ifVersion: read?.version ?? 0 }] });
      return;
    } catch (error) {
      if (!isBellowsError(error, "conflict") || attempt >= ATTEMPTS) throw error;
    }
  }
}
