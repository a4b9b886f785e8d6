import type { WindowSpec } from "../contracts/scaling.js";

/** The bounds that a group's windows set at a moment, and the windows that set them. */
export interface WindowBounds {
  readonly min?: number;
  readonly minWindow?: string;
  readonly max?: number;
  readonly maxWindow?: string;
}

/** No bounds; shared, so that a group without windows costs nothing. */
const NO_BOUNDS: WindowBounds = Object.freeze({});

/**
 * The bounds in force at a moment: of several windows the highest min and the lowest max; where they cross, max wins
 * (the caller applies it last). It looks at the time alone, so it holds after a restart in the middle of a window.
 * @throws RangeError for a time zone that the platform does not know.
 */
export function windowBounds(windows: readonly WindowSpec[], nowMs: number): WindowBounds {
  if (windows.length === 0) return NO_BOUNDS;
  const bounds: { min?: number; minWindow?: string; max?: number; maxWindow?: string } = {};
  for (const window of windows) {
    if (!isWindowOpen(window, nowMs)) continue;
    if (window.min !== undefined && window.min > (bounds.min ?? -1)) {
      bounds.min = window.min;
      bounds.minWindow = window.name;
    }
    if (window.max !== undefined && window.max < (bounds.max ?? Number.POSITIVE_INFINITY)) {
      bounds.max = window.max;
      bounds.maxWindow = window.name;
    }
  }
  return bounds;
}

/**
 * Whether a window is in force. Its hours are wall-clock hours of its zone; one that ends at or before its start ends
 * on the next day, and `days` are the days on which it begins.
 */
export function isWindowOpen(window: WindowSpec, nowMs: number): boolean {
  const { day, minute } = wallClock(window.timezone, nowMs);
  const { startMinute, endMinute } = window;
  if (endMinute > startMinute) return minute >= startMinute && minute < endMinute && beginsOn(window, day);
  if (minute >= startMinute) return beginsOn(window, day);
  return minute < endMinute && beginsOn(window, (day + 6) % 7);
}

function beginsOn({ days }: WindowSpec, day: number): boolean {
  return days === undefined || days.includes(day);
}

/** Weekday (0 Sunday) and minute of the day. */
interface WallClock {
  readonly day: number;
  readonly minute: number;
}

const MINUTE_MS = 60_000;
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/** Formatters are slow to make and use; a zone's last minute is kept, since a round asks for it thousands of times. */
const zones = new Map<string, { format: Intl.DateTimeFormat; epochMinute: number; clock: WallClock }>();

function wallClock(timezone: string, nowMs: number): WallClock {
  const epochMinute = Math.floor(nowMs / MINUTE_MS);
  let zone = zones.get(timezone);
  if (zone === undefined) {
    zone = { format: formatterOf(timezone), epochMinute: Number.NaN, clock: { day: 0, minute: 0 } };
    zones.set(timezone, zone);
  }
  if (zone.epochMinute !== epochMinute) {
    zone.clock = readClock(zone.format, nowMs);
    zone.epochMinute = epochMinute;
  }
  return zone.clock;
}

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat("en-US", {
    timeZone,
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
}

function readClock(format: Intl.DateTimeFormat, nowMs: number): WallClock {
  const parts = new Map(format.formatToParts(nowMs).map(({ type, value }) => [type, value]));
  const minute = Number(parts.get("hour")) * 60 + Number(parts.get("minute"));
  return { day: DAYS.indexOf(parts.get("weekday") ?? ""), minute };
}
