import { AuthenticationError, PermissionError } from "@bellows/core";
import type { FastifyRequest } from "fastify";
import type { HttpOptions } from "./options.js";

declare module "fastify" {
  interface FastifyRequest {
    /** Name of the token or user that the request came from. */
    callerName?: string;
  }
}

/**
 * Lets a request in by its bearer token, or a user's API key in its place: `admin` for all, `observer` for reading. Reading from a loopback listener
 * needs none.
 */
export function requireRole(
  options: Pick<HttpOptions, "access" | "loopback">,
): (request: FastifyRequest) => Promise<void> {
  return async (request) => {
    const reads = request.method === "GET" || request.method === "HEAD";
    const secret = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
    if (secret === undefined) {
      if (reads && options.loopback) return;
      throw new AuthenticationError("this needs a token", {
        hint: "bellows tokens create makes one; send it as Authorization: Bearer TOKEN",
      });
    }
    const known = await options.access.verify(secret);
    if (known === undefined)
      throw new AuthenticationError("this token is not known", {
        hint: "it may have been revoked: bellows tokens list",
      });
    if (!reads && known.role !== "admin")
      throw new PermissionError(`${known.name} may only read`, {
        hint: "orders need a token with the role admin",
      });
    request.callerName = known.name;
  };
}
