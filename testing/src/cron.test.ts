import { expect, it } from "vitest";
import { isDue } from "./cron.js";

/** A Tuesday. */
const at = Date.UTC(2026, 10, 24, 8, 30);

it.each([
  ["* * * * *", "UTC", true],
  ["30 8 * * *", "UTC", true],
  ["30 9 * * *", "UTC", false],
  ["30 9 * * *", "Europe/Berlin", true],
  ["*/15 8-10 * * 1-5", "UTC", true],
  ["*/20 * * * *", "UTC", false],
  ["30 8 24 11 *", "UTC", true],
  ["30 8 * * 0,6", "UTC", false],
])("%s in %s on a Tuesday at half past eight UTC: %s", (recurrence, zone, due) => {
  expect(isDue(recurrence, at, zone)).toBe(due);
});
