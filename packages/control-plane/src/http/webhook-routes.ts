import { errorLine } from "@bellows/core";
import type { FastifyInstance, FastifyReply } from "fastify";
import { markAnswers } from "./autoscale/access.js";
import { AutoscaleFault, bodyOf, faultOf } from "./autoscale/errors.js";
import { ignoreBodies } from "./bodies.js";
import { refuseOthers } from "./methods.js";
import type { HttpOptions } from "./options.js";
import { createRate } from "./rates.js";

/** Where capabilities are; the second is where one client looks for them, below its tenant. */
const URLS = ["/v1.0/execute/:version/:hash", "/v1.0/:tenant/execute/:version/:hash"];
/** When a caller may ask again whose call could not be written down, in milliseconds. */
const RETRY_MS = 5_000;

/**
 * Capability URLs: whoever has one orders its policy, anonymously.
 *
 * The answer is 202 with an empty body, whatever the hash: valid, unknown, cooling down or paused look alike from
 * outside. An order is accepted durably before the answer leaves; what became of it stands in the group's records.
 * Where nothing can be written, all of them get 503. The number of the version is not looked at, as in Otter.
 */
export function webhookRoutes(scope: FastifyInstance, options: HttpOptions): void {
  const calls = createRate(options.clock, options.limits.callsPerWebhookPerMinute, 60_000);
  markAnswers(scope);
  ignoreBodies(scope);
  scope.setErrorHandler((error, _request, reply) => void answer(reply, faultOf(error)));
  for (const url of URLS) {
    scope.post<{ Params: { hash: string } }>(
      url,
      {
        config: { capability: true },
        schema: {
          hide: url !== URLS[0],
          summary: "Orders the policy of a webhook",
          tags: ["Autoscale v1.0"],
          response: {
            202: { type: "null", description: "Accepted, or nothing behind this link" },
            413: { type: "null", description: "Asked too often, or with too long a body" },
            503: { type: "null", description: "Could not be written down: ask again" },
          },
        },
      },
      async (request, reply) => {
        const { hash } = request.params;
        const { allowed, fullInMs } = calls.take(hash);
        if (!allowed) throw new AutoscaleFault("RateLimitError", "this link is called too often", fullInMs);
        await options.accept(hash).catch((error: unknown) => {
          options.logger.error({ error: errorLine(error) }, "a webhook could not be accepted");
          throw new AutoscaleFault("ServiceUnavailable", "could not be written down; ask again", RETRY_MS);
        });
        return reply.code(202).send();
      },
    );
    refuseOthers(scope, url, ["POST"]);
  }
}

function answer(reply: FastifyReply, fault: AutoscaleFault): FastifyReply {
  if (fault.retryAfterMs !== undefined)
    void reply.header("retry-after", Math.max(1, Math.ceil(fault.retryAfterMs / 1_000)));
  return reply.code(fault.status).type("application/json").send(bodyOf(fault));
}
