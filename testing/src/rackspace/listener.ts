/** What a stand-in does with a request: finds its route, lets faults happen, checks its token, answers. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { balancers } from "./balancers.js";
import type { RackspaceFault } from "./faults.js";
import { identity, isGood } from "./identity.js";
import { monitoring } from "./monitoring.js";
import { servers } from "./servers.js";
import { type Answer, type Call, createRouter, type Found, Refusal, type Service } from "./wire.js";
import { type Place, TENANT, type World } from "./world.js";

/** A request that has found its route. */
type Routed = Extract<Found, { params: object }> & { call: Call };

/** Answers requests, and counts them by operation. */
export interface Listening {
  listener: RequestListener;
  calls(): Record<string, number>;
  forget(): void;
}

/** Makes what answers the requests to an account. @param autoscale - the stand-in's own, or another */
export function createListener(world: World, autoscale: Service): Listening {
  const route = createRouter([identity, servers, balancers, monitoring, autoscale]);
  let calls: Record<string, number> = {};
  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? "/", "http://stand-in");
    const text = await bodyOf(request);
    const found = route(request.method ?? "GET", url.pathname);
    if (found === undefined) return send(response, { status: 404 });
    world.run();
    if (!("params" in found)) return send(response, found.service.refuse(found.reason, 0, url.pathname));
    const { operation } = found.route;
    calls[operation] = (calls[operation] ?? 0) + 1;
    const call: Call = {
      method: found.route.method,
      path: `${url.pathname}${url.search}`,
      params: found.params,
      query: url.searchParams,
      headers: request.headers,
      text,
    };
    await respond(world, response, { ...found, call }, world.faults.ofCall(operation));
  };
  return {
    listener: (request, response) => void receive(request, response).catch(() => response.destroy()),
    calls: () => ({ ...calls }),
    forget() {
      calls = {};
    },
  };
}

/** Answers, or does what a fault says in place of it, or after it. */
async function respond(
  world: World,
  response: ServerResponse,
  routed: Routed,
  fault: RackspaceFault | undefined,
): Promise<void> {
  const { service, call } = routed;
  const waitSeconds = fault?.retryAfterSeconds ?? 1;
  switch (fault?.kind) {
    case "unauthorized":
      world.tokens.delete(String(call.headers["x-auth-token"]));
      return send(response, service.refuse("unauthorized", waitSeconds, call.path));
    case "throttle":
      return send(response, service.refuse("throttled", waitSeconds, call.path));
    case "immutable":
    case "broken":
    case "unavailable":
      return send(response, service.refuse(fault.kind, waitSeconds, call.path));
    case "html":
      return sendPage(response);
    case "reset":
      return void response.socket?.resetAndDestroy();
    case "lost-answer":
      await answer(world, routed);
      return void response.socket?.resetAndDestroy();
    case "lying-500":
      await answer(world, routed);
      return send(response, service.refuse("broken", waitSeconds, call.path));
    case "slow": {
      const late = await answer(world, routed);
      await pause(fault.delayMs ?? 200);
      return send(response, late);
    }
    default:
      return send(response, await answer(world, routed));
  }
}

async function answer(world: World, { service, route, call }: Routed): Promise<Answer> {
  try {
    const place = placeOf(world, call);
    if (place === undefined) return service.refuse("not-found", 0, call.path);
    const token = call.headers["x-auth-token"];
    if (route.isAnonymous !== true) {
      if (typeof token !== "string" || !isGood(world, token))
        return service.refuse("unauthorized", 0, call.path);
      if (call.params.tenant !== TENANT) return service.refuse("forbidden", 0, call.path);
    }
    return await route.answer(place, call);
  } catch (error) {
    if (error instanceof Refusal) return error.answer;
    return { status: 500, body: { standIn: String(error) } };
  } finally {
    world.run();
  }
}

/** The region that a path names; what has none lies in the first. */
function placeOf(world: World, { params }: Call): Place | undefined {
  const region = params.region ?? [...world.regions.keys()][0] ?? "";
  const state = world.regions.get(region);
  return state === undefined ? undefined : { world, region, state };
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  const text = body === undefined ? "" : JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json",
    "x-response-id": randomUUID(),
    ...headers,
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}

function sendPage(response: ServerResponse): void {
  response.writeHead(502, { "content-type": "text/html" });
  response.end("<html><body><h1>502 Bad Gateway</h1><br></body></html>");
}

async function bodyOf(message: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
