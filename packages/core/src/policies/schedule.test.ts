import { describe, expect, test } from "vitest";
import { ConfigError } from "../errors.js";
import { checkSchedule, missed, nextDue } from "./schedule.js";

const at = (iso: string): number => Date.parse(iso);
const iso = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : new Date(ms).toISOString();

const BERLIN = "Europe/Berlin";

/** Every moment at which a schedule fires between two times. */
function runs(cron: string, from: string, to: string): (string | undefined)[] {
  const found: (string | undefined)[] = [];
  const schedule = { cron, timezone: BERLIN };
  for (
    let due = nextDue(schedule, at(from));
    due !== undefined && due <= at(to);
    due = nextDue(schedule, due)
  )
    found.push(iso(due));
  return found;
}

describe("a cron schedule", () => {
  test("fires in its time zone, summer and winter", () => {
    expect(iso(nextDue({ cron: "0 22 * * *", timezone: BERLIN }, at("2026-01-05T00:00:00Z")))).toBe(
      "2026-01-05T21:00:00.000Z",
    );
    expect(iso(nextDue({ cron: "0 22 * * *", timezone: BERLIN }, at("2026-07-05T00:00:00Z")))).toBe(
      "2026-07-05T20:00:00.000Z",
    );
  });

  test("is in UTC by default", () => {
    expect(iso(nextDue({ cron: "0 22 * * *" }, at("2026-01-05T00:00:00Z")))).toBe("2026-01-05T22:00:00.000Z");
  });

  test("does not fire twice for one moment", () => {
    expect(iso(nextDue({ cron: "0 22 * * *" }, at("2026-01-05T22:00:00Z")))).toBe("2026-01-06T22:00:00.000Z");
    expect(iso(nextDue({ cron: "0 22 * * *" }, at("2026-01-05T21:59:59.999Z")))).toBe(
      "2026-01-05T22:00:00.000Z",
    );
  });

  test("whose time is skipped in spring runs once, right after the gap", () => {
    expect(runs("30 2 * * *", "2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z")).toEqual([
      "2026-03-29T01:00:00.000Z",
      "2026-03-30T00:30:00.000Z",
    ]);
  });

  test("whose time is repeated in autumn runs once", () => {
    expect(runs("30 2 * * *", "2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z")).toEqual([
      "2026-10-25T00:30:00.000Z",
      "2026-10-26T01:30:00.000Z",
    ]);
  });

  test("with a list of hours keeps to the same rules", () => {
    expect(runs("30 2,14 * * *", "2026-03-28T20:00:00Z", "2026-03-29T20:00:00Z")).toEqual([
      "2026-03-29T01:00:00.000Z",
      "2026-03-29T12:30:00.000Z",
    ]);
    expect(runs("30 2,14 * * *", "2026-10-24T20:00:00Z", "2026-10-25T20:00:00Z")).toEqual([
      "2026-10-25T00:30:00.000Z",
      "2026-10-25T13:30:00.000Z",
    ]);
  });

  test("of every hour goes by real time through both changes", () => {
    expect(runs("0 * * * *", "2026-03-29T00:30:00Z", "2026-03-29T02:30:00Z")).toHaveLength(2);
    expect(runs("0 * * * *", "2026-10-24T23:30:00Z", "2026-10-25T02:30:00Z")).toHaveLength(3);
  });

  test.each(["0 22 * *", "* * * * * *", "61 * * * *", "tomorrow", ""])(
    "that cannot be read is refused: %j",
    (cron) => {
      expect(() => checkSchedule({ cron })).toThrow(ConfigError);
    },
  );

  test("in an unknown time zone is refused, and the error names both", () => {
    expect(() => checkSchedule({ cron: "0 22 * * *", timezone: "Mars/Base" })).toThrow(
      /0 22 \* \* \*.*Mars\/Base/,
    );
  });
});

describe("a one-off", () => {
  test("fires once, at its time", () => {
    expect(nextDue({ atMs: 1_000 }, 999)).toBe(1_000);
    expect(nextDue({ atMs: 1_000 }, 1_000)).toBeUndefined();
  });
});

describe("a schedule that was missed", () => {
  const nightly = { cron: "0 22 * * *" };
  test("by less than an hour runs", () => {
    expect(iso(missed(nightly, at("2026-01-05T20:00:00Z"), at("2026-01-05T22:59:59Z")))).toBe(
      "2026-01-05T22:00:00.000Z",
    );
  });
  test("by an hour or more does not run", () => {
    expect(missed(nightly, at("2026-01-05T20:00:00Z"), at("2026-01-05T23:00:00Z"))).toBeUndefined();
  });
  test("and has run since is not missed", () => {
    expect(missed(nightly, at("2026-01-05T22:00:00Z"), at("2026-01-05T22:30:00Z"))).toBeUndefined();
  });
  test("several times runs once, for the latest", () => {
    expect(
      iso(missed({ cron: "*/10 * * * *" }, at("2026-01-05T20:00:00Z"), at("2026-01-05T22:35:00Z"))),
    ).toBe("2026-01-05T22:30:00.000Z");
  });
  test("as a one-off keeps to the same hour", () => {
    const once = { atMs: at("2026-01-05T22:00:00Z") };
    expect(missed(once, 0, at("2026-01-05T22:30:00Z"))).toBe(once.atMs);
    expect(missed(once, 0, at("2026-01-05T23:30:00Z"))).toBeUndefined();
  });
});
