import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import type { ProcessIdentity } from "./balancer/identity.js";
import { identifyProcess } from "./balancer/identity.js";
import { systemCode } from "./errors.js";

/** One running process, with what it has used. */
export interface ProcessUse {
  pid: number;
  /** Process group: a server and what it started share one. */
  group: number;
  /** Processor time since its start, its ended children's included, in milliseconds. */
  cpuMs: number;
  memoryBytes: number;
  /** Milliseconds since its start. */
  ageMs: number;
}

/** Clock ticks a second in /proc; the kernel fixed this for programs, whatever it uses inside. */
const TICKS_PER_SECOND = 100;

const PS_FIELDS = "pid=,pgid=,stat=,time=,rss=,etime=";

/** All running processes of this machine; zombies are left out. */
export function listProcesses(): ProcessUse[] {
  return process.platform === "linux" ? listLinux() : parsePs(ps(["-axo", PS_FIELDS]));
}

/** Milliseconds since the start of a process; 0 when there is none. */
export function ageOf(pid: number): number {
  if (process.platform !== "linux") return parsePs(ps(["-o", PS_FIELDS, "-p", String(pid)]))[0]?.ageMs ?? 0;
  return parseStat(pid, readStat(pid), uptimeMs())?.ageMs ?? 0;
}

/** Pids of the living members of a process group. */
export function groupMembers(group: number): number[] {
  return listProcesses().flatMap((each) => (each.group === group ? [each.pid] : []));
}

function listLinux(): ProcessUse[] {
  const nowMs = uptimeMs();
  const found: ProcessUse[] = [];
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const use = parseStat(pid, readStat(pid), nowMs);
    if (use !== undefined) found.push(use);
  }
  return found;
}

function uptimeMs(): number {
  return Number.parseFloat(readFileSync("/proc/uptime", "utf8")) * 1_000;
}

function readStat(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return "";
  }
}

/**
 * Reads a line of `/proc/PID/stat`; undefined for a zombie and for no such process.
 * @param uptimeMs - time since boot, which the start time is counted from.
 * @see proc_pid_stat(5)
 */
export function parseStat(pid: number, line: string, uptimeMs: number): ProcessUse | undefined {
  // The command may hold spaces and parentheses; what follows its last parenthesis begins with field 3.
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  const field = (number: number): number => Number(fields[number - 3]);
  if (fields.length < 22 || fields[0] === "Z" || fields[0] === "X") return undefined;
  const ticks = field(14) + field(15) + field(16) + field(17);
  return {
    pid,
    group: field(5),
    cpuMs: (ticks * 1_000) / TICKS_PER_SECOND,
    memoryBytes: field(24) * pageSize(),
    ageMs: Math.max(0, uptimeMs - (field(22) * 1_000) / TICKS_PER_SECOND),
  };
}

let knownPageSize: number | undefined;

function pageSize(): number {
  knownPageSize ??= readPageSize();
  return knownPageSize;
}

function readPageSize(): number {
  try {
    return Number.parseInt(execFileSync("getconf", ["PAGESIZE"], { encoding: "utf8" }), 10) || 4_096;
  } catch {
    return 4_096;
  }
}

/** Runs ps with words and numbers in plain English, whatever the user speaks. */
function ps(args: readonly string[]): string {
  try {
    return execFileSync("ps", args, { encoding: "utf8", env: { PATH: process.env.PATH, LC_ALL: "C" } });
  } catch {
    return "";
  }
}

/** Reads `pid pgid stat time rss etime` as macOS's ps prints them. */
export function parsePs(text: string): ProcessUse[] {
  return text.split("\n").flatMap((line) => {
    const [pid, group, state, time, rss, age] = line.trim().split(/\s+/);
    if (age === undefined || state?.startsWith("Z")) return [];
    const memoryBytes = Number(rss) * 1_024;
    return [
      { pid: Number(pid), group: Number(group), cpuMs: clockMs(time), memoryBytes, ageMs: clockMs(age) },
    ];
  });
}

/** `[[dd-]hh:]mm:ss[.cc]` in milliseconds. */
function clockMs(text = "0"): number {
  const [days, rest] = text.includes("-") ? (text.split("-") as [string, string]) : ["0", text];
  const seconds = rest.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
  return (Number(days) * 86_400 + seconds) * 1_000;
}

/** Whether the environment that a process was started with has this `NAME=value`; false where it may not be read. */
export function hasInEnvironment(pid: number, assignment: string): boolean {
  if (process.platform !== "linux")
    return ps(["-Eww", "-o", "command=", "-p", String(pid)])
      .split(/\s/)
      .includes(assignment);
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(assignment);
  } catch {
    return false;
  }
}

/** The user that a process runs as; undefined when there is no such process. */
export function userOf(pid: number): number | undefined {
  if (process.platform !== "linux") {
    const text = ps(["-o", "uid=", "-p", String(pid)]).trim();
    return text === "" ? undefined : Number(text);
  }
  try {
    const uid = /^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return uid === undefined ? undefined : Number(uid);
  } catch {
    return undefined;
  }
}

/** The identity of this very process. */
export function ownIdentity(): ProcessIdentity {
  return identifyProcess(process.pid) as ProcessIdentity;
}

/** Sends a signal to a process, or with a negative number to a process group. @returns whether anybody got it. */
export function signal(target: number, name: "SIGTERM" | "SIGKILL"): boolean {
  try {
    return process.kill(target, name);
  } catch (error) {
    if (systemCode(error) === "ESRCH" || systemCode(error) === "EPERM") return false;
    throw error;
  }
}
