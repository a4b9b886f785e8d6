import { readFileSync } from "node:fs";
import { uptime } from "node:os";
import { type Clock, type Cloud, errorLine, type Logger, type StateStore } from "@bellows/core";

/** Where the start of the machine is kept. */
const KEY = "boot";
/** Where Linux tells which start of the machine this is. */
const BOOT_ID_FILE = "/proc/sys/kernel/random/boot_id";
/** Elsewhere the time of the start tells, give or take what clocks do. */
const SAME_START_MS = 60_000;

/** Which start of the machine this is: an id, or the time of it. */
export function bootOf(clock: Clock): string {
  try {
    return readFileSync(BOOT_ID_FILE, "utf8").trim();
  } catch {
    return String(clock.now() - uptime() * 1_000);
  }
}

/**
 * After a restart of the machine all processes are gone, and none of them crashed: groups start again without any
 * back-off. Called before rounds.
 */
export async function forgiveReboot(
  store: StateStore,
  clouds: Iterable<Cloud>,
  clock: Clock,
  logger: Logger,
  boot = bootOf(clock),
): Promise<void> {
  const before = await store.get<string>("", KEY);
  if (before !== undefined && sameStart(before.value, boot)) return;
  for (const cloud of clouds) {
    if (before === undefined) break;
    logger.info({ provider: cloud.key }, "the machine was restarted: instances start again without back-off");
    await cloud.portable
      ?.forgive()
      .catch((error: unknown) => logger.warn({ provider: cloud.key }, `back-off stays: ${errorLine(error)}`));
  }
  await store.commit("", { documents: [{ key: KEY, value: boot }] });
}

function sameStart(a: string, b: string): boolean {
  if (a === b) return true;
  const apartMs = Math.abs(Number(a) - Number(b));
  return Number.isFinite(apartMs) && apartMs < SAME_START_MS;
}
