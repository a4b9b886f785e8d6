/** Forms of Cloud Monitoring: how it shows what it has, refuses, and cuts lists into pages. */

import { isObject, type JsonObject } from "./json.js";
import type { Monitored } from "./monitoring-state.js";
import { type Answer, type Call, jsonOf, type Reason, Refusal, type Shown, STATUS_OF } from "./wire.js";
import { TENANT, type World } from "./world.js";

/** Things on a page when nobody says how many, and at most. */
const USUAL_PER_PAGE = 100;
const MOST_PER_PAGE = 1_000;

/** Types of errors, with their status. */
const STATUS_OF_TYPE = {
  badRequest: 400,
  requiredNotFoundError: 400,
  alarmParseError: 400,
  limitReached: 400,
  notFoundError: 404,
  parentNotFoundError: 404,
  requestTimeout: 408,
} as const;

function errorBody(type: string, code: number, message: string, details: string): Shown {
  return { type, code, message, details, txnId: ".rh-stand-in.h-dfw1.r-1.c-1" };
}

/** A refusal of Cloud Monitoring: its body is flat. */
export function refused(type: keyof typeof STATUS_OF_TYPE, message: string, details = ""): Refusal {
  const code = STATUS_OF_TYPE[type];
  return new Refusal({ status: code, body: errorBody(type, code, message, details) }, message);
}

/** What is not there. */
export function notFound(kind: string, id: string, isParent = false): Refusal {
  const details = `Object "${kind}" with key "${id}" does not exist`;
  return refused(isParent ? "parentNotFoundError" : "notFoundError", "Object does not exist", details);
}

const TYPE_OF_REASON: Readonly<Record<Reason, string>> = {
  unauthorized: "unauthorizedError",
  forbidden: "forbiddenError",
  "not-found": "notFoundError",
  method: "badRequest",
  immutable: "badRequest",
  throttled: "rateLimitReached",
  broken: "internalError",
  unavailable: "systemFailureError",
};

/** How Cloud Monitoring refuses what it has not looked at; too many calls with 429. */
export function refuseMonitoring(reason: Reason, retryAfterSeconds: number): Answer {
  const status = reason === "throttled" ? 429 : STATUS_OF[reason];
  const body = errorBody(TYPE_OF_REASON[reason], status, `The request was refused: ${reason}.`, "");
  const waits = reason === "throttled" || reason === "unavailable";
  return waits ? { status, body, headers: { "retry-after": String(retryAfterSeconds) } } : { status, body };
}

/** The body, which must be an object. */
export function objectIn(call: Call): JsonObject {
  const body = jsonOf(call);
  if (!isObject(body)) throw refused("badRequest", "Invalid JSON in the body");
  return body;
}

/** Where things of Cloud Monitoring are. */
export function hrefOf(world: World, path: string): string {
  return world.url(`monitoring/v1.0/${TENANT}/${path}`);
}

/** An object, which is not wrapped. */
export function shownObject({ id, entityId, kind, fields, createdAtMs, updatedAtMs }: Monitored): {
  [key: string]: Shown;
} {
  const parent = kind === "alarm" && entityId !== undefined ? { entity_id: entityId } : {};
  return { id, ...fields, ...parent, created_at: createdAtMs, updated_at: updatedAtMs };
}

/** A page of a list. The marker is the first id of the page, and of the next one where it is told. */
export function listed<T>(
  { query }: Call,
  { items, id, show }: { items: readonly T[]; id: (item: T) => string; show: (item: T) => Shown },
): Answer {
  const limit = Number(query.get("limit") ?? USUAL_PER_PAGE);
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST_PER_PAGE)
    throw refused("badRequest", "Validation error for key 'limit'");
  const marker = query.get("marker");
  const start = marker === null ? 0 : items.findIndex((item) => id(item) === marker);
  if (start === -1) throw refused("badRequest", "Invalid marker");
  const page = items.slice(start, start + limit);
  const next = items[start + limit];
  const next_marker = next === undefined ? null : id(next);
  const metadata = { count: page.length, limit, marker, next_marker, next_href: next_marker };
  return { status: 200, body: { values: page.map(show), metadata } };
}
