import {
  BellowsError,
  ConflictError,
  type ErrorDetails,
  PermissionError,
  UnavailableError,
} from "@bellows/core";

/** What a code of SQLite means for whoever keeps state in that file. */
const MEANING: Record<string, { text: string; hint: string }> = {
  SQLITE_FULL: { text: "the disk is full", hint: "free some space; nothing acknowledged was lost" },
  SQLITE_READONLY: {
    text: "it cannot be written",
    hint: "check the owner and the mode of the file and its folder",
  },
  SQLITE_CANTOPEN: { text: "it cannot be opened", hint: "check that the folder exists and may be written" },
  SQLITE_PERM: {
    text: "it may not be used",
    hint: "check the owner and the mode of the file and its folder",
  },
  SQLITE_IOERR: { text: "the disk reports an error", hint: "check the disk; nothing acknowledged was lost" },
  SQLITE_CORRUPT: { text: "it is damaged", hint: "bellows doctor says what can be saved" },
  SQLITE_NOTADB: { text: "it is not a state file", hint: "bellows doctor says what can be saved" },
  // Of the system itself, for the files beside it.
  ENOSPC: { text: "the disk is full", hint: "free some space; nothing acknowledged was lost" },
  EDQUOT: { text: "the disk quota is used up", hint: "free some space; nothing acknowledged was lost" },
  EROFS: { text: "it cannot be written", hint: "check the owner and the mode of the file and its folder" },
  EACCES: { text: "it cannot be written", hint: "check the owner and the mode of the file and its folder" },
  EPERM: { text: "it cannot be written", hint: "check the owner and the mode of the file and its folder" },
};

/** Codes that say: not allowed, rather than not possible just now. */
const FORBIDDEN = /^(SQLITE_READONLY|SQLITE_PERM|EROFS|EACCES|EPERM)/;

/** Turns a fault of SQLite into an error of ours; errors that are ours pass through. */
export function storeFault(error: unknown, file: string, operation: string): BellowsError {
  if (error instanceof BellowsError) return error;
  const code = codeOf(error);
  if (code === "SQLITE_BUSY" || code === "SQLITE_LOCKED") {
    return new ConflictError(`state file ${file} is held by another process`, {
      operation,
      vendorCode: code,
      hint: "let that one do it, or stop it first",
    });
  }
  const meaning = Object.entries(MEANING).find(([prefix]) => code.startsWith(prefix))?.[1];
  const details: ErrorDetails = {
    operation,
    resource: file,
    vendorCode: code,
    cause: error,
    ...(meaning === undefined ? {} : { hint: meaning.hint }),
  };
  const text = `state file ${file}: ${meaning?.text ?? (error instanceof Error ? error.message : String(error))}`;
  return FORBIDDEN.test(code)
    ? new PermissionError(text, details)
    : new UnavailableError(text, { retry: isDamage(code) ? "never" : "later", ...details });
}

/** Whether an error says that the file itself is damaged. */
export function isDamage(code: string): boolean {
  return code.startsWith("SQLITE_CORRUPT") || code === "SQLITE_NOTADB";
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "UNKNOWN";
}
