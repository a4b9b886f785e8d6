import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/**
 * The lowest port that a running process listens on; undefined when it listens on none, or it cannot be told.
 */
export function listeningPort(pid: number): number | undefined {
  const ports = process.platform === "linux" ? linuxPorts(pid) : parseLsof(lsof(pid));
  return ports.length === 0 ? undefined : Math.min(...ports);
}

/** Reads the names that `lsof -Fn` prints, such as `n127.0.0.1:8080`. */
export function parseLsof(text: string): number[] {
  return [...text.matchAll(/^n.*:(\d+)$/gm)].map((match) => Number(match[1]));
}

function linuxPorts(pid: number): number[] {
  const tables = ["tcp", "tcp6"].map((name) => readText(`/proc/${pid}/net/${name}`));
  const owned = socketsOf(pid);
  return tables
    .flatMap((table) => parseSocketTable(table))
    .flatMap(({ port, inode }) => (owned.has(inode) ? [port] : []));
}

/** Listening sockets of a `/proc/net/tcp` table. @see proc_net(5) */
export function parseSocketTable(table: string): { port: number; inode: string }[] {
  return table.split("\n").flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const port = fields[1]?.split(":").at(-1);
    const LISTEN = "0A";
    return fields[3] === LISTEN && port !== undefined
      ? [{ port: Number.parseInt(port, 16), inode: fields[9] ?? "" }]
      : [];
  });
}

function socketsOf(pid: number): Set<string> {
  const found = new Set<string>();
  for (const name of listFolder(`/proc/${pid}/fd`)) {
    const inode = /^socket:\[(\d+)\]$/.exec(readLink(`/proc/${pid}/fd/${name}`))?.[1];
    if (inode !== undefined) found.add(inode);
  }
  return found;
}

function lsof(pid: number): string {
  try {
    return execFileSync("lsof", ["-nP", "-a", "-p", String(pid), "-iTCP", "-sTCP:LISTEN", "-Fn"], {
      encoding: "utf8",
    });
  } catch {
    return "";
  }
}

// What a process had open a moment ago may be gone, or may not be ours to see: then it counts as nothing.
function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

function listFolder(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
