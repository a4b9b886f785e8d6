import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/**
 * What tells one process from every other that ever had its pid: the machine's boot and the moment of its start.
 * All three together are never given twice.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque: ticks since boot on Linux, a date in words on macOS. Compare for equality only. */
  readonly startedAt: string;
  /** Opaque id of the machine's current boot. */
  readonly bootId: string;
}

let bootId: string | undefined;

function readBootId(): string {
  bootId ??=
    process.platform === "linux"
      ? readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()
      : execFileSync("sysctl", ["-n", "kern.boottime"], { encoding: "utf8" }).replace(/\}.*/s, "}").trim();
  return bootId;
}

function linuxStart(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The command may hold spaces and parentheses; the fields are counted from its last parenthesis.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const gone = fields[0] === "Z" || fields[0] === "X";
  return gone ? undefined : fields[19];
}

function psStart(pid: number): string | undefined {
  try {
    const options = { encoding: "utf8", env: { PATH: process.env.PATH, LC_ALL: "C" } } as const;
    const [state, ...start] = execFileSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], options)
      .trim()
      .split(/\s+/);
    return state === undefined || state.startsWith("Z") || start.length === 0 ? undefined : start.join(" ");
  } catch {
    return undefined;
  }
}

/**
 * The identity of a process that runs now; undefined when there is none (a zombie counts as none).
 * @param pid - a positive process id.
 */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const startedAt = process.platform === "linux" ? linuxStart(pid) : psStart(pid);
  return startedAt === undefined ? undefined : { pid, startedAt, bootId: readBootId() };
}

/** Whether the very process that was recorded still runs; false when its pid has passed to another. */
export function isRunning(recorded: ProcessIdentity): boolean {
  const now = identifyProcess(recorded.pid);
  return now !== undefined && now.startedAt === recorded.startedAt && now.bootId === recorded.bootId;
}

/** Reads an identity out of parsed JSON; undefined when it is not one. */
export function parseIdentity(value: unknown): ProcessIdentity | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { pid, startedAt, bootId } = value as Record<string, unknown>;
  if (!Number.isSafeInteger(pid) || (pid as number) <= 0) return undefined;
  if (typeof startedAt !== "string" || typeof bootId !== "string") return undefined;
  return { pid: pid as number, startedAt, bootId };
}
