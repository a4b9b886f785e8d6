import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { readJsonBodies } from "../bodies.js";
import { useZod } from "../json-schema.js";
import { createRate } from "../rates.js";
import { guard, markAnswers } from "./access.js";
import { configRoutes } from "./config.js";
import { convergenceRoutes } from "./convergence.js";
import { AutoscaleFault, bodyOf, faultOf } from "./errors.js";
import { groupRoutes } from "./groups.js";
import { type IdentityOptions, identityRoutes } from "./identity.js";
import { identityBody } from "./identity-errors.js";
import { launchRoutes } from "./launch.js";
import { limitRoutes } from "./limits.js";
import type { AutoscaleOptions } from "./options.js";
import { policyRoutes } from "./policies.js";
import { describeIssues } from "./schema-text.js";
import { serverRoutes } from "./servers.js";
import { webhookResources } from "./webhooks.js";

/**
 * The published Rackspace Autoscale v1.0 API, for the groups of any provider. To be registered under `/v1.0/:tenant`.
 * @param executionsPerMinute - how often one address may call capabilities; shown among the limits.
 */
export function autoscaleRoutes(
  scope: FastifyInstance,
  options: AutoscaleOptions,
  executionsPerMinute: number,
): void {
  const calls = createRate(options.clock, options.callsPerMinute, 60_000);
  speak(scope, options, bodyOf);
  guard(scope, options, calls);
  groupRoutes(scope, options);
  configRoutes(scope, options);
  launchRoutes(scope, options);
  convergenceRoutes(scope, options);
  serverRoutes(scope, options);
  policyRoutes(scope, options);
  webhookResources(scope, options);
  limitRoutes(scope, options, calls, executionsPerMinute);
}

/** Identity v2.0 in front of it. To be registered under `/v2.0`. */
export function identityService(
  scope: FastifyInstance,
  options: IdentityOptions & Pick<AutoscaleOptions, "logger">,
): void {
  speak(scope, options, identityBody);
  identityRoutes(scope, options);
}

/** How both services read and answer: JSON alone, checked by schemas, with errors of one form. */
function speak(
  scope: FastifyInstance,
  { logger }: Pick<AutoscaleOptions, "logger">,
  form: (fault: AutoscaleFault) => object,
): void {
  const answer = (fault: AutoscaleFault, reply: FastifyReply): void => {
    if (fault.retryAfterMs !== undefined)
      void reply.header("retry-after", Math.max(1, Math.ceil(fault.retryAfterMs / 1_000)));
    void reply
      .code(fault.status)
      .type("application/json")
      .send(JSON.stringify(form(fault)));
  };
  markAnswers(scope);
  readJsonBodies(scope);
  useZod(scope, (error, part, data) => {
    if (part === "querystring") return new AutoscaleFault("InvalidQueryArgument", describeIssues(error));
    return data === undefined || data === null
      ? new AutoscaleFault("InvalidJsonError", "")
      : new AutoscaleFault("ValidationError", describeIssues(error));
  });
  scope.setErrorHandler((error, request: FastifyRequest, reply) => {
    const fault = faultOf(error);
    if (fault.type === "InternalError")
      logger.error({ error, url: request.url.split("?")[0] }, "a request failed");
    answer(fault, reply);
  });
  scope.setNotFoundHandler((request, reply) =>
    answer(new AutoscaleFault("NotFound", `There is no ${request.url.split("?")[0] ?? ""}`), reply),
  );
}

export type { SignedIn } from "./catalog.js";
export { type Directory, openDirectory } from "./directory.js";
export type { IdentityOptions } from "./identity.js";
export { type LaunchWords, launchWordsOf } from "./launch-words.js";
export type { AutoscaleOptions, Caller, Tenant } from "./options.js";
export type { AtCloud, Steward } from "./steward.js";
