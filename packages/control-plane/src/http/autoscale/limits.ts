import type { FastifyInstance } from "fastify";
import type { Rate } from "../rates.js";
import { asked } from "./access.js";
import type { AutoscaleOptions } from "./options.js";
import { resource } from "./resource.js";
import { answers } from "./schema-answer.js";

/** How much of everything there may be. @see facts of Rackspace Autoscale v1.0, 2.13 */
export const LIMITS = { maxGroups: 1_000, maxPoliciesPerGroup: 100, maxWebhooksPerPolicy: 25 } as const;

/** The limits, and what is left of the caller's allowance. */
export function limitRoutes(
  scope: FastifyInstance,
  options: AutoscaleOptions,
  calls: Rate,
  executionsPerMinute: number,
): void {
  resource(scope, "/limits", {
    GET: {
      summary: "Limits",
      ok: 200,
      answer: answers.limits,
      async run(request) {
        const { caller } = asked(request);
        const { remaining, fullInMs } = calls.look(caller.name);
        const nowMs = options.clock.now();
        const minute = (uri: string, regex: string, value: number, left: number, inMs: number) => ({
          uri,
          regex,
          limit: [
            {
              verb: "ALL",
              value,
              unit: "MINUTE",
              remaining: left,
              "next-available": new Date(nowMs + (left > 0 ? 0 : inMs)).toISOString(),
            },
          ],
        });
        return {
          limits: {
            absolute: LIMITS,
            rate: [
              minute("/v1.0/execute/*", "/v1\\.0/execute/(.*)", executionsPerMinute, executionsPerMinute, 0),
              minute("/v1.0/tenantId/*", "/v1\\.0/([^/]+)/.+", calls.limit, remaining, fullInMs),
            ],
          },
        };
      },
    },
  });
}
