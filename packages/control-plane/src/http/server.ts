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
import { autoscaleRoutes, identityService } from "./autoscale/index.js";
import { BODY_LIMIT } from "./bodies.js";
import { groupRoutes } from "./group-routes.js";
import { healthRoutes } from "./health-routes.js";
import { inJsonSchema } from "./json-schema.js";
import type { HttpLimits } from "./limits.js";
import type { HttpOptions } from "./options.js";
import { createRate } from "./rates.js";
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

/** How often connections are looked through for clients that are too slow, in milliseconds. */
const LOOK_THROUGH_MS = 1_000;

/**
 * Makes the HTTP API. It does not listen yet.
 * Bodies are bounded, checked against the schemas that the OpenAPI document shows, and errors never show a stack.
 */
export async function createHttpServer(options: HttpOptions): Promise<FastifyInstance> {
  const { limits } = options;
  const server = Fastify({
    logger: false,
    bodyLimit: BODY_LIMIT,
    forceCloseConnections: true,
    requestTimeout: limits.requestMs,
    http: { connectionsCheckingInterval: LOOK_THROUGH_MS, headersTimeout: limits.headersMs },
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 300 },
    ajv: { customOptions: { removeAdditional: false, allErrors: true, coerceTypes: "array" } },
  });
  server.server.maxConnections = limits.connections;
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
  await holdBack(server, limits);
  await server.register(import("@fastify/swagger"), {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Bellows",
        version: options.version,
        description: "Status, records and orders of a running Bellows, and the Autoscale v1.0 API.",
      },
      components: {
        securitySchemes: {
          token: { type: "http", scheme: "bearer" },
          XAuthToken: { type: "apiKey", in: "header", name: "X-Auth-Token" },
        },
      },
    },
    transform: ({ schema, url }) => ({ schema: inJsonSchema(schema), url }),
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
  const base = (): string => options.url ?? addressOf(server);
  const { clock, logger } = options;
  await server.register(
    async (scope) => {
      const { callsPerMinute, webhooksPerMinute } = limits;
      autoscaleRoutes(
        scope,
        { ...options.autoscale, base, clock, logger, callsPerMinute },
        webhooksPerMinute,
      );
    },
    { prefix: "/v1.0/:tenant" },
  );
  await server.register(
    async (scope) => {
      const attempts = createRate(clock, limits.signInsPerMinute, 60_000);
      identityService(scope, { ...options.identity, base, logger, attempts });
    },
    { prefix: "/v2.0" },
  );
  return server;
}

/** Limits each address before anything is looked up: capabilities have a limit of their own. */
async function holdBack(server: FastifyInstance, limits: HttpLimits): Promise<void> {
  await server.register(import("@fastify/rate-limit"), { global: false });
  const timeWindow = "1 minute";
  const usual = server.rateLimit({ max: limits.requestsPerMinute, timeWindow });
  const capability = server.rateLimit({ max: limits.webhooksPerMinute, timeWindow });
  server.addHook("onRequest", function hold(request, reply) {
    return (request.routeOptions.config.capability === true ? capability : usual).call(this, request, reply);
  });
}

/** Where a server listens, as a URL. */
function addressOf(server: FastifyInstance): string {
  const [at] = server.addresses();
  if (typeof at !== "object") return "";
  return `http://${at.family === "IPv6" ? `[${at.address}]` : at.address}:${at.port}`;
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
