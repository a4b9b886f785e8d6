import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openWorkshop, until, type Workshop } from "./workshop.js";

const config = (launch: string): string => `
version: 1
name: faults
every: 200ms
providers: { local: { stopTimeout: 1s } }
server: { listen: "127.0.0.1:0" }
groups:
  web: { min: 1, max: 3, cooldown: 0s, launch: ${launch} }
`;
const SLEEPS = `{ command: sleep, args: ["600"], local: { ready: none } }`;

let shop: Workshop;
beforeEach(() => {
  shop = openWorkshop();
});
afterEach(() => shop.close());

interface Status {
  groups: { group: string; desired?: number; inService?: number; problems?: string[] }[];
}

describe("when something is broken, the command says what, and what to do", () => {
  it("a command that exits at once: status shows its last words", async () => {
    shop.write(
      "bellows.yaml",
      config(`{ command: sh, args: ["-c", "echo cannot reach the database; exit 3"] }`),
    );
    await shop.run("run --apply");
    await until(async () => {
      const { code, stdout } = await shop.bellows("status");
      return code === 0 && /times in a row.*cannot reach the database/s.test(stdout);
    });
  }, 60_000);

  it("a damaged state file: exit 5 and the way to doctor, whose advice brings the same instances back", async () => {
    shop.write("bellows.yaml", config(SLEEPS));
    expect((await shop.bellows("apply --yes")).code).toBe(0);
    expect((await shop.bellows("scale web --to 2")).code).toBe(0);
    await until(async () => (await serverIds()).length === 2);
    const before = await serverIds();
    const database = join(shop.folder, "state", "state.db");
    writeFileSync(database, "rubbish ".repeat(2_000));
    for (const line of ["run --once", "status"]) {
      const { code, stderr } = await shop.bellows(line);
      expect([line, code, stderr]).toEqual([
        line,
        5,
        `error: state file ${database}: it is not a state file\n  hint: bellows doctor says what can be saved\n`,
      ]);
    }
    const doctor = await shop.bellows("doctor");
    expect(doctor.code).toBe(1);
    expect(doctor.stdout).toContain(`remove ${database} and run bellows run --apply`);
    expect(existsSync(`${database}.damaged`)).toBe(true);

    rmSync(database);
    await shop.run("run --apply");
    await until(async () => (await groupOf())?.inService === 2);
    expect(await serverIds()).toEqual(before);
  }, 60_000);

  it("a state file of a newer Bellows: exit 2, and what to do", async () => {
    shop.write("bellows.yaml", config(SLEEPS));
    expect((await shop.bellows("apply --yes")).code).toBe(0);
    setLayout(99);
    const { code, stderr } = await shop.bellows("run --once");
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: .*written by a newer Bellows.*\n +hint: upgrade Bellows/);
    setLayout(1);
  }, 60_000);

  it("a full disk: one round fails with exit 5, and works when there is space", async ({ skip }) => {
    const disk = join(shop.folder, "disk");
    mkdirSync(disk);
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=2m", "bellows-disk", disk]);
    if (mounted.status !== 0) {
      if (process.env.CI) throw new Error("this test mounts a small file system: run it as root");
      return skip("it mounts a small file system, which takes root");
    }
    try {
      const env = { BELLOWS_STATE_DIR: join(disk, "state") };
      shop.write("bellows.yaml", config(SLEEPS));
      expect((await shop.bellows("run --once --apply", env)).code).toBe(0);
      const filler = join(disk, "filler");
      fill(filler);
      const { code, stderr } = await shop.bellows("run --once", env);
      expect([code, stderr]).toEqual([
        5,
        expect.stringMatching(/^error: .*the disk is full\n +hint: free some space/),
      ]);
      rmSync(filler);
      expect((await shop.bellows("run --once", env)).code).toBe(0);
      expect((await shop.bellows("groups delete web --force --yes --wait", env)).code).toBe(0);
    } finally {
      spawnSync("umount", ["-l", disk]);
    }
  }, 60_000);
});

async function groupOf(): Promise<Status["groups"][number] | undefined> {
  return (await shop.bellows("status --json")).json<Status>().groups[0];
}

async function serverIds(): Promise<string[]> {
  const listed = (await shop.bellows("servers list --json")).json<{ id: string }[]>();
  return listed.map(({ id }) => id).sort();
}

/** Says of the state file that it has this layout. */
function setLayout(version: number): void {
  const script = `const D=require("libsql");const d=new D(process.argv[1]);d.exec("PRAGMA user_version=${version}");d.close()`;
  const plane = join(import.meta.dirname, "../../control-plane");
  const { status } = spawnSync(process.execPath, ["-e", script, join(shop.folder, "state", "state.db")], {
    cwd: plane,
  });
  expect(status).toBe(0);
}

/** Writes until nothing more fits. */
function fill(file: string): void {
  for (const size of [64 * 1024, 4_096, 512, 1]) {
    try {
      for (;;) writeFileSync(file, Buffer.alloc(size), { flag: "a" });
    } catch {
      // Full, give or take this size.
    }
  }
}
