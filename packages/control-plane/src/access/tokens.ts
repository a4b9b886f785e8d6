import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { type Clock, NotFoundError, type StateStore } from "@bellows/core";

/** What a token may do: `observer` reads, `admin` also orders and changes. */
export type Role = "admin" | "observer";

/** A token as it is kept: its hash alone. */
export interface Token {
  id: string;
  name: string;
  role: Role;
  createdAtMs: number;
}

interface StoredToken extends Token {
  hash: string;
}

const PREFIX = "tokens/";
const SHAPE = /^bellows_([0-9a-f]{12})_([0-9A-Za-z_-]{43})$/;

/** Tokens of the HTTP API, kept in the state store. */
export interface Tokens {
  /** Makes one. Returned: durable; `secret` is shown here and never again. */
  create(name: string, role: Role): Promise<Token & { secret: string }>;
  list(): Promise<Token[]>;
  /** @throws NotFoundError when there is none of that id or name. */
  revoke(idOrName: string): Promise<void>;
  /** The token that a secret belongs to, or nothing. Takes as long for a wrong one as for a right one. */
  verify(secret: string): Promise<Token | undefined>;
}

/**
 * Tokens over a store. A secret has 256 random bits, so one fast hash keeps it safe: there is nothing to guess.
 */
export function createTokens(store: StateStore, clock: Clock): Tokens {
  const all = async (): Promise<StoredToken[]> => {
    const tokens: StoredToken[] = [];
    for await (const document of store.list<StoredToken>("", PREFIX)) tokens.push(document.value);
    return tokens;
  };
  return {
    async create(name, role) {
      const id = randomBytes(6).toString("hex");
      const secret = `bellows_${id}_${randomBytes(32).toString("base64url")}`;
      const token: Token = { id, name, role, createdAtMs: clock.now() };
      await store.commit("", {
        documents: [{ key: PREFIX + id, value: { ...token, hash: hashOf(secret) }, ifVersion: 0 }],
      });
      return { ...token, secret };
    },
    async list() {
      return (await all()).map(({ hash: _hash, ...token }) => token);
    },
    async revoke(idOrName) {
      const found = (await all()).filter((token) => token.id === idOrName || token.name === idOrName);
      if (found.length === 0)
        throw new NotFoundError(`no token ${JSON.stringify(idOrName)}`, {
          hint: "bellows tokens list shows them",
        });
      await store.commit("", {
        documents: found.map((token) => ({ key: PREFIX + token.id, value: undefined })),
      });
    },
    async verify(secret) {
      const id = SHAPE.exec(secret)?.[1];
      const found = await store.get<StoredToken>("", PREFIX + (id ?? "none"));
      const matches = sameText(found?.value.hash ?? hashOf("none"), hashOf(secret));
      if (found === undefined || !matches) return undefined;
      const { hash: _hash, ...token } = found.value;
      return token;
    },
  };
}

/** The hash under which a secret is kept. */
export function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** Compares two texts in a time that does not tell where they differ. */
export function sameText(a: string, b: string): boolean {
  const left = createHash("sha256").update(a).digest();
  const right = createHash("sha256").update(b).digest();
  return timingSafeEqual(left, right);
}
