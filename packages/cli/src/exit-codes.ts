import { type ErrorCode, isBellowsError } from "@bellows/core";

/** What the command's exit code says; part of its interface. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  refused: 4,
  unavailable: 5,
  credentials: 6,
  timeout: 7,
  /** `plan --exit-code`: something would change. */
  wouldChange: 10,
  interrupted: 130,
} as const;

const BY_CODE: Record<ErrorCode, number> = {
  config: EXIT.usage,
  "not-found": EXIT.notFound,
  "already-exists": EXIT.refused,
  conflict: EXIT.refused,
  cooldown: EXIT.refused,
  limit: EXIT.refused,
  refused: EXIT.refused,
  unsupported: EXIT.refused,
  throttled: EXIT.unavailable,
  unavailable: EXIT.unavailable,
  capacity: EXIT.unavailable,
  authentication: EXIT.credentials,
  permission: EXIT.credentials,
  timeout: EXIT.timeout,
  internal: EXIT.failed,
};

/** The exit code for an error. */
export function exitCodeOf(error: unknown): number {
  return isBellowsError(error) ? BY_CODE[error.code] : EXIT.failed;
}
