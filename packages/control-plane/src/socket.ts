import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Longest path that a unix socket takes everywhere (104 bytes with its end on macOS). */
const LONGEST = 103;

/**
 * Where a controller of this state folder takes calls from the same user on this machine. Beside the state, or under
 * a short name in the temporary folder where that path would be too long for a socket.
 */
export function socketPath(folder: string): string {
  const beside = join(folder, "control.sock");
  if (Buffer.byteLength(beside) <= LONGEST) return beside;
  const short = createHash("sha256").update(folder).digest("hex").slice(0, 16);
  return join(tmpdir(), `bellows-${process.getuid?.() ?? 0}-${short}.sock`);
}
