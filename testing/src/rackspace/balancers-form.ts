/** Forms of Cloud Load Balancers: how it shows what it has, refuses, and reads bodies. */
import type { Balancer, Node } from "./balancers-state.js";
import { isObject, type Json, type JsonObject } from "./json.js";
import { type Answer, type Call, jsonOf, type Reason, Refusal, type Shown, STATUS_OF } from "./wire.js";
import { isoSecondsOf, type Place } from "./world.js";

/** A refusal of Cloud Load Balancers: its body is flat. */
export function refused(code: number, message: string): Refusal {
  return new Refusal({ status: code, body: { message, code } }, message);
}

/** A refusal of what was asked, with all that is wrong with it. */
export function invalid(...messages: readonly string[]): Refusal {
  const validationErrors = { messages };
  const body = {
    message: "Validation Failure",
    code: 400,
    details: "The object is not valid",
    validationErrors,
  };
  return new Refusal({ status: 400, body }, messages.join(" "));
}

/** How a balancer that is being changed refuses. */
export function immutable({ id, status }: Pick<Balancer, "id" | "status">): Refusal {
  return refused(422, `Load Balancer '${id}' has a status of '${status}' and is considered immutable.`);
}

/** How the proxy before Cloud Load Balancers refuses, and what a balancer says that is being changed. */
export function refuseBalancers(reason: Reason, retryAfterSeconds: number, path: string): Answer {
  const headers = { "retry-after": String(retryAfterSeconds) };
  switch (reason) {
    case "unauthorized":
      return { status: 401 };
    case "immutable": {
      const id = Number(/loadbalancers\/(\d+)/.exec(path.replace(/^\/loadbalancers/, ""))?.[1] ?? 0);
      return immutable({ id, status: "PENDING_UPDATE" }).answer;
    }
    case "throttled": {
      const details = "Error Details...";
      const overLimit = {
        code: 413,
        message: "OverLimit Retry...",
        details,
        retryAfter: headers["retry-after"],
      };
      return { status: 413, headers, body: { overLimit } };
    }
    default: {
      const { answer } = refused(STATUS_OF[reason], `The request was refused: ${reason}.`);
      return reason === "unavailable" ? { ...answer, headers } : answer;
    }
  }
}

/** The body, bare or under its root. @throws Refusal for what is no JSON */
export function bodyIn(call: Call, root: string): Json {
  const body = jsonOf(call);
  const inner = isObject(body) && root in body ? body[root] : body;
  if (inner === undefined || inner === null) {
    const message = ["JSON does not match the expected schema"];
    throw new Refusal({ status: 400, body: { message, code: 400 } });
  }
  return inner;
}

/** The same, which must be an object; fields that are null are left out. */
export function objectIn(call: Call, root: string): JsonObject {
  return withoutNulls(bodyIn(call, root), root);
}

/** An object without what is null, which clients send for what they leave out. */
export function withoutNulls(value: Json | undefined, what: string): JsonObject {
  if (!isObject(value)) throw invalid(`${what} must be an object`);
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== null));
}

/** An integer in a range. @throws Refusal */
export function integerIn(given: JsonObject, key: string, least: number, most: number): number | undefined {
  const value = given[key];
  if (value === undefined) return undefined;
  const number = typeof value === "string" && value !== "" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isInteger(number) || number < least || number > most)
    throw invalid(`${key} is invalid. Range is ${least}-${most}.`);
  return number;
}

/** One of these words. @throws Refusal */
export function wordIn<T extends string>(given: JsonObject, key: string, words: readonly T[]): T | undefined {
  const value = given[key];
  if (value === undefined) return undefined;
  const found = words.find((one) => one === value);
  if (found === undefined) throw invalid(`${key} is invalid: ${String(value)}`);
  return found;
}

/** Whether a node gets requests: without a health monitor all do. */
export function statusOf(
  { world, state }: Place,
  { healthMonitor }: Balancer,
  node: Node,
): "ONLINE" | "OFFLINE" {
  if (Object.keys(healthMonitor).length === 0) return "ONLINE";
  return state.sick.includes(node.address) || world.now() < node.checkedAtMs ? "OFFLINE" : "ONLINE";
}

/** A node; its weight only shows where it counts, and when it was just added. */
export function shownNode(place: Place, balancer: Balancer, node: Node, isNew = false): Shown {
  const { id, address, port, condition, type, weight } = node;
  const hasWeight = isNew || balancer.algorithm.startsWith("WEIGHTED_");
  const status = statusOf(place, balancer, node);
  return { id, address, port, condition, type, status, weight: hasWeight ? weight : undefined };
}

function common(balancer: Balancer): { [key: string]: Shown } {
  const { id, name, protocol, port, algorithm, status, timeout, virtualIps } = balancer;
  return {
    id,
    name,
    protocol,
    port,
    algorithm,
    status,
    timeout,
    virtualIps: virtualIps.map((one) => ({ ...one })),
    created: { time: isoSecondsOf(balancer.createdAtMs) },
    updated: { time: isoSecondsOf(balancer.updatedAtMs) },
  };
}

/** A balancer in a list: without its nodes. */
export function shortBalancer(balancer: Balancer): Shown {
  return { ...common(balancer), nodeCount: balancer.nodes.length };
}

/** A balancer with all that it has. */
export function shownBalancer(place: Place, balancer: Balancer, isNew = false): Shown {
  const { halfClosed, httpsRedirect, connectionLogging, contentCaching, nodes, metadata } = balancer;
  return {
    ...common(balancer),
    halfClosed,
    httpsRedirect,
    connectionLogging,
    contentCaching,
    cluster: { name: "ztm-n01.dfw1.lbaas.rackspace.net" },
    sourceAddresses: {
      ipv6Public: "2001:db8::3/64",
      ipv4Servicenet: "10.0.0.1",
      ipv4Public: "203.0.113.1",
    },
    nodes: nodes.length === 0 ? undefined : nodes.map((one) => shownNode(place, balancer, one, isNew)),
    metadata: metadata.length === 0 ? undefined : metadata.map((one) => ({ ...one })),
    ...Object.fromEntries(
      (["sessionPersistence", "connectionThrottle"] as const).flatMap((key) =>
        Object.keys(balancer[key]).length === 0 ? [] : [[key, balancer[key]]],
      ),
    ),
  };
}
