import { randomUUID } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Rate } from "../rates.js";
import { AutoscaleFault } from "./errors.js";
import type { AutoscaleOptions, Caller, Tenant } from "./options.js";

declare module "fastify" {
  interface FastifyRequest {
    /** Who asks, once let in. */
    caller?: Caller;
    /** On whose groups. */
    tenant?: Tenant;
  }
}

/** What every answer of these APIs carries, errors too: a number of its own, and JSON whatever its status. */
export function markAnswers(scope: FastifyInstance): void {
  scope.addHook("onSend", async (_request, reply) => {
    void reply.header("x-response-id", randomUUID());
    if (!reply.hasHeader("content-type")) void reply.header("content-type", "application/json");
  });
}

/** Lets a request in: by its token, to its tenant, reading or writing, as often as it may. */
export function guard(scope: FastifyInstance, options: AutoscaleOptions, calls: Rate): void {
  scope.addHook("onRequest", async (request: FastifyRequest) => {
    const caller = await identified(request, options);
    request.caller = caller;
    request.tenant = tenantOf(request, caller, options);
    if (caller.role !== "admin" && request.method !== "GET" && request.method !== "HEAD")
      throw new AutoscaleFault("Forbidden", `${caller.name} may only read`);
    const allowance = calls.take(caller.name);
    if (!allowance.allowed) {
      throw new AutoscaleFault(
        "RateLimitError",
        `${caller.name} has asked more than ${calls.limit} times in a minute`,
        allowance.fullInMs,
      );
    }
  });
}

async function identified(request: FastifyRequest, { identify }: AutoscaleOptions): Promise<Caller> {
  const token = request.headers["x-auth-token"];
  if (typeof token !== "string" || token === "")
    throw new AutoscaleFault("InvalidCredentials", "No token in X-Auth-Token: get one at POST /v2.0/tokens");
  const caller = await identify(token);
  if (caller === undefined)
    throw new AutoscaleFault("InvalidCredentials", "The token in X-Auth-Token is not known, or has expired");
  return caller;
}

function tenantOf(request: FastifyRequest, caller: Caller, { tenants }: AutoscaleOptions): Tenant {
  const { tenant = "" } = request.params as { tenant?: string };
  const found = tenants().get(tenant);
  if (found === undefined || (caller.tenant !== undefined && caller.tenant !== tenant))
    throw new AutoscaleFault("Forbidden", `${caller.name} has no groups in tenant ${tenant}`);
  return found;
}

/** Who asks, and on whose groups: for routes behind {@link guard}. */
export function asked(request: FastifyRequest): { caller: Caller; tenant: Tenant } {
  const { caller, tenant } = request;
  if (caller === undefined || tenant === undefined) throw new Error("a route outside the guard");
  return { caller, tenant };
}
