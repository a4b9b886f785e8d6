import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHost, type Logger, manualClock, type Sample, silentLogger } from "@bellows/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import replay from "./replay.js";

const START_MS = Date.UTC(2026, 0, 1);

describe("the replay source", () => {
  let folder: string;
  let clock: ReturnType<typeof manualClock>;
  let warnings: string[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "bellows-replay-"));
    clock = manualClock(START_MS);
    warnings = [];
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const write = (content: string, name = "load.csv"): void => writeFileSync(join(folder, name), content);
  const create = (options: object) => {
    const logger: Logger = { ...silentLogger, warn: (_data, message) => warnings.push(message) };
    return replay.create(
      replay.options.parse(options),
      createHost({ key: "past", clock, logger, baseFolder: folder }),
    );
  };
  const read = async (source: Awaited<ReturnType<typeof create>>, ...params: object[]): Promise<Sample[]> =>
    source.read(
      params.map((one) => ({ params: replay.query.parse(one) })),
      { deadlineMs: 5_000 },
    );

  test("plays a file from the moment it starts, through its clock", async () => {
    write("time,value\n0,5\n60,50\n");
    const source = await create({ file: "load.csv" });
    expect(await read(source, {})).toEqual([{ value: 5, observedAtMs: START_MS }]);
    clock.advance(60_000);
    expect(await read(source, {})).toEqual([{ value: 50, observedAtMs: START_MS + 60_000 }]);
    clock.advance(1);
    expect(await read(source, {})).toEqual([{ unavailable: "after the last row of the recording" }]);
  });

  test("plays it faster, in a loop, and by the metric's own words over the source's", async () => {
    write("time,cpu,queue\n0,10,1\n60,20,2\n");
    const source = await create({ file: "load.csv", loop: true });
    clock.advance(60_000);
    expect(
      await read(
        source,
        { column: "queue" },
        { column: "cpu", speed: 2 },
        { column: "cpu", speed: 0.5, interpolation: "linear" },
      ),
    ).toMatchObject([{ value: 2 }, { value: 10 }, { value: 15 }]);
  });

  test("keeps to the calendar of the file, or begins it now", async () => {
    write("time,value\n2026-01-01T00:00:00Z,5\n2026-01-01T01:00:00Z,6\n");
    clock.advance(1_800_000);
    const source = await create({ file: "load.csv" });
    clock.advance(1_800_000);
    expect(await read(source, {}, { start: "now" })).toMatchObject([{ value: 6 }, { value: 5 }]);
  });

  test("reads a file again that has changed", async () => {
    write("time,value\n0,5\n");
    const source = await create({ file: "load.csv", hold: true });
    expect(await read(source, {})).toMatchObject([{ value: 5 }]);
    write("time,value\n0,7\n");
    utimesSync(join(folder, "load.csv"), 1, 1);
    expect(await read(source, {})).toMatchObject([{ value: 7 }]);
  });

  test("names bad rows once in the log, and goes on without them", async () => {
    write("time,value\n0,5\nx,6\n1,y\n");
    const source = await create({ file: "load.csv", hold: true });
    await read(source, {}, {});
    expect(warnings).toEqual([
      "load.csv: left out 2 rows (line 3: time is no time; line 4: value is no number)",
    ]);
  });

  test("says what is wrong with a file, and answers the neighbours", async () => {
    write("time,value\n0,5\n");
    write("not json\n", "bad.jsonl");
    write("time,value\nx,y\n", "useless.csv");
    const source = await create({ hold: true });
    const files = ["gone.csv", "bad.jsonl", "useless.csv", "load.csv"];
    expect(
      await read(source, ...files.map((file) => ({ file })), {}, { file: "load.csv", column: "nope" }),
    ).toEqual([
      { unavailable: expect.stringMatching(/gone\.csv cannot be read: ENOENT/) },
      { unavailable: expect.stringContaining("bad.jsonl: line 1 is no JSON object") },
      { unavailable: "useless.csv: no row can be read (line 2: time is no time)" },
      { value: 5, observedAtMs: START_MS },
      { unavailable: expect.stringContaining("no file to replay") },
      { unavailable: expect.stringMatching(/load\.csv: there is no column "nope".*columns: time, value/) },
    ]);
  });

  test("gives its past as points", async () => {
    write("time,value\n0,5\n10,6\n");
    const source = await create({ file: "load.csv" });
    const range = { fromMs: START_MS - 5_000, toMs: START_MS + 20_000, stepMs: 5_000 };
    expect(
      await source.readRange?.([{ params: {} }, { params: { file: "gone.csv" } }], range, {
        deadlineMs: 1_000,
      }),
    ).toEqual([
      [0, 5, 10].map((seconds) => ({
        value: seconds < 10 ? 5 : 6,
        observedAtMs: START_MS + seconds * 1_000,
      })),
      [{ unavailable: expect.stringContaining("gone.csv") }],
    ]);
  });
});
