import { describe, expect, it } from "vitest";
import { parseLsof, parseSocketTable } from "./listening.js";
import { listProcesses, parsePs, parseStat } from "./processes.js";

const stat = (command: string, state = "S"): string =>
  `42 (${command}) ${state} 1 40 40 0 -1 4194304 99 0 0 0 250 50 20 5 20 0 1 0 9000 3133440 389 18446744073709551615`;

describe("a line of /proc/PID/stat", () => {
  it("tells the group, the time with that of ended children, the memory and the age", () => {
    const use = parseStat(42, stat("node"), 100_000);
    expect(use).toMatchObject({ pid: 42, group: 40, cpuMs: 3_250, ageMs: 10_000 });
    expect((use?.memoryBytes ?? 0) % 389).toBe(0);
  });
  it.each(["a b", "a) R 1 (b", "((", ")"])("is read whatever the command is called: %s", (command) => {
    expect(parseStat(42, stat(command), 100_000)).toMatchObject({ group: 40, cpuMs: 3_250 });
  });
  it("of a zombie, or of nobody, is nothing", () => {
    expect(parseStat(42, stat("node", "Z"), 100_000)).toBeUndefined();
    expect(parseStat(42, "", 100_000)).toBeUndefined();
  });
});

describe("what ps prints on macOS", () => {
  it("is read with its minutes, days and kilobytes", () => {
    const text = "  42    40 S     1:30.50  2048   02-01:00:10\n  43    43 Z     0:00.00     0      00:01\n";
    expect(parsePs(text)).toEqual([
      { pid: 42, group: 40, cpuMs: 90_500, memoryBytes: 2_097_152, ageMs: 176_410_000 },
    ]);
  });
});

describe("the list of processes", () => {
  it("has this one, in use of memory", () => {
    expect(listProcesses().find(({ pid }) => pid === process.pid)?.memoryBytes).toBeGreaterThan(10_000_000);
  });
});

describe("listening ports", () => {
  it("are those in state LISTEN of the socket table", () => {
    const table = [
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
      "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 777 1",
      "   1: 0100007F:1F91 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 778 1",
    ].join("\n");
    expect(parseSocketTable(table)).toEqual([{ port: 8_080, inode: "777" }]);
  });
  it("are read from lsof", () => {
    expect(parseLsof("p42\nf20\nn127.0.0.1:8080\nf21\nn[::1]:9090\nn*:7070\n")).toEqual([
      8_080, 9_090, 7_070,
    ]);
  });
});
