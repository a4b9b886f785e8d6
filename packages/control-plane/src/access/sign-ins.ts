import { randomBytes } from "node:crypto";
import type { Clock, UserConfig } from "@bellows/core";
import { hashOf } from "./tokens.js";

/** How long a token of Identity lasts, in milliseconds: a day, as at the service. */
export const SIGN_IN_MS = 86_400_000;
/** The most tokens that one user has at a time; the oldest goes for the next. */
const MOST_A_USER = 100;

/** A token that a user got for their API key. */
export interface SignIn {
  token: string;
  expiresAtMs: number;
}

/** Tokens that users got for their API keys: kept in memory as hashes, and gone with the process. */
export interface SignIns {
  issue(user: UserConfig): SignIn;
  /** Whom a token belongs to, as the config has them now. Nobody's: expired, revoked, or the user's key has changed. */
  verify(token: string): { user: UserConfig; expiresAtMs: number } | undefined;
  revoke(token: string): void;
}

interface Issued {
  name: string;
  apiKeyHash: string;
  expiresAtMs: number;
}

/**
 * Keeps tokens. They have 256 random bits, so that looking one up by its hash gives nothing away.
 * @param users - asked at each look, so that a user who is taken out of the config is out at once.
 */
export function createSignIns(clock: Clock, users: () => readonly UserConfig[]): SignIns {
  const issued = new Map<string, Issued>();
  const makeRoom = (name: string): void => {
    const nowMs = clock.now();
    for (const [hash, { expiresAtMs }] of issued) if (expiresAtMs <= nowMs) issued.delete(hash);
    const theirs = [...issued].filter(([, entry]) => entry.name === name);
    for (const [hash] of theirs.slice(0, Math.max(0, theirs.length - MOST_A_USER + 1))) issued.delete(hash);
  };
  return {
    issue({ name, apiKeyHash }) {
      makeRoom(name);
      const token = randomBytes(32).toString("base64url");
      const expiresAtMs = clock.now() + SIGN_IN_MS;
      issued.set(hashOf(token), { name, apiKeyHash, expiresAtMs });
      return { token, expiresAtMs };
    },
    verify(token) {
      const found = issued.get(hashOf(token));
      if (found === undefined || found.expiresAtMs <= clock.now()) return undefined;
      const user = users().find((each) => each.name === found.name && each.apiKeyHash === found.apiKeyHash);
      return user && { user, expiresAtMs: found.expiresAtMs };
    },
    revoke: (token) => void issued.delete(hashOf(token)),
  };
}
