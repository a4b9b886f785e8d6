import type { z } from "@bellows/core";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { refuseOthers } from "../methods.js";
import { faultBody } from "./schema-answer.js";

type Method = "GET" | "POST" | "PUT" | "DELETE";

/** What a method of a resource takes, answers and does. */
export interface Handling {
  summary: string;
  body?: z.ZodType;
  query?: z.ZodType;
  /** Status when it went well, and what is answered then; without `answer` there is no body. */
  ok: number;
  answer?: z.ZodType;
  /** Statuses of errors beyond those that any request may meet. */
  errors?: readonly number[];
  /** @returns what to answer. */
  run: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;
}

/** Statuses that any request may meet. */
const ANYBODY = [400, 401, 403, 405, 408, 413, 415, 500, 503];

/** What a service has its own way in. */
export interface Service {
  /** How its requests are let in. */
  security?: { [scheme: string]: string[] }[];
  /** Its errors. */
  faults?: z.ZodType;
}

/** Puts a resource at an address; other methods get 405. */
export function resource(
  scope: FastifyInstance,
  url: string,
  methods: Partial<Record<Method, Handling>>,
  { security = [{ XAuthToken: [] }], faults = faultBody }: Service = {},
): void {
  for (const [method, handling] of Object.entries(methods) as [Method, Handling][]) {
    const { body, query, summary, ok, answer, errors = [], run } = handling;
    scope.route({
      method,
      url,
      config: { anyBody: body === undefined },
      schema: {
        summary,
        security,
        tags: ["Autoscale v1.0"],
        ...(body && { body }),
        ...(query && { querystring: query }),
        response: {
          [ok]: answer ?? { type: "null", description: "Done" },
          ...Object.fromEntries([...ANYBODY, ...errors].map((status) => [status, faults])),
        },
      },
      handler: async (request, reply) => {
        const answered = await run(request, reply);
        return reply.code(ok).send(answered);
      },
    });
  }
  refuseOthers(scope, url, Object.keys(methods));
}
