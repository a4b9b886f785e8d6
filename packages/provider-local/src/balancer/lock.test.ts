import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { identifyProcess, isRunning, type ProcessIdentity, parseIdentity } from "./identity.js";
import { acquireLock, findHolder } from "./lock.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lock-test-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const self = identifyProcess(process.pid) as ProcessIdentity;
const dead: ProcessIdentity = { ...self, startedAt: "another start" };
const put = (generation: number, content: unknown): void =>
  writeFileSync(join(folder, `lock.${generation}`), JSON.stringify(content));

describe("the lock of a folder", () => {
  it("goes to the first who asks, and to nobody else while it runs", () => {
    expect(acquireLock(folder)).toBeUndefined();
    expect(findHolder(folder)).toEqual(self);
    expect(acquireLock(folder)).toEqual(self);
  });

  it("is taken over from the dead, whose files go", () => {
    put(3, dead);
    put(4, dead);
    expect(findHolder(folder)).toBeUndefined();
    expect(acquireLock(folder)).toBeUndefined();
    expect(readdirSync(folder)).toEqual(["lock.5"]);
  });

  it("is not hidden by an older one of the dead", () => {
    put(1, dead);
    put(2, self);
    expect(acquireLock(folder)).toEqual(self);
  });

  it.each([["nothing"], [null], [{ pid: -1, startedAt: "1", bootId: "2" }], [{ pid: 1 }]])(
    "that says %j is nobody's",
    (content) => {
      put(1, content);
      expect(acquireLock(folder)).toBeUndefined();
    },
  );

  it("leaves no draft behind", () => {
    acquireLock(folder);
    acquireLock(folder);
    expect(readdirSync(folder)).toEqual(["lock.1"]);
  });
});

describe("a process's identity", () => {
  it("is the same as long as it runs, and nobody's after", async () => {
    const child = spawn("sleep", ["100"]);
    await once(child, "spawn");
    const identity = identifyProcess(child.pid as number) as ProcessIdentity;
    expect(identity).toEqual(identifyProcess(child.pid as number));
    expect(isRunning(identity)).toBe(true);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(isRunning(identity)).toBe(false);
    expect(identifyProcess(child.pid as number)).toBeUndefined();
  });

  it("tells a process from an earlier one with its pid, and from one of an earlier boot", () => {
    expect(isRunning(self)).toBe(true);
    expect(isRunning({ ...self, startedAt: "0" })).toBe(false);
    expect(isRunning({ ...self, bootId: "earlier" })).toBe(false);
  });

  it("survives being written and read", () => {
    expect(parseIdentity(JSON.parse(JSON.stringify(self)))).toEqual(self);
  });
});
