import type { FastifyInstance, RouteOptions } from "fastify";
import { AutoscaleFault } from "./autoscale/errors.js";

/** Ways to ask that are told from an address that is not there. */
const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"];

/** Has an address answer 405 to whatever it does not have, before anything of the request is read. */
export function refuseOthers(scope: FastifyInstance, url: string, allowed: readonly string[]): void {
  const refuse: RouteOptions["onRequest"] = async (request, reply) => {
    void reply.header("allow", allowed.join(", "));
    throw new AutoscaleFault(
      "InvalidMethod",
      `${request.method} is not allowed here, but ${allowed.join(", ")}`,
    );
  };
  scope.route({
    method: METHODS.filter((method) => !allowed.includes(method)),
    url,
    schema: { hide: true },
    onRequest: refuse,
    handler: async () => {},
  });
}
