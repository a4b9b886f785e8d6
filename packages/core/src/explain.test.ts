import { describe, expect, test } from "vitest";
import { NOON, Scene, share, target, threshold } from "../test/scene.js";
import { explainRecord } from "./explain.js";
import { sameHold } from "./pipeline/decide.js";
import { formatNumber, formatSpan, REASON_CODES, renderReason } from "./reasons.js";

const signals = [{ name: "backlog", expression: "queue / max([instances, 1])" }];
const busy = threshold("backlog > 5", 1, { forMs: 20_000 });

describe("explain", () => {
  test("of a hold shows inputs with ages, formulas with numbers, and what would have changed it", () => {
    const scene = new Scene({ signals, policies: [busy, target(60)], max: 6 });
    const { record } = scene.round({ queue: { value: 12.8, observedAtMs: NOON - 2_000 }, cpu: 61 });
    expect(explainRecord(record)).toEqual([
      "2026-01-01 12:00:00Z  web: hold at 4",
      "  group        desired 4 (min 1, max 6), 4 in service",
      "  metrics      cpu = 61 (0s old)",
      "               queue = 12.8 (2s old)",
      "  signals      backlog = queue / max([instances, 1]) = 12.8 / max([4, 1]) = 3.2",
      "  because      cpu: cpu 61 is within 10% of its target 60",
      "  also         busy: backlog > 5 is false (3.2 > 5)",
      "  would differ if backlog above 5 (now 3.2) for 20s",
      "               if cpu above 66 (now 61)",
      "               if cpu below or equal to 45 (now 61)",
    ]);
  });

  test("of the sample of the house style reads as it does there: 82 against 60, capped", () => {
    const { record } = new Scene({ metrics: ["cpu"], policies: [target(60)], max: 5 }).round({ cpu: 82 });
    expect(explainRecord(record)).toEqual([
      "2026-01-01 12:00:00Z  web: scale 4 → 5",
      "  group        desired 4 (min 1, max 5), 4 in service",
      "  metrics      cpu = 82 (0s old)",
      "  because      cpu: cpu 82 against target 60: 4 × 82 ÷ 60 = 5.466667, wants 6",
      "               max is 5: 6 → 5",
      "  would differ if max raised above 5",
    ]);
  });

  test("of missing data names the source's own reason", () => {
    const { record } = new Scene({ metrics: ["cpu"], policies: [target(60)] }).round({
      cpu: { unavailable: "503 from prom" },
    });
    const text = explainRecord(record).join("\n");
    expect(text).toContain("cpu: no data (503 from prom)");
    expect(text).toContain("if data for cpu back");
  });

  test("of a timer says how long it still has to run", () => {
    const scene = new Scene({ signals, policies: [busy] });
    scene.round({ queue: 40 });
    const text = explainRecord(scene.after(8_000).round({ queue: 40 }).record).join("\n");
    expect(text).toContain("busy: backlog > 5 is true (10 > 5), for 8s of 20s");
    expect(text).toContain("if backlog > 5 for 12s more");
  });

  test("of a share says where it would grow and shrink", () => {
    const { record } = new Scene({ metrics: ["queue"], policies: [share(10)] }).round({ queue: 35 });
    const text = explainRecord(record).join("\n");
    expect(text).toContain("if queue above 40 (now 35)");
    expect(text).toContain("if queue below or equal to 30 (now 35)");
  });

  test.each([
    [
      "a formula in a condition",
      { policies: [threshold("queue * 2 > 5", 1)] },
      { queue: 1 },
      "if queue * 2 > 5 (now 1 * 2 > 5)",
    ],
    [
      "a target that nothing in service answers",
      { desired: 0, min: 0, policies: [target(60)] },
      { cpu: 9 },
      "if an instance in service",
    ],
    [
      "a target that rounds to what there is",
      { policies: [target(60)] },
      { cpu: 53 },
      "if cpu below or equal to 45 (now 53)",
    ],
    [
      "instances on their way",
      { policies: [target(60)], instances: { inService: 3, pending: 1 } },
      { cpu: 9 },
      "if the 1 pending in service",
    ],
    [
      "a count that is reached",
      { policies: [{ name: "a", when: "cpu > 1", adjust: { desired: 4 } }] },
      { cpu: 9 },
      "if a policy wanting something else",
    ],
    [
      "steps on both sides",
      {
        policies: [
          {
            name: "s",
            signal: "cpu",
            adjust: {
              steps: [
                { atMost: 40, adjust: { change: -1 } },
                { atLeast: 70, adjust: { change: 1 } },
              ],
            },
          },
        ],
      },
      { cpu: 50 },
      "if cpu above or equal to 70 (now 50)",
    ],
  ])("of a hold with %s says what would have changed it", (_, options, samples, text) => {
    const { record } = new Scene(options).round(samples);
    expect(record.action).toBe("hold");
    expect(explainRecord(record).join("\n")).toContain(text);
  });

  test("of equal holds is one line with their count and span", () => {
    const { record } = new Scene({ policies: [busy], signals }).round({ queue: 1 });
    const [headline] = explainRecord({ ...record, count: 31, lastAtMs: record.atMs + 300_000 });
    expect(headline).toBe("2026-01-01 12:00:00Z to 12:05:00Z (31 times in 5m)  web: hold at 4");
  });

  test("of an order says who asked, and how its step ended", () => {
    const { record } = new Scene().order({ origin: { kind: "webhook", by: "ci" }, adjust: { change: 1 } });
    const outcomes = [{ kind: "set-desired", result: "failed" as const, error: "quota", endedAtMs: NOON }];
    const text = explainRecord({ ...record, outcomes }).join("\n");
    expect(text).toContain("ordered      webhook, by ci");
    expect(text).toContain("webhook order by ci: +1, wants 5");
    expect(text).toContain("set-desired: failed at 2026-01-01 12:00:00Z (quota)");
  });

  test("of a group that could not be read says so and invents no counts", () => {
    const lines = explainRecord(new Scene({ metrics: [] }).blindRound("503").record);
    expect(lines).toEqual([
      "2026-01-01 12:00:00Z  web: hold",
      "  because      the group could not be read: 503",
      "  would differ if the group readable again",
    ]);
  });
});

describe("equal holds", () => {
  const scene = () => new Scene({ signals, policies: [busy, target(60)] });
  const hold = (samples: Record<string, number>, made = scene()) => made.round(samples).record;

  test("have the same action, counts and codes, whatever their numbers", () => {
    expect(sameHold(hold({ queue: 1, cpu: 60 }), hold({ queue: 3, cpu: 62 }))).toBe(true);
  });
  test("are no longer equal when a code differs", () => {
    expect(sameHold(hold({ queue: 1, cpu: 60 }), hold({ queue: 40, cpu: 60 }))).toBe(false);
    expect(sameHold(hold({ queue: 1, cpu: 60 }), hold({ queue: 1 }))).toBe(false);
  });
  test("are no longer equal when a count differs", () => {
    const pending = scene();
    pending.instances = { inService: 3, pending: 1 };
    expect(sameHold(hold({ queue: 1, cpu: 60 }), hold({ queue: 1, cpu: 60 }, pending))).toBe(false);
  });
  test("are never scales or orders", () => {
    const grown = () => hold({ queue: 1, cpu: 90 });
    expect(sameHold(grown(), grown())).toBe(false);
    const order = () => scene().order({ adjust: { desired: 4 } }).record;
    expect(sameHold(order(), order())).toBe(false);
  });
});

describe("reasons", () => {
  test("of every code read as words, with no hole in them", () => {
    const params = new Proxy(
      {},
      { get: (_, key) => (key === "untilMs" ? NOON : key === "by" ? "alice" : 7) },
    );
    for (const code of REASON_CODES) {
      const text = renderReason({ code, params });
      expect(text, code).not.toMatch(/undefined|NaN|\[object|null/);
      expect(text.length, code).toBeGreaterThan(3);
    }
  });

  test("of a code from a newer version are shown as they are", () => {
    expect(renderReason({ code: "cosmic-rays", params: { count: 3 } })).toBe("cosmic-rays, count 3");
  });

  test("numbers are short and true", () => {
    expect([3, -0, 3.2, 1 / 3, 1e-7, 123_456.789].map(formatNumber)).toEqual([
      "3",
      "0",
      "3.2",
      "0.333333",
      "1e-7",
      "123456.789",
    ]);
  });

  test("spans have at most two units", () => {
    const spans = [0, 340, 9_960, 12_000, 60_000, 330_000, 3_600_000, 4_200_000, 90_000_000];
    expect(spans.map(formatSpan)).toEqual(["0s", "0.3s", "10s", "12s", "1m", "5m30s", "1h", "1h10m", "1d1h"]);
  });
});
