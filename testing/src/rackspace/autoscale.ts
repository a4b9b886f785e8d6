/** Autoscale v1.0. @see facts/rackspace-api.md, section 2 */
import type { IncomingHttpHeaders } from "node:http";
import { refuseAutoscale } from "./autoscale-form.js";
import { autoscaleGroups } from "./autoscale-groups.js";
import { autoscalePolicies } from "./autoscale-policies.js";
import type { Answer, Service } from "./wire.js";

/** A request to Autoscale that the stand-in has let through: its token is good, and no fault stands in its way. */
export interface AutoscaleRequest {
  region: string;
  method: string;
  /** From the version on, with its query: `/v1.0/123456/groups?limit=2`. */
  path: string;
  headers: IncomingHttpHeaders;
  text: string;
}

/** An Autoscale of somebody else's, in place of the stand-in's own. */
export type AutoscaleHandler = (request: AutoscaleRequest) => Promise<Answer>;

const routes = [...autoscaleGroups, ...autoscalePolicies];

/** Autoscale: the stand-in's own, or another behind the same routes, tokens and faults. */
export function autoscaleOf(handler?: AutoscaleHandler): Service {
  if (handler === undefined) return { routes, refuse: refuseAutoscale };
  return {
    refuse: refuseAutoscale,
    routes: routes.map((route) => ({
      ...route,
      answer: ({ region }, { method, path, headers, text }) =>
        handler({ region, method, path: path.slice(path.indexOf("/v1.0/")), headers, text }),
    })),
  };
}
