import { describe, expect, it } from "vitest";
import { AlarmParseError, parseCriteria, type Seen } from "./alarm-language.js";
import type { MetricValue } from "./monitoring-state.js";

const seen = (now: Record<string, MetricValue>, before: Record<string, MetricValue> = {}): Seen => ({
  value: (metric) => now[metric],
  previous: (metric) => before[metric],
  seconds: 10,
});

const BOTH = `
:set consistencyLevel=QUORUM
:set consecutiveCount=3
# what is hot
if (metric['usage_average'] > 80) { return new AlarmStatus(CRITICAL, 'CPU #{usage_average}%'); }
/* and what
   is idle */
if (metric["usage_average"] < 20) {
  return new AlarmStatus(WARNING, "idle");
}
return new AlarmStatus(OK);`;

describe("the alarm language", () => {
  it.each([
    [90, { state: "CRITICAL", status: "CPU 90%" }],
    [10, { state: "WARNING", status: "idle" }],
    [50, { state: "OK", status: "" }],
  ])("takes the first condition that holds: %i", (usage_average, verdict) => {
    const criteria = parseCriteria(BOTH);
    expect(criteria.consecutiveCount).toBe(3);
    expect(criteria.judge(seen({ usage_average }))).toEqual(verdict);
  });

  it.each([
    ["metric['a'] > 1 && metric['b'] < 1", { a: 2, b: 0 }, true],
    ["metric['a'] > 1 && metric['b'] < 1", { a: 2, b: 2 }, false],
    ["metric['a'] > 5 || (metric['a'] >= 1 && metric['b'] != 3)", { a: 1, b: 2 }, true],
    ["metric['code'] regex '^5'", { code: "503" }, true],
    ["metric['code'] nregex '^5'", { code: "503" }, false],
    ["previous(metric['a']) == 1", { a: 2 }, true],
    ["rate(metric['a']) > 0.05", { a: 2 }, true],
    ["percentage(metric['a'], metric['b']) > 90", { a: 19, b: 20 }, true],
    ["metric['nobody told'] < 1", { a: 1 }, false],
    ["metric['a'] > -1.5", { a: -1 }, true],
  ])("%s of %j: %s", (condition, now, isSo) => {
    const criteria = parseCriteria(`if (${condition}) { return new AlarmStatus(CRITICAL); }`);
    expect(criteria.judge(seen(now, { a: 1 }))?.state === "CRITICAL").toBe(isSo);
  });

  it.each([
    "if (metric['a'] > 1) { return CRITICAL; }",
    "if metric['a'] > 1 { return new AlarmStatus(OK); }",
    "if (metric['a'] >) { return new AlarmStatus(OK); }",
    "return new AlarmStatus(BAD);",
    "if (worst(metric['a']) > 1) { return new AlarmStatus(OK); }",
    ":set consecutiveCount=9\nreturn new AlarmStatus(OK);",
    "// no comment",
  ])("%s is not understood, and it is said where", (text) => {
    expect(() => parseCriteria(text)).toThrow(AlarmParseError);
    expect(() => parseCriteria(text)).toThrow(/ at character \d+$/);
  });
});
