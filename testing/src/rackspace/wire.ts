/** Requests and answers of Rackspace's services, and how a request finds what answers it. */
import type { IncomingHttpHeaders } from "node:http";
import type { Json } from "./json.js";
import type { Place } from "./world.js";

/** One request, once it has found its route. */
export interface Call {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The body as it came. */
  readonly text: string;
}

/** What is made into JSON: undefined fields are left out. */
export type Shown =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly Shown[]
  | { readonly [key: string]: Shown };

/** What a service answers. */
export interface Answer {
  status: number;
  headers?: Readonly<Record<string, string>>;
  /** Written as JSON; undefined is an empty body. */
  body?: Shown;
}

/** A refusal, in the service's own words. */
export class Refusal extends Error {
  constructor(
    readonly answer: Answer,
    message = `refused with ${answer.status}`,
  ) {
    super(message);
    this.name = "Refusal";
  }
}

/** Why a request is refused before the service has looked at it. */
export type Reason =
  | "unauthorized"
  | "forbidden"
  | "not-found"
  | "method"
  | "throttled"
  | "immutable"
  | "broken"
  | "unavailable";

/** The status that each reason has; Monitoring throttles with 429. */
export const STATUS_OF: Readonly<Record<Reason, number>> = {
  unauthorized: 401,
  forbidden: 403,
  "not-found": 404,
  method: 405,
  immutable: 422,
  throttled: 413,
  broken: 500,
  unavailable: 503,
};

/** What one kind of request does. */
export interface Route {
  /** Its name, by which calls are counted and faults are set: `CreateServer`. */
  operation: string;
  method: string;
  /** Whole path; `:name` stands for one segment. A slash at the end may follow. */
  path: string;
  /** Answered without a token. */
  isAnonymous?: boolean;
  answer(place: Place, call: Call): Answer | Promise<Answer>;
}

/** One of Rackspace's services. */
export interface Service {
  routes: readonly Route[];
  /**
   * How it refuses what it has not looked at.
   * @param retryAfterSeconds - for `throttled` and `unavailable`
   * @param path - that was asked
   */
  refuse(reason: Reason, retryAfterSeconds: number, path: string): Answer;
}

interface Compiled {
  service: Service;
  route: Route;
  pattern: RegExp;
}

/** What a request has found: its route, or the service that has no such path or no such method. */
export type Found =
  | { service: Service; route: Route; params: Record<string, string> }
  | { service: Service; reason: "not-found" | "method" };

/** Finds routes; of several that fit the first is taken. */
export function createRouter(
  services: readonly Service[],
): (method: string, path: string) => Found | undefined {
  const compiled: Compiled[] = services.flatMap((service) =>
    service.routes.map((route) => ({
      service,
      route,
      pattern: new RegExp(`^${route.path.replace(/:(\w+)/g, "(?<$1>[^/]+)")}/?$`),
    })),
  );
  return (method, path) => {
    const fitting = compiled.filter(({ pattern }) => pattern.test(path));
    const found = fitting.find(({ route }) => route.method === method);
    if (found !== undefined) {
      const groups = Object.entries(found.pattern.exec(path)?.groups ?? {});
      const params = Object.fromEntries(groups.map(([key, value]) => [key, decodeURIComponent(value)]));
      return { service: found.service, route: found.route, params };
    }
    const [first] = fitting;
    if (first !== undefined) return { service: first.service, reason: "method" };
    const root = path.split("/")[1];
    const service = services.find(({ routes }) => routes.some((route) => route.path.split("/")[1] === root));
    return service === undefined ? undefined : { service, reason: "not-found" };
  };
}

/** The body as JSON; undefined when it is none. */
export function jsonOf({ text }: Call): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** A parameter of a path, which its route has. */
export function paramOf({ params }: Call, name: string): string {
  const value = params[name];
  if (value === undefined) throw new TypeError(`the route has no :${name}`);
  return value;
}
