import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readJson, recordPath } from "./files.js";
import { type ProcessIdentity, parseIdentity } from "./identity.js";

/** Paths of unix sockets are cut at 104 (macOS) or 108 bytes (Linux); a little room for the end mark. */
const MAX_SOCKET_PATH_BYTES = 100;

/** What a running balancer leaves in its folder, for those who come later. */
export interface BalancerRecord extends ProcessIdentity {
  readonly name: string;
  /** Path of the control socket. */
  readonly socket: string;
  /** By listener key, the ports it had. */
  readonly ports: Record<string, number>;
}

/** Reads the record of a folder; undefined when there is none, or nothing that can be understood. */
export function readRecord(folder: string): BalancerRecord | undefined {
  let value: unknown;
  try {
    value = readJson(recordPath(folder));
  } catch {
    return undefined;
  }
  const identity = parseIdentity(value);
  if (identity === undefined) return undefined;
  const { name, socket, ports } = value as Record<string, unknown>;
  if (typeof name !== "string" || typeof socket !== "string") return undefined;
  return { ...identity, name, socket, ports: (ports ?? {}) as Record<string, number> };
}

/**
 * Where the control socket goes: into the folder, or, when that path is too long for a socket, into a new private
 * folder under the system's temporary one.
 */
export function chooseSocket(folder: string): string {
  const path = join(folder, "control.sock");
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES) return path;
  return join(mkdtempSync(join(tmpdir(), "bellows-")), "control.sock");
}
