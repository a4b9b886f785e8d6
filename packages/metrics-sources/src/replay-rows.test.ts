import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Playing, parseRecording, trackOf, valueAt } from "./replay-rows.js";

const plain: Playing = { loop: false, hold: false, interpolation: "previous" };
const csv = (content: string, column?: string, time = "time") =>
  trackOf(parseRecording(content, "csv"), time, column);

describe("a recording", () => {
  test.each([
    [
      "seconds from the start",
      "time,value\n0,5\n1.5,7\n",
      [
        [0, 5],
        [1_500, 7],
      ],
      true,
    ],
    ["seconds since the epoch", "time,value\n1700000000,5\n", [[1_700_000_000_000, 5]], false],
    ["milliseconds since the epoch", "time,value\n1700000000123,5\n", [[1_700_000_000_123, 5]], false],
    ["ISO 8601", "time,value\n2026-01-01T00:00:00+01:00,5\n", [[Date.UTC(2025, 11, 31, 23), 5]], false],
    [
      "ISO 8601 without an offset is UTC",
      "time,value\n2026-01-01 00:00:10,5\n",
      [[Date.UTC(2026, 0, 1, 0, 0, 10), 5]],
      false,
    ],
    [
      "rows in any order",
      "time,value\n2,7\n0,5\n",
      [
        [0, 5],
        [2_000, 7],
      ],
      true,
    ],
    [
      "Windows line ends, quotes, comments and blanks",
      '\uFEFFtime,value\r\n# warm\r\n"0","5"\r\n\r\n1, 7 \r\n',
      [
        [0, 5],
        [1_000, 7],
      ],
      true,
    ],
    ["no line end after the last row", "time,value\n0,5", [[0, 5]], true],
  ])("with %s", (_name, content, points, relative) => {
    const track = csv(content);
    expect(track).toEqual({ points: points.map(([atMs, value]) => ({ atMs, value })), relative, bad: [] });
  });

  test("gives any of its columns", () => {
    const content = 'note,time,cpu,queue\n"a, ""b""",0,10,3\nx,1,20,4\n';
    expect(csv(content, "queue").points.map(({ value }) => value)).toEqual([3, 4]);
    expect(csv(content, "cpu").points.map(({ value }) => value)).toEqual([10, 20]);
    expect(() => csv(content, "memory")).toThrow('there is no column "memory"');
    expect(() => csv(content, "cpu", "at")).toThrow('there is no column "at"');
  });

  test("leaves rows out that cannot be read, and names their lines", () => {
    const track = csv('time,value,note\n0,5,"two\nlines"\nsoon,6,\n2,many,\n3,\n4,8,\n');
    expect(track.points).toEqual([
      { atMs: 0, value: 5 },
      { atMs: 4_000, value: 8 },
    ]);
    expect(track.bad).toEqual([
      "line 4: time is no time",
      "line 5: value is no number",
      "line 6: value is no number",
    ]);
  });

  test("of JSON lines is read by their keys", () => {
    const recording = parseRecording('{"time":0,"value":1}\n\n{"time":1,"value":"2","queue":9}\n', "jsonl");
    expect(trackOf(recording, "time", undefined).points.map(({ value }) => value)).toEqual([1, 2]);
    expect(trackOf(recording, "time", "queue")).toMatchObject({
      points: [{ value: 9 }],
      bad: ["line 1: queue is no number"],
    });
    expect(() => parseRecording('{"time":0}\nnot json\n', "jsonl")).toThrow("line 2 is no JSON object");
  });

  test("that mixes both kinds of time is refused", () => {
    expect(() => csv("time,value\n0,5\n2026-01-01T00:00:00Z,6\n")).toThrow(
      "count time from the start, and others by the calendar",
    );
  });

  test("any cell that is quoted reads back", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 }), { minLength: 1 }), (texts) => {
        const cells = texts.map((text) => `"${text.replaceAll('"', '""')}"`);
        const { rows } = parseRecording(
          `${texts.map((_, at) => `c${at}`).join(",")}\n${cells.join(",")}\n`,
          "csv",
        );
        const whole = texts.length === 1 && texts[0]?.trim() === "" ? [] : texts;
        if (texts[0]?.startsWith("#")) return;
        expect([...(rows[0]?.cells.values() ?? [])]).toEqual(whole.map((text) => text.trim()));
      }),
    );
  });
});

describe("the value of a moment", () => {
  const track = csv("time,value\n10,100\n20,200\n40,0\n");
  const at = (seconds: number, playing: Partial<Playing> = {}) =>
    valueAt(track, seconds * 1_000, { ...plain, ...playing });

  test("is the row before it, until the next", () => {
    expect([10, 19.9, 20, 39, 40].map((seconds) => at(seconds))).toEqual([100, 100, 200, 200, 0]);
  });

  test("lies on the line between two rows, if so asked", () => {
    expect([10, 15, 20, 30, 40].map((seconds) => at(seconds, { interpolation: "linear" }))).toEqual([
      100, 150, 200, 100, 0,
    ]);
  });

  test("is unknown before the first and after the last row, unless they are to hold", () => {
    expect(at(9)).toBe("before the first row of the recording");
    expect(at(41)).toBe("after the last row of the recording");
    expect([at(9, { hold: true }), at(1_000, { hold: true })]).toEqual([100, 0]);
  });

  test("comes round again in a loop, where the last row lasts as long as the one before it", () => {
    expect([40, 59.9, 60, 70, 109, 110].map((seconds) => at(seconds, { loop: true }))).toEqual([
      0, 0, 100, 200, 0, 100,
    ]);
    expect(at(9, { loop: true })).toBe("before the first row of the recording");
  });

  test("of a recording with one row, or none, is told too", () => {
    expect(valueAt(csv("time,value\n0,5"), 7_300, { ...plain, loop: true })).toBe(5);
    expect(valueAt(csv("time,value\n"), 0, plain)).toBe("the recording has no rows");
  });
});
