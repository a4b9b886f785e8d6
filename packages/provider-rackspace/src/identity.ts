/**
 * Tokens of Cloud Identity v2.0.
 *
 * Note [One token]: however many calls want a token at once, Identity is asked once, and all share the answer. It is
 * asked again some minutes before the token ends, and when a service has refused the one that we have.
 */
import { AuthenticationError, type Host, UnavailableError } from "@bellows/core";
import type { RackspaceOptions } from "./options.js";
import type { CatalogEntry } from "./services.js";

/** What Identity answers. */
export interface Token {
  id: string;
  /** When it ends, in milliseconds since the epoch. */
  expiresAtMs: number;
  /** Id of the tenant (account number). */
  tenant: string;
  /** Name of the user whose it is. */
  user: string;
  catalog: readonly CatalogEntry[];
}

/** Where calls get their token. */
export interface Identity {
  /** The token in use, or a new one. @throws AuthenticationError when Identity refuses the credentials. */
  token(): Promise<Token>;
  /** Says that a service refused this token: the next call gets another. */
  refused(token: Token): void;
}

/** Sends one request to Identity, without a token, and answers with its body. */
export type AskIdentity = (path: string, json: unknown) => Promise<unknown>;

/** How long before its end a token is renewed, in milliseconds: longer than any call takes; a short one at its half. */
const MARGIN_MS = 300_000;

/** Makes the token keeper of a connection. Nothing is asked before the first call. */
export function createIdentity(options: RackspaceOptions, host: Host, ask: AskIdentity): Identity {
  if (options.apiKey !== undefined) host.secret(options.apiKey);
  if (options.password !== undefined) host.secret(options.password);
  let current: { token: Token; renewAtMs: number } | undefined;
  let coming: Promise<Token> | undefined;

  const authenticate = async (): Promise<Token> => {
    try {
      const token = readToken(await ask("/tokens", { auth: credentialsOf(options) }), options, host);
      host.secret(token.id);
      const marginMs = Math.min(MARGIN_MS, (token.expiresAtMs - host.clock.now()) / 2);
      current = { token, renewAtMs: token.expiresAtMs - marginMs };
      return token;
    } finally {
      coming = undefined;
    }
  };
  return {
    async token() {
      if (current !== undefined && host.clock.now() < current.renewAtMs) return current.token;
      coming ??= authenticate();
      return coming;
    },
    refused(token) {
      if (current?.token.id === token.id) current = undefined;
    },
  };
}

/** @see facts of Cloud Identity, 1.1 */
function credentialsOf({ username, apiKey, password, tenantId }: RackspaceOptions): object {
  return {
    ...(apiKey === undefined
      ? { passwordCredentials: { username, password } }
      : { "RAX-KSKEY:apiKeyCredentials": { username, apiKey } }),
    ...(tenantId === undefined ? {} : { tenantId }),
  };
}

/** What is read of an answer. */
interface Access {
  access?: {
    token?: { id?: unknown; expires?: unknown; tenant?: { id?: unknown } };
    serviceCatalog?: unknown;
    user?: { name?: unknown };
  };
}

function readToken(body: unknown, options: RackspaceOptions, { key: provider, clock }: Host): Token {
  const { token, serviceCatalog, user } = (body as Access | undefined)?.access ?? {};
  const id = token?.id;
  const expiresAtMs = typeof token?.expires === "string" ? Date.parse(token.expires) : Number.NaN;
  const tenant = token?.tenant?.id ?? options.tenantId;
  const about = { provider, operation: "authenticate" };
  if (typeof id !== "string" || Number.isNaN(expiresAtMs))
    throw new UnavailableError(`${originOf(options.identityUrl)} gave no token`, {
      ...about,
      retry: "never",
      hint: "is identityUrl the address of Cloud Identity v2.0?",
    });
  if (expiresAtMs <= clock.now())
    throw new AuthenticationError(`Identity gave a token that has ended already`, {
      ...about,
      hint: "is the clock of this machine right?",
    });
  return {
    id,
    expiresAtMs,
    tenant: typeof tenant === "string" || typeof tenant === "number" ? String(tenant) : "",
    user: typeof user?.name === "string" ? user.name : options.username,
    catalog: Array.isArray(serviceCatalog) ? (serviceCatalog as CatalogEntry[]) : [],
  };
}

function originOf(address: string): string {
  return URL.canParse(address) ? new URL(address).origin : "Identity";
}
