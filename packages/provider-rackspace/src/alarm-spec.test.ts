import type { AlarmSpec } from "@bellows/core";
import { describe, expect, it } from "vitest";
import { alarmOf, anchorIn, anchorMetadata, type WiredAlarm } from "./alarm-map.js";
import { readAlarm } from "./alarm-spec.js";
import type { AlarmState, EntityView } from "./monitoring.js";

const spec: AlarmSpec = {
  name: "busy",
  metric: { namespace: "agent.cpu", name: "usage_average" },
  above: 80,
  periodMs: 60_000,
  periods: 3,
  scope: "instance",
  executes: [{ group: "web", policy: "up" }],
};
const read = (more: Partial<AlarmSpec>) => () => readAlarm({ ...spec, ...more }, "alarms.create");

describe("an alarm", () => {
  it("is put into the alarm language", () => {
    expect(readAlarm(spec, "alarms.create")).toMatchObject({
      check: { type: "agent.cpu", period: 60, timeout: 10 },
      groups: ["web"],
      criteria: [
        ":set consecutiveCount=3",
        "if (metric['usage_average'] > 80) {",
        "  return new AlarmStatus(CRITICAL, '#{usage_average} > 80');",
        "}",
        "return new AlarmStatus(OK);",
      ].join("\n"),
    });
  });

  it.each([
    [{ atLeast: 80 }, ">="],
    [{ below: 20 }, "<"],
    [{ atMost: 20.5 }, "<="],
  ])("with %j compares with %s", (bound, sign) => {
    const { criteria } = readAlarm({ ...spec, above: undefined, periods: 1, ...bound }, "alarms.create");
    expect(criteria).toContain(`if (metric['usage_average'] ${sign} ${Object.values(bound)[0]})`);
    expect(criteria).not.toContain(":set");
  });

  it("of a remote check says from where and at what it looks", () => {
    const remote = readAlarm(
      {
        ...spec,
        scope: undefined,
        metric: { namespace: "remote.http", name: "duration", dimensions: { entity: "enOne" } },
        native: {
          consistency: "all",
          check: {
            zones: ["mzdfw", "mzord"],
            details: { url: "http://x" },
            targetHostname: "x",
            timeoutMs: 5_000,
          },
        },
      },
      "alarms.create",
    );
    expect(remote).toMatchObject({
      entity: "enOne",
      check: {
        type: "remote.http",
        timeout: 5,
        monitoring_zones_poll: ["mzdfw", "mzord"],
        target_hostname: "x",
        details: { url: "http://x" },
      },
    });
    expect(remote.criteria).toContain(":set consistencyLevel=ALL");
  });

  it.each<[Partial<AlarmSpec>, RegExp]>([
    [{ above: undefined }, /needs one bound/],
    [{ below: 1 }, /above and below: an alarm has one bound/],
    [{ periodMs: 10_000 }, /periodMs: is 30s to 30m/],
    [{ periods: 6 }, /at most 5 in a row/],
    [{ metric: { name: "usage_average" } }, /metric\.namespace: is missing/],
    [{ metric: { namespace: "AWS/EC2", name: "CPUUtilization" } }, /type of a check/],
    [{ metric: { namespace: "agent.cpu", name: "a'] > 0) {}" } }, /no quotes/],
    [{ executes: [] }, /whose servers are to be watched.*tells nobody/],
    [{ metric: { namespace: "remote.http", name: "duration" } }, /native\.check\.zones: is missing/],
    [{ native: { colour: "red" } }, /colour/],
    [{ native: { urls: ["ftp://x"] } }, /http or https/],
  ])("with %j is wrong", (more, message) => {
    expect(read(more)).toThrow(expect.objectContaining({ code: "config" }));
    expect(read(more)).toThrow(message);
  });

  it.each<[Partial<AlarmSpec>, RegExp]>([
    [{ scope: "group" }, /no metrics of a whole group/],
    [{ periodsToAlarm: 2 }, /all periods in a row/],
    [{ missing: "ignore" }, /a check that can't run is an alarm/],
    [{ metric: { ...spec.metric, stat: "p99" } }, /the check's own value/],
    [{ metric: { ...spec.metric, dimensions: { host: "x" } } }, /there are entity and group/],
  ])("with %j is nothing that Cloud Monitoring can do", (more, message) => {
    expect(read(more)).toThrow(expect.objectContaining({ code: "unsupported" }));
    expect(read(more)).toThrow(message);
  });

  it("is told of all its faults at once", () => {
    expect(read({ periods: 9, above: undefined, metric: { name: "x" } })).toThrow(
      /needs one bound.*periods.*namespace/,
    );
  });
});

describe("an anchor", () => {
  const view = (metadata: Record<string, string>): EntityView => ({
    entity: { id: "enA", label: "bellows/busy", metadata },
    checks: [],
    alarms: [],
    latest_alarm_states: [],
  });

  it("keeps what an alarm is made from, however long, in values that Rackspace takes", () => {
    const long = {
      ...spec,
      owner: "shop/busy",
      executes: Array.from({ length: 30 }, (_, n) => ({ group: `grüß-${n}`, policy: "up" })),
    };
    const metadata = anchorMetadata({ spec: long, plan: "np1", disabled: true });
    for (const value of Object.values(metadata)) expect(value.length).toBeLessThanOrEqual(255);
    expect(anchorIn(view(metadata))).toEqual({ id: "enA", spec: long, plan: "np1", disabled: true });
  });

  it("that somebody has spoilt is none", () => {
    expect(anchorIn(view({ "bellows:alarm": "anchor", "bellows:spec:0": "{" }))).toBeUndefined();
    expect(anchorIn(view({}))).toBeUndefined();
  });

  it.each<[(AlarmState["state"] | undefined)[], string]>([
    [[], "insufficient-data"],
    [[undefined, "UNKNOWN"], "insufficient-data"],
    [["OK", undefined], "ok"],
    [["OK", "CRITICAL"], "alarm"],
    [["WARNING"], "alarm"],
  ])("whose servers are %j is %s, and never repeats", (states, state) => {
    const wired = states.map((one, index): WiredAlarm => {
      const alarm = { id: `al${index}`, check_id: "ch", notification_plan_id: "np" };
      return {
        view: { ...view({}), entity: { id: `en${index}`, label: `web-${index}` } },
        alarm,
        ...(one && { state: { alarm_id: alarm.id, state: one, status: "CPU 93" } }),
      };
    });
    const alarm = alarmOf({ id: "enA", spec, disabled: false }, wired);
    expect(alarm).toMatchObject({ id: "enA", name: "busy", state, repeats: false, enabled: true });
    if (state === "alarm") expect(alarm.stateReason).toContain("CPU 93");
  });
});
