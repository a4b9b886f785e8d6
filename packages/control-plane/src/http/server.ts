import {
  type BellowsError,
  ConfigError,
  type ErrorCode,
  errorLine,
  isBellowsError,
  type Logger,
} from "@bellows/core";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { requireRole } from "./access.js";
import { groupRoutes } from "./group-routes.js";
import { healthRoutes } from "./health-routes.js";
import type { HttpOptions } from "./options.js";
import { webhookRoutes } from "./webhook-routes.js";

/** HTTP status of each class of error. */
const STATUS: Record<ErrorCode, number> = {
  config: 400,
  "not-found": 404,
  "already-exists": 409,
  conflict: 409,
  cooldown: 409,
  throttled: 429,
  authentication: 401,
  permission: 403,
  limit: 422,
  capacity: 503,
  unsupported: 501,
  unavailable: 503,
  timeout: 504,
  refused: 409,
  internal: 500,
};

/** Longest request body, in bytes. */
const BODY_LIMIT = 1_048_576;
/** Requests a minute and address, before anything is looked up. */
const REQUESTS_PER_MINUTE = 6_000;

/**
 * Makes the HTTP API. It does not listen yet.
 * Bodies are bounded, checked against the schemas that the OpenAPI document shows, and errors never show a stack.
 */
export async function createHttpServer(options: HttpOptions): Promise<FastifyInstance> {
  const server = Fastify({
    logger: false,
    bodyLimit: BODY_LIMIT,
    forceCloseConnections: true,
    requestTimeout: 30_000,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 300 },
    ajv: { customOptions: { removeAdditional: false, allErrors: true, coerceTypes: "array" } },
  });
  server.setErrorHandler((error, request, reply) => answerError(error, request, reply, options.logger));
  server.setNotFoundHandler((request, reply) => {
    void reply.code(404).send({
      error: {
        code: "not-found",
        message: `there is no ${request.method} ${request.url.split("?")[0]}`,
        hint: "GET /openapi.json lists what there is",
      },
    });
  });
  await server.register(import("@fastify/rate-limit"), { max: REQUESTS_PER_MINUTE, timeWindow: "1 minute" });
  await server.register(import("@fastify/swagger"), {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Bellows",
        version: options.version,
        description: "Status, records and orders of a running Bellows.",
      },
      components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
    },
  });
  await server.register(async (scope) => {
    healthRoutes(scope, options);
  });
  await server.register(async (scope) => {
    webhookRoutes(scope, options);
  });
  await server.register(
    async (scope) => {
      scope.addHook("onRequest", requireRole(options));
      groupRoutes(scope, options);
    },
    { prefix: "/api/v1" },
  );
  return server;
}

function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply, logger: Logger): void {
  const ours = isBellowsError(error) ? error : refusal(error);
  if (ours === undefined) {
    logger.error({ error, url: request.url.split("?")[0] }, "a request failed");
    void reply
      .code(500)
      .send({ error: { code: "internal", message: "Bellows failed to answer; its log says why" } });
    return;
  }
  if (ours.retryAfterMs !== undefined) void reply.header("retry-after", Math.ceil(ours.retryAfterMs / 1_000));
  void reply.code(statusOf(error, ours)).send({
    error: {
      code: ours.code,
      message: ours.message,
      ...(ours.hint === undefined ? {} : { hint: ours.hint }),
    },
  });
}

/** What the framework refused by itself: a body that is too long, no JSON, or against its schema. */
function refusal(error: unknown): BellowsError | undefined {
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  if (typeof status !== "number" || status >= 500) return undefined;
  return new ConfigError(errorLine(error));
}

function statusOf(error: unknown, ours: BellowsError): number {
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === "number" ? status : STATUS[ours.code];
}
