import type { FastifyInstance } from "fastify";
import type { HttpOptions } from "./options.js";

/** What machines ask: is it alive, is it ready, its numbers, its own description. */
export function healthRoutes(scope: FastifyInstance, options: HttpOptions): void {
  const text = { type: "object", properties: { status: { type: "string" } } } as const;
  scope.get(
    "/healthz",
    { schema: { summary: "Whether the process lives", response: { 200: text } } },
    async () => ({ status: "ok" }),
  );
  scope.get(
    "/readyz",
    { schema: { summary: "Whether rounds run and orders are taken", response: { 200: text, 503: text } } },
    async (_request, reply) =>
      options.ready() ? { status: "ready" } : reply.code(503).send({ status: "not ready" }),
  );
  scope.get("/metrics", { schema: { summary: "Numbers for Prometheus" } }, async (_request, reply) =>
    reply.type(options.registry.contentType).send(await options.registry.metrics()),
  );
  scope.get("/openapi.json", { schema: { hide: true } }, async () => scope.swagger());
}
