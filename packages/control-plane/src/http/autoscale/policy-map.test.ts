import { describe, expect, it } from "vitest";
import { freeName } from "./hidden.js";
import { toPolicySpec, toPolicyView } from "./policy-map.js";
import { policyBody } from "./schema-policy.js";
import { describeIssues } from "./schema-text.js";

const faults = (body: unknown): string => {
  const read = policyBody.safeParse(body);
  return read.success ? "" : describeIssues(read.error);
};
const base = { name: "up", type: "webhook", cooldown: 60 };

describe("a policy", () => {
  it.each([
    [{ ...base, change: 1 }],
    [{ ...base, changePercent: -5.5, cooldown: 0 }],
    [{ ...base, desiredCapacity: 0 }],
    [{ ...base, type: "schedule", change: 2, args: { cron: "0 22 * * *" } }],
    [{ ...base, type: "schedule", change: 2, args: { at: "2031-05-19T08:07:08Z" } }],
  ])("comes back as it went: %j", (body) => {
    const spec = toPolicySpec(policyBody.parse(body), "up");
    expect(toPolicyView({ ...spec, id: "p", group: "g", engine: "bellows" })).toEqual({ ...body, id: "p" });
  });

  it("keeps a name that is taken under another one, and shows its own", () => {
    const kept = freeName("up", new Set(["up", "up (2)"]));
    expect(kept).toBe("up (3)");
    const spec = toPolicySpec(policyBody.parse({ ...base, change: 1 }), kept);
    expect(spec.name).toBe("up (3)");
    expect(toPolicyView({ ...spec, id: "p", group: "g", engine: "bellows" })?.name).toBe("up");
  });

  it("rounds as Otter does, and is kept by Bellows", () => {
    expect(toPolicySpec(policyBody.parse({ ...base, changePercent: 50 }), "up")).toMatchObject({
      engine: "bellows",
      rounding: "otter",
      adjust: { percent: 50 },
      cooldownMs: 60_000,
    });
  });

  it("that looks at metrics has no form here", () => {
    const other = { name: "cpu", group: "g", id: "p", engine: "bellows" as const };
    expect(toPolicyView({ ...other, when: "cpu > 1", adjust: { change: 1 } })).toBeUndefined();
    expect(toPolicyView({ ...other, signal: "cpu", adjust: { target: { value: 1 } } })).toBeUndefined();
  });

  it.each([
    [base, "needs exactly one of change, changePercent, desiredCapacity, and has 0"],
    [{ ...base, change: 1, changePercent: 1 }, "needs exactly one of"],
    [{ ...base, change: 0 }, "change: must not be 0"],
    [{ ...base, changePercent: 0 }, "changePercent: must not be 0"],
    [{ ...base, change: 1.5 }, "change: "],
    [{ ...base, desiredCapacity: -1 }, "desiredCapacity: "],
    [{ ...base, change: 1, cooldown: 86_401 }, "cooldown: "],
    [{ ...base, change: 1, name: "  " }, "name: must not be blank"],
    [{ ...base, change: 1, name: "x".repeat(257) }, "name: "],
    [{ ...base, change: 1, id: "p" }, "id"],
    [{ ...base, change: 1, args: {} }, "args: have no place in a webhook policy"],
    [{ ...base, change: 1, type: "schedule" }, "Incorrect args for schedule policy"],
    [
      { ...base, change: 1, type: "schedule", args: { at: "2031-01-01T00:00:00Z", cron: "* * * * *" } },
      "Incorrect args for schedule policy",
    ],
    [
      { ...base, change: 1, type: "schedule", args: { cron: "0 0 22 * * *" } },
      'Invalid "0 0 22 * * *" cron entry: Seconds not allowed',
    ],
    [{ ...base, change: 1, type: "schedule", args: { cron: "often" } }, 'Invalid "often" cron entry'],
    [{ ...base, change: 1, type: "schedule", args: { at: "2031-01-01T00:00:00" } }, "end in Z"],
    [{ ...base, change: 1, type: "cloud_monitoring", args: {} }, "cloud_monitoring policy disabled"],
  ])("%j is refused", (body, complaint) => {
    expect(faults(body)).toContain(complaint);
  });
});
