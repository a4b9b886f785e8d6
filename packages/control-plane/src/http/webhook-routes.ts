import { errorLine } from "@bellows/core";
import type { FastifyInstance } from "fastify";
import type { HttpOptions } from "./options.js";

/**
 * Capability URLs: whoever has one orders its policy, anonymously.
 *
 * The answer is 202 with an empty body, whatever the hash: valid, unknown, cooling down or paused look alike from
 * outside. An order is accepted durably before the answer leaves; what became of it stands in the group's records.
 * Where nothing can be written, all of them get 503.
 */
export function webhookRoutes(scope: FastifyInstance, options: HttpOptions): void {
  scope.addContentTypeParser("*", (_request, payload, done) => {
    // Whatever monitoring systems send along is read and let go.
    payload.resume();
    payload.on("end", () => done(null, undefined));
    payload.on("error", done);
  });
  scope.post<{ Params: { version: string; hash: string } }>(
    "/v1.0/execute/:version/:hash",
    {
      schema: {
        summary: "Orders the policy of a webhook",
        response: {
          202: { type: "null", description: "Accepted, or nothing behind this link" },
          503: { type: "null", description: "Could not be written down: ask again" },
        },
      },
    },
    async (request, reply) => {
      try {
        await options.accept(request.params.hash);
      } catch (error) {
        options.logger.error({ error: errorLine(error) }, "a webhook could not be accepted");
        return reply.code(503).header("retry-after", "5").send();
      }
      return reply.code(202).send();
    },
  );
}
