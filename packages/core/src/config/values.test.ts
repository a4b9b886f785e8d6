import { describe, expect, it } from "vitest";
import { z } from "zod";
import { duration, instant, percent, size, text, timezone } from "./values.js";

function refusal(schema: z.ZodType, value: unknown): string | undefined {
  const read = schema.safeParse(value);
  return read.success ? undefined : read.error.issues[0]?.message;
}

describe("values as people write them", () => {
  it.each([
    ["30s", 30_000],
    ["5m", 300_000],
    ["1.5h", 5_400_000],
    ["7d", 604_800_000],
    ["250ms", 250],
  ])("duration %s is %d ms", (written, ms) => expect(duration().parse(written)).toBe(ms));

  it.each([
    ["10%", 0.1],
    ["2.5%", 0.025],
    ["100%", 1],
  ])("percent %s is %d", (written, fraction) => expect(percent().parse(written)).toBeCloseTo(fraction, 12));

  it.each([
    ["512MiB", 536_870_912],
    ["2GB", 2_000_000_000],
    ["1.5KiB", 1_536],
    ["0B", 0],
  ])("size %s is %d bytes", (written, bytes) => expect(size().parse(written)).toBe(bytes));

  it.each([
    [duration(), "300", "needs a unit"],
    [duration({ max: 1_000 }), "5m", "is too long"],
    [duration({ min: 1_000 }), "5ms", "is too short"],
    [percent(), "0.1", "is a percentage"],
    [percent({ max: 100 }), "150%", "is more than 100%"],
    [size(), "512", "needs a unit"],
    [size(), "512 apples", "is a size"],
    [text(), "  ", "must not be empty"],
    [instant(), "2027-01-01", 'is no instant: "2027-01-01"'],
    [timezone(), "Atlantis/City", 'unknown time zone "Atlantis/City"'],
    [timezone(), "+01:00", 'unknown time zone "+01:00"'],
  ])("%# is refused in words", (schema, written, message) => expect(refusal(schema, written)).toBe(message));

  it("an instant keeps its offset, in either notation", () => {
    expect(instant().parse("2027-01-01T08:00:00+01:00")).toBe(Date.UTC(2027, 0, 1, 7));
    expect(instant().parse("2027-01-01 08:00Z")).toBe(Date.UTC(2027, 0, 1, 8));
  });

  it("each has a form in JSON Schema, so that plugins' schemas can be published too", () => {
    const schema = z.strictObject({
      a: duration(),
      b: percent(),
      c: size(),
      d: text(),
      e: instant(),
      f: timezone(),
    });
    const json = z.toJSONSchema(schema, { io: "input" }) as {
      properties: Record<string, { type: string; pattern?: string }>;
    };
    for (const key of ["a", "b", "c", "d", "e", "f"]) expect(json.properties[key]?.type).toBe("string");
    expect(new RegExp(json.properties.a?.pattern ?? "").test("5m")).toBe(true);
    expect(new RegExp(json.properties.a?.pattern ?? "").test("5")).toBe(false);
  });
});
