import { ConflictError, NotFoundError, UnavailableError, UnsupportedError } from "@bellows/core";

/** Text of the operating system's error code, such as `ENOENT`; undefined for other errors. */
export function systemCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === "string" ? code : undefined;
}

/** No server has that id or name. */
export function noServer(ref: string, provider: string): NotFoundError {
  return new NotFoundError(`no server ${JSON.stringify(ref)} on this machine`, { provider, resource: ref });
}

/** A name fits several servers. */
export function ambiguous(ref: string, ids: readonly string[], provider: string): ConflictError {
  return new ConflictError(`${JSON.stringify(ref)} is the name of ${ids.length} servers: ${ids.join(", ")}`, {
    provider,
    resource: ref,
    hint: "use the id",
  });
}

/** @throws UnsupportedError where processes cannot be told apart. */
export function checkPlatform(platform: string = process.platform): void {
  if (platform === "linux" || platform === "darwin") return;
  throw new UnsupportedError(`local servers need Linux or macOS; this is ${platform}`, {
    hint: "on Windows, run it in WSL",
  });
}

/** What each of the system's refusals to write means for people. */
const STORAGE_FAULTS: Record<string, { text: string; hint: string }> = {
  ENOSPC: { text: "the disk is full", hint: "make room there" },
  EDQUOT: { text: "the disk quota is used up", hint: "make room there" },
  EROFS: { text: "the file system is read-only", hint: "choose another stateDir" },
  EACCES: { text: "writing is not permitted", hint: "check its owner and mode" },
  EPERM: { text: "writing is not permitted", hint: "check its owner and mode" },
  EMFILE: { text: "too many open files", hint: "raise the limit (ulimit -n)" },
  EAGAIN: { text: "the system starts no more processes", hint: "raise the limit (ulimit -u)" },
};

/** Turns the system's refusal to keep something into an UnavailableError; other errors are passed on. */
export function storageFault(error: unknown, stateDir: string, provider: string): unknown {
  const fault = STORAGE_FAULTS[systemCode(error) ?? ""];
  if (fault === undefined) return error;
  return new UnavailableError(`${fault.text}: ${stateDir}`, { provider, hint: fault.hint, cause: error });
}
