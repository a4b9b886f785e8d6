import { describe, expect, test } from "vitest";
import type { WindowSpec } from "../contracts/scaling.js";
import { isWindowOpen, windowBounds } from "./windows.js";

const office: WindowSpec = {
  name: "office",
  days: [1, 2, 3, 4, 5],
  startMinute: 8 * 60,
  endMinute: 18 * 60,
  timezone: "Europe/Berlin",
  min: 4,
};

const at = (iso: string): number => Date.parse(iso);

describe("a window", () => {
  test.each([
    ["2026-01-05T06:59:59Z", false],
    ["2026-01-05T07:00:00Z", true],
    ["2026-01-05T16:59:59Z", true],
    ["2026-01-05T17:00:00Z", false],
  ])("from 8 to 18 in Berlin, in winter, at %s: %s", (iso, open) => {
    expect(isWindowOpen(office, at(iso))).toBe(open);
  });

  test.each([
    ["2026-07-06T05:59:59Z", false],
    ["2026-07-06T06:00:00Z", true],
    ["2026-07-06T16:00:00Z", false],
  ])("keeps to the wall clock in summer, at %s: %s", (iso, open) => {
    expect(isWindowOpen(office, at(iso))).toBe(open);
  });

  test("is in force on its days alone", () => {
    expect(isWindowOpen(office, at("2026-01-03T12:00:00Z"))).toBe(false);
    expect(isWindowOpen({ ...office, days: [6] }, at("2026-01-03T12:00:00Z"))).toBe(true);
  });

  test.each([
    ["2026-01-09T21:59:00Z", false],
    ["2026-01-09T22:00:00Z", true],
    ["2026-01-10T05:59:00Z", true],
    ["2026-01-10T06:00:00Z", false],
    ["2026-01-10T22:30:00Z", false],
  ])("over midnight belongs to the day on which it begins (a Friday), at %s: %s", (iso, open) => {
    const night = { name: "night", days: [5], startMinute: 22 * 60, endMinute: 6 * 60, timezone: "UTC" };
    expect(isWindowOpen(night, at(iso))).toBe(open);
  });

  test("that ends where it begins lasts a day", () => {
    const day = { name: "day", days: [1], startMinute: 600, endMinute: 600, timezone: "UTC" };
    expect(isWindowOpen(day, at("2026-01-05T09:59:00Z"))).toBe(false);
    expect(isWindowOpen(day, at("2026-01-05T10:00:00Z"))).toBe(true);
    expect(isWindowOpen(day, at("2026-01-06T09:59:00Z"))).toBe(true);
    expect(isWindowOpen(day, at("2026-01-06T10:00:00Z"))).toBe(false);
  });

  test("begins after the gap, on the day when its hour is skipped", () => {
    const early = { name: "early", startMinute: 150, endMinute: 300, timezone: "Europe/Berlin" };
    expect(isWindowOpen(early, at("2026-03-29T00:59:00Z"))).toBe(false);
    expect(isWindowOpen(early, at("2026-03-29T01:00:00Z"))).toBe(true);
  });
});

describe("several windows", () => {
  const all = { startMinute: 0, endMinute: 0, timezone: "UTC" };
  test("give the highest min and the lowest max, and say whose they are", () => {
    const windows: WindowSpec[] = [
      { ...all, name: "a", min: 2, max: 9 },
      { ...all, name: "b", min: 5 },
      { ...all, name: "c", min: 3, max: 7 },
    ];
    expect(windowBounds(windows, 0)).toEqual({ min: 5, minWindow: "b", max: 7, maxWindow: "c" });
  });

  test("count only while they are in force", () => {
    expect(windowBounds([office], at("2026-01-05T12:00:00Z"))).toEqual({ min: 4, minWindow: "office" });
    expect(windowBounds([office], at("2026-01-05T22:00:00Z"))).toEqual({});
  });
});

test("a time zone that nobody knows is an error, not UTC", () => {
  expect(() => windowBounds([{ ...office, timezone: "Europe/Entenhausen" }], 0)).toThrow(RangeError);
});
