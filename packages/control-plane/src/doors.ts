import type { Clock, UserConfig } from "@bellows/core";
import { createSignIns, type SignIn } from "./access/sign-ins.js";
import type { Tokens } from "./access/tokens.js";
import { signIn } from "./access/users.js";
import {
  type Caller,
  type Directory,
  launchWordsOf,
  type SignedIn,
  type Steward,
  type Tenant,
} from "./http/autoscale/index.js";
import type { HttpOptions } from "./http/options.js";
import type { Session } from "./session.js";

/** What the doors of the Autoscale API are made from. */
export interface DoorsOptions {
  session: () => Session;
  tokens: Pick<Tokens, "verify">;
  clock: Clock;
  directory: Directory;
  steward: Steward;
}

/**
 * The Autoscale API over a session: each provider is a tenant of its name. Users sign in with their API keys; tokens
 * made on the command line are tokens here too, for every tenant.
 */
export function doorsOf({
  session,
  tokens,
  clock,
  directory,
  steward,
}: DoorsOptions): Pick<HttpOptions, "autoscale" | "identity"> {
  const users = (): readonly UserConfig[] => session().config.server.users;
  const signIns = createSignIns(clock, users);
  const tenants = tenantsOf(session);
  const who = ({ name, role, provider }: UserConfig): SignedIn => ({
    name,
    role,
    tenants: provider === undefined ? Object.keys(session().config.providers) : [provider],
  });
  return {
    autoscale: {
      tenants,
      directory,
      steward,
      async identify(token): Promise<Caller | undefined> {
        const user = signIns.verify(token)?.user;
        if (user === undefined) return tokens.verify(token);
        const { name, role, provider } = user;
        return { name, role, ...(provider !== undefined && { tenant: provider }) };
      },
    },
    identity: {
      signIns,
      signIn(name, key) {
        const user = signIn(users(), name, key);
        return user && { ...signIns.issue(user), who: who(user) };
      },
      lookUp(token): (SignIn & { who: SignedIn }) | undefined {
        const found = signIns.verify(token);
        return found && { token, expiresAtMs: found.expiresAtMs, who: who(found.user) };
      },
    },
  };
}

/** Providers that can be used, as tenants. What their launches can say is told once for each connection. */
function tenantsOf(session: () => Session): () => ReadonlyMap<string, Tenant> {
  let known = new Map<string, Tenant>();
  return () => {
    const { clouds, config } = session();
    known = new Map(
      [...clouds].flatMap(([id, cloud]): [string, Tenant][] => {
        const old = known.get(id);
        if (old?.cloud === cloud) return [[id, old]];
        const declared = config.providers[id];
        if (declared === undefined) return [];
        const { plugin, options } = declared;
        return [[id, { id, cloud, plugin, words: launchWordsOf(plugin, options) }]];
      }),
    );
    return known;
  };
}
