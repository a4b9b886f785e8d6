import { Cron } from "croner";
import type { Schedule } from "../contracts/policy.js";
import { ConfigError } from "../errors.js";

/** One missed by less than this still runs, once. */
export const MISSED_GRACE_MS = 3_600_000;

/** Parsed patterns, so that asking for the next time costs no parsing. Bounded: a daemon may see many files. */
const parsed = new Map<string, Cron>();
const PARSED_LIMIT = 1_000;

/**
 * When a schedule fires next. A time that the clocks skip in spring fires once, right after the gap; one that they
 * repeat in autumn fires once. Patterns with a wildcard or step in minute or hour go by real time through both.
 * @param afterMs - epoch milliseconds; a moment exactly then does not count.
 * @returns epoch milliseconds, or undefined if it never fires again.
 * @throws ConfigError for a pattern or time zone that cannot be read.
 */
export function nextDue(schedule: Schedule, afterMs: number): number | undefined {
  if ("atMs" in schedule) return schedule.atMs > afterMs ? schedule.atMs : undefined;
  return cronOf(schedule.cron, schedule.timezone ?? "UTC")
    .nextRun(new Date(afterMs))
    ?.getTime();
}

/**
 * The latest moment at which a schedule was due and did not run: it runs once now, however many there were.
 * @param lastMs - up to here all were seen (when it last ran, or when rounds last looked).
 * @returns epoch milliseconds of the moment, or undefined if none was missed, or only by {@link MISSED_GRACE_MS} or more.
 * @throws ConfigError for a pattern or time zone that cannot be read.
 */
export function missed(schedule: Schedule, lastMs: number, nowMs: number): number | undefined {
  let found: number | undefined;
  let due = nextDue(schedule, Math.max(lastMs, nowMs - MISSED_GRACE_MS));
  while (due !== undefined && due <= nowMs) {
    found = due;
    due = nextDue(schedule, due);
  }
  return found;
}

/**
 * Checks a schedule.
 * @throws ConfigError for a pattern or time zone that cannot be read.
 */
export function checkSchedule(schedule: Schedule): void {
  nextDue(schedule, 0);
}

function cronOf(pattern: string, timezone: string): Cron {
  const key = `${timezone} ${pattern}`;
  const known = parsed.get(key);
  if (known !== undefined) return known;
  if (parsed.size >= PARSED_LIMIT) parsed.clear();
  const cron = parseCron(pattern, timezone);
  parsed.set(key, cron);
  return cron;
}

function parseCron(pattern: string, timezone: string): Cron {
  try {
    const cron = new Cron(pattern, { timezone, mode: "5-part", fixedTimeRule: "no-wildcard", paused: true });
    cron.nextRun(new Date(0));
    return cron;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`schedule ${JSON.stringify(pattern)} in ${timezone} cannot be read: ${why}`, {
      hint: 'write five fields, as in "0 22 * * *", and a time zone such as Europe/Berlin',
      cause,
    });
  }
}
