import type { UserConfig } from "@bellows/core";
import { hashOf, type Role, sameText, type Tokens } from "./tokens.js";

/** Whoever a secret belongs to. */
export interface Known {
  name: string;
  role: Role;
}

/** Tells who somebody is by what they send as a bearer token. */
export interface Access {
  verify(secret: string): Promise<Known | undefined>;
}

/**
 * Tokens made on the command line, and the users of the config by their API keys.
 * @param users - asked at each request, so that a reload counts at once.
 */
export function createAccess(tokens: Pick<Tokens, "verify">, users: () => readonly UserConfig[]): Access {
  return {
    async verify(secret) {
      const token = await tokens.verify(secret);
      return token ?? usersWithKey(users(), secret)[0];
    },
  };
}

/** The user of that name, if the key is theirs. Takes as long for an unknown name as for a wrong key. */
export function signIn(users: readonly UserConfig[], name: string, apiKey: string): UserConfig | undefined {
  return usersWithKey(users, apiKey).find((user) => user.name === name);
}

/** All are compared, so that the time does not tell which one came close. */
function usersWithKey(users: readonly UserConfig[], secret: string): UserConfig[] {
  const hash = hashOf(secret);
  return users.filter((user) => sameText(user.apiKeyHash, hash));
}
