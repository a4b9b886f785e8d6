import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { hasProgram } from "./programs.js";

const TESTING = join(dirname(fileURLToPath(import.meta.url)), "..");
const INSTALL_MS = 300_000;

/**
 * A Python of the tests' own with the packages of `testing/python/NAME.txt`, made at first use and kept inside the clone
 * (`node_modules/.cache`). Several test files may ask at once: one makes it, the others wait.
 * @returns the folder of its programs.
 * @throws Error when Python or the package index is not there.
 */
export function pythonWith(name: string): string {
  const list = join(TESTING, "python", `${name}.txt`);
  const print = createHash("sha256").update(readFileSync(list)).digest("hex").slice(0, 12);
  const folder = join(TESTING, "..", "node_modules", ".cache", "bellows-python", `${name}-${print}`);
  const ready = join(folder, "ready");
  if (!existsSync(ready)) inTurn(`${folder}.lock`, () => existsSync(ready) || make(folder, list, ready));
  return join(folder, "bin");
}

/** Whether tests that need {@link pythonWith} can run: loudly skipped without Python, and a failure in CI. */
export function hasPython(): boolean {
  return hasProgram("python3", "python3-venv");
}

function make(folder: string, list: string, ready: string): void {
  rmSync(folder, { recursive: true, force: true });
  const run = (command: string, ...args: string[]): void =>
    void execFileSync(command, args, { stdio: ["ignore", "ignore", "pipe"], timeout: INSTALL_MS });
  run("python3", "-m", "venv", folder);
  run(
    join(folder, "bin", "python"),
    "-m",
    "pip",
    "install",
    "--quiet",
    "--disable-pip-version-check",
    "-r",
    list,
  );
  writeFileSync(`${ready}.new`, "");
  renameSync(`${ready}.new`, ready);
}

/** Runs `work` while no other process does, by a lock folder that names its holder; a dead holder's is taken away. */
function inTurn(lock: string, work: () => unknown): void {
  mkdirSync(dirname(lock), { recursive: true });
  const end = performance.now() + INSTALL_MS;
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (performance.now() > end || (error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      if (isAbandoned(lock)) rmSync(lock, { recursive: true, force: true });
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    }
  }
  try {
    writeFileSync(join(lock, "pid"), String(process.pid));
    work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

function isAbandoned(lock: string): boolean {
  try {
    process.kill(Number(readFileSync(join(lock, "pid"), "utf8")), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}
