import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/**
 * Where state is kept: `$BELLOWS_STATE_DIR`, else `$XDG_STATE_HOME/bellows`, else `~/.local/state/bellows`.
 * Nothing is made by asking.
 */
export function stateFolder(env: NodeJS.ProcessEnv): string {
  if (env.BELLOWS_STATE_DIR) return env.BELLOWS_STATE_DIR;
  return join(env.XDG_STATE_HOME || join(env.HOME || homedir(), ".local", "state"), "bellows");
}

/** The files of a state folder. */
export function stateFiles(folder: string): {
  database: string;
  holder: string;
  localToken: string;
  serverKey: string;
  plugins: string;
} {
  return {
    database: join(folder, "state.db"),
    holder: join(folder, "holder.json"),
    localToken: join(folder, "local-token"),
    serverKey: join(folder, "server.key"),
    plugins: join(folder, "plugins"),
  };
}

/** Who holds a state folder: what a second controller names when it refuses to start. */
export interface Holder {
  pid: number;
  startedAtMs: number;
  /** Address of its HTTP API; absent while it has none. */
  url?: string;
  /** Config files that it runs. */
  files: readonly string[];
}

/** Writes who holds the folder. The lock itself is the store's; this file only tells. */
export function writeHolder(folder: string, holder: Holder): void {
  writePrivateFile(stateFiles(folder).holder, `${JSON.stringify(holder)}\n`);
}

/** The controller that said it holds the folder, if its process lives. Whether it still does, only the store's lock tells. */
export function readHolder(folder: string): Holder | undefined {
  try {
    const holder = JSON.parse(readFileSync(stateFiles(folder).holder, "utf8")) as Holder;
    return isAlive(holder.pid) ? holder : undefined;
  } catch {
    return undefined;
  }
}

/** A controller that was killed leaves its note behind. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Takes the note away on a clean stop. */
export function removeHolder(folder: string): void {
  rmSync(stateFiles(folder).holder, { force: true });
}

/** Writes a file whole or not at all, for its owner alone (mode 0600). */
export function writePrivateFile(file: string, content: string): void {
  mkdirSync(join(file, ".."), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}.new`;
  writeFileSync(draft, content, { mode: 0o600 });
  renameSync(draft, file);
}
