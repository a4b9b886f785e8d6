import type { StateStore } from "../contracts/state-store.js";
import type { Memory } from "../pipeline/memory.js";
import { cooldownLeftMs } from "../pipeline/memory.js";

/** Key of the document in which the line keeps what it remembers of a group; cooldowns are part of it. */
export const MEMORY_KEY = "memory";

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
