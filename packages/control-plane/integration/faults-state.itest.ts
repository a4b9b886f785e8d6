import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Daemon } from "../src/daemon.js";
import { examineState } from "../src/examine-state.js";
import { applyPlan, planResources } from "../src/resources/plan.js";
import type { Session } from "../src/session.js";
import { type Bench, createBench, until } from "./daemon-fixture.js";
import { createGauge, type Gauge, instancesOf } from "./faults-fixture.js";

const apply = async (session: Session): Promise<void> => void (await applyPlan(await planResources(session)));

let bench: Bench;
let gauge: Gauge;
let state: string;
let database: string;
beforeEach(async () => {
  bench = createBench();
  gauge = await createGauge(30);
  state = join(bench.folder, "state");
  database = join(state, "state.db");
  bench.write(`
version: 1
name: faults
every: 150ms
providers: { local: { stopTimeout: 1s } }
server: { listen: "127.0.0.1:0" }
groups:
  web:
    min: 1
    max: 5
    cooldown: 0s
    launch: { command: sleep, args: ["600"], local: { ready: none } }
    metrics: { load: { source: http, url: "${gauge.url}", select: value, timeout: 500ms } }
    policies: { load: { target: { signal: load, perInstance: 10 } } }
    limits: { scaleIn: { stabilization: 0s } }
`);
  const daemon = await bench.start({ prepare: apply });
  await until("three instances", async () => (await reportOf(daemon)).inService === 3);
  await daemon.stop(5_000);
});
afterEach(async () => {
  await bench.end();
  await gauge.close();
});

describe("a state file", () => {
  test.each([
    [
      "that is none any more",
      (file: string) => writeFileSync(file, "rubbish ".repeat(2_000)),
      "it is not a state file",
    ],
    ["that is damaged inside", damage, "it is damaged"],
  ])(
    "%s: doctor says what to do, and doing so brings the group back as it was",
    async (_what, spoil, text) => {
      const before = pids();
      spoil(database);
      const spoilt = readFileSync(database);
      if (text === "it is not a state file") {
        await expect(bench.start()).rejects.toMatchObject({
          code: "unavailable",
          retry: "never",
          message: `state file ${database}: ${text}`,
          hint: expect.stringContaining("bellows doctor"),
        });
        expect(readFileSync(database).equals(spoilt)).toBe(true);
      }
      const finding = examineState(state).find(({ level }) => level === "error");
      expect(finding).toMatchObject({ text: `state file ${database}: ${text}` });
      expect(finding?.hint).toContain(`remove ${database} and run bellows run --apply`);
      expect(existsSync(`${database}.damaged`)).toBe(true);

      rmSync(database);
      await gauge.close();
      const daemon = await bench.start({ prepare: apply });
      await until("a round without its metric", async () => {
        const { last } = await reportOf(daemon);
        return last?.metrics[0]?.unavailable !== undefined && last.count > 2;
      });
      expect(await reportOf(daemon)).toMatchObject({ desired: 3, inService: 3, pending: 0, draining: 0 });
      expect(pids()).toEqual(before);
      gauge.value = 20;
      await gauge.open();
      await until("it to shrink by its metric", async () => (await reportOf(daemon)).desired === 2);
      await until("one instance to go", async () => pids().length === 2);
      expect(before).toEqual(expect.arrayContaining(pids()));
    },
  );

  test("that a newer Bellows wrote is refused and kept", async () => {
    const Database = createRequire(import.meta.url)("libsql") as new (
      file: string,
    ) => {
      exec(sql: string): void;
      close(): void;
    };
    const file = new Database(database);
    file.exec("PRAGMA user_version = 99");
    file.close();
    await expect(bench.start()).rejects.toMatchObject({
      code: "config",
      message: expect.stringMatching(
        /state\.db was written by a newer Bellows \(layout 99, this one knows \d+\)/,
      ),
      hint: expect.stringContaining("upgrade"),
    });
    expect(examineState(state).find(({ level }) => level === "error")?.text).toContain("newer Bellows");
    const back = new Database(database);
    back.exec("PRAGMA user_version = 1");
    back.close();
    expect((await reportOf(await bench.start())).desired).toBe(3);
  });
});

/** Overwrites what lies behind the first page, so that the file opens and cannot be read. */
function damage(file: string): void {
  const { size } = statSync(file);
  const handle = openSync(file, "r+");
  for (let at = 4_096; at < size; at += 4_096) writeSync(handle, Buffer.alloc(1_024, 0xa5), 0, 1_024, at);
  closeSync(handle);
}

function pids(): number[] {
  return instancesOf(state)
    .map(({ pid }) => pid)
    .sort((a, b) => a - b);
}

async function reportOf(daemon: Daemon) {
  const [report] = (await daemon.control.status(["web"])).groups;
  if (report === undefined) throw new Error("no report");
  return report;
}
