import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isBellowsError } from "@bellows/core";
import { HOLD_FLUSH_MS } from "@bellows/core/line";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Daemon } from "../src/daemon.js";
import { examineState } from "../src/examine-state.js";
import { applyPlan, planResources } from "../src/resources/plan.js";
import type { Session } from "../src/session.js";
import { type Bench, createBench, until } from "./daemon-fixture.js";
import { createFaultBench } from "./faults-fixture.js";

const apply = async (session: Session): Promise<void> => void (await applyPlan(await planResources(session)));

const CONFIG = `
version: 1
name: faults
every: 150ms
providers: { local: { stopTimeout: 1s } }
server: { listen: "127.0.0.1:0", url: "http://hooks.example.com" }
groups:
  web:
    min: 1
    max: 9
    cooldown: 0s
    launch: { command: sleep, args: ["600"], local: { ready: none } }
    policies: { bump: { webhooks: [pager], change: +1, cooldown: 0s } }
`;

const mount = (...args: string[]): boolean => spawnSync("mount", args).status === 0;

/** A small file system of its own; undefined where we may not mount one. */
function smallDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), "bellows-disk-"));
  if (mount("-t", "tmpfs", "-o", "size=2m", "bellows-disk", folder)) return folder;
  rmSync(folder, { recursive: true });
  return undefined;
}

const probe = smallDisk();
if (probe !== undefined) unmount(probe);
else if (process.env.CI) throw new Error("these tests mount a small file system: run them as root");
else console.warn("SKIPPED: faults of the disk, since they mount a small file system, which takes root");

function unmount(folder: string): void {
  if (spawnSync("umount", [folder]).status !== 0) spawnSync("umount", ["-l", folder]);
  rmSync(folder, { recursive: true, force: true });
}

describe.skipIf(probe === undefined)("a disk", () => {
  let bench: Bench;
  let disk: string;
  let state: string;
  beforeEach(() => {
    bench = createBench();
    disk = smallDisk() as string;
    state = join(disk, "state");
    bench.write(CONFIG);
  });
  afterEach(async () => {
    mount("-o", "remount,bind,rw", state);
    rmSync(join(disk, "filler"), { force: true });
    try {
      await bench.end();
    } finally {
      spawnSync("umount", ["-l", state]);
      unmount(disk);
    }
  });
  const start = (): Promise<Daemon> => bench.start({ folder: state, prepare: apply });

  test("that is full refuses orders and webhooks clearly, forgets none, and all goes on when there is space", async () => {
    const daemon = await start();
    const hook = await hookOf(daemon);
    const acknowledged: string[] = [];
    const scale = async (by: number): Promise<void> => {
      const { outcome, record } = await daemon.control.order("web", {
        origin: { kind: "manual" },
        adjust: { change: by },
        skipCooldowns: true,
      });
      if (outcome === "executed") acknowledged.push(record.id);
    };
    await scale(+1);
    expect((await fetch(hook, { method: "POST" })).status).toBe(202);
    await until("the webhook's order", async () => (await reportOf(daemon)).desired === 3);

    fill(disk);
    const refused: unknown[] = [];
    for (let index = 0; index < 8; index++)
      await scale(index % 2 === 0 ? +1 : -1).catch((error: unknown) => refused.push(error));
    expect(refused.length).toBeGreaterThan(0);
    for (const error of refused) {
      expect(error).toMatchObject({ code: "unavailable", hint: expect.stringContaining("free some space") });
      expect(isBellowsError(error) && error.message).toMatch(/state\.db: the disk is full$/);
    }
    expect((await fetch(hook, { method: "POST" })).status).toBe(503);
    expect(examineState(state)).toEqual(
      expect.arrayContaining([expect.objectContaining({ level: "warning", text: "0 MiB free" })]),
    );
    // A round that changes nothing writes only so often: that is when it meets the full disk.
    const complained = async (): Promise<boolean> =>
      bench.complaints.some((line) => /disk is full|failed/.test(line));
    await until("a complaint", complained, HOLD_FLUSH_MS + 15_000);

    rmSync(join(disk, "filler"));
    await until("an order to be taken again", () =>
      scale(+1).then(
        () => true,
        () => false,
      ),
    );
    expect((await fetch(hook, { method: "POST" })).status).toBe(202);
    await until("both webhooks' orders", async () => {
      const orders = (await recordsOf(daemon)).filter(({ order }) => order?.kind === "webhook");
      return orders.length === 2 && orders.every(({ outcomes }) => outcomes.at(-1)?.result === "done");
    });
    const group = await until("the group to be whole", async () => {
      const report = await reportOf(daemon);
      return report.desired === report.inService && report.pending === 0 && report.draining === 0 && report;
    });
    const records = await recordsOf(daemon);
    for (const id of acknowledged)
      expect(records.find((record) => record.id === id)?.outcomes.at(-1)?.result).toBe("done");
    const moves = records.filter(
      ({ action, outcomes }) => action === "scale" && outcomes.at(-1)?.result === "done",
    );
    expect(moves.at(-1)?.to).toBe(group.desired);
    await daemon.stop(5_000);
    const again = await start();
    expect((await reportOf(again)).desired).toBe(group.desired);
    expect((await recordsOf(again)).map(({ id }) => id)).toEqual(expect.arrayContaining(acknowledged));
  }, 120_000);

  test("that is full keeps a controller from starting, with a clear error; with space it starts", async () => {
    const full = createFaultBench(disk);
    try {
      full.write(CONFIG);
      const first = full.live("apply");
      await first.ready();
      expect(await first.stop()).toBe(0);
      fill(disk);
      const second = full.live("apply");
      expect(await second.ended()).toBe(1);
      expect(second.output()).toMatch(/^error: .*the disk is full/m);
      expect(second.output()).toMatch(/^hint: free some space; nothing acknowledged was lost$/m);
      rmSync(join(disk, "filler"));
      const third = full.live();
      await third.ready();
      expect((await third.control.status()).groups).toMatchObject([{ desired: 1, inService: 1 }]);
      await third.control.invoke("local", "groups.delete", ["web", { force: true }]);
    } finally {
      await full.end();
    }
  });

  test("that became read-only is an error that says where, and nothing is lost", async () => {
    const first = await start();
    await first.control.order("web", {
      origin: { kind: "manual" },
      adjust: { desired: 2 },
      skipCooldowns: true,
    });
    await first.stop(5_000);
    mount("--bind", state, state);
    mount("-o", "remount,bind,ro", state);
    await expect(start()).rejects.toMatchObject({
      code: "permission",
      message: `state file ${join(state, "state.db")}: it cannot be written`,
      hint: expect.stringContaining("mode"),
    });
    expect(examineState(state)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ level: "error", text: expect.stringContaining("cannot be written") }),
      ]),
    );
    mount("-o", "remount,bind,rw", state);
    expect((await reportOf(await start())).desired).toBe(2);
  });
});

/** Writes until nothing more fits. */
function fill(disk: string): void {
  for (const size of [64 * 1024, 4_096, 512, 1]) {
    try {
      for (;;) writeFileSync(join(disk, "filler"), Buffer.alloc(size), { flag: "a" });
    } catch {
      // Full, give or take this size.
    }
  }
  expect(readdirSync(disk)).toContain("filler");
}

async function hookOf(daemon: Daemon): Promise<string> {
  const [hook] = (await daemon.control.invoke("local", "webhooks.list", ["web", "bump"])) as {
    url: string;
  }[];
  return daemon.url + new URL(hook?.url ?? "").pathname;
}

async function reportOf(daemon: Daemon) {
  const [report] = (await daemon.control.status(["web"])).groups;
  if (report === undefined) throw new Error("no report");
  return report;
}

async function recordsOf(daemon: Daemon) {
  const records = [];
  for await (const { value } of daemon.control.records("web")) records.push(value);
  return records;
}
