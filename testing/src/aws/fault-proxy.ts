/**
 * A proxy in front of moto or the stand-in that does what AWS does on a bad day.
 *
 * Note [Order]: of the rules that are set, the first one that fits the call's action, has times left and whose die says
 * so is applied; the others are not asked. The dice come from one seed, so that a run can be repeated as far as the
 * calls come in the same order.
 */
import { randomUUID } from "node:crypto";
import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { createDice } from "../dice.js";
import { readCall, type WireAnswer, type WireCall, writeError } from "./wire.js";

/** What can go wrong with a call. */
export type FaultKind =
  /** Refused for too many calls, in the service's own words; it did nothing. */
  | "throttle"
  /** The service's own fault (503), in its own form; it did nothing. */
  | "unavailable"
  /** A page of HTML (502), as a proxy between would send it; it did nothing. */
  | "html"
  /** The connection is reset before the call has reached the server. */
  | "reset"
  /** The call takes effect, then the connection is reset. */
  | "lost-answer"
  /** The answer comes late. */
  | "slow"
  /** Lists come in small pages with a token. */
  | "short-page";

/** When what goes wrong. */
export interface FaultRule {
  kind: FaultKind;
  /** Only these actions, such as `CreateAutoScalingGroup` (default: all). */
  actions?: readonly string[];
  /** 0..1 (default 1). */
  probability?: number;
  /** How often at most (default: always). */
  times?: number;
  /** For `slow`: how late, in milliseconds (default 200). */
  delayMs?: number;
  /** For `short-page`: how many a page holds (default 2). */
  pageSize?: number;
}

/** How a proxy starts. */
export interface FaultProxyOptions {
  /** Seed of its dice (default 1). */
  seed?: number;
  /** Added to every call, in milliseconds (default 0). */
  latencyMs?: number;
  rules?: readonly FaultRule[];
}

/** A running proxy. */
export interface FaultProxy {
  readonly url: string;
  /** Replaces the rules. */
  setRules(...rules: FaultRule[]): void;
  /** Milliseconds that are added to every call. */
  setLatency(latencyMs: number): void;
  /** Calls since the start or {@link FaultProxy.forget}, by action; those that failed count. */
  calls(): Record<string, number>;
  /** Faults since then, by kind. */
  faults(): Partial<Record<FaultKind, number>>;
  /** Starts counting anew. */
  forget(): void;
  stop(): Promise<void>;
}

/** What a request is, while it passes. */
interface Passing {
  request: IncomingMessage;
  response: ServerResponse;
  body: Buffer;
  call: WireCall | undefined;
}

/** A page's length by the parameter that sets it, by service. */
const PAGE_PARAMETER: Readonly<Record<string, string>> = {
  autoscaling: "MaxRecords",
  elasticloadbalancing: "PageSize",
  ec2: "MaxResults",
};

/**
 * Starts a proxy in front of a server that speaks AWS's protocols. "Returned" means that it answers.
 * @param target - the server's URL.
 */
export async function startFaultProxy(target: string, options: FaultProxyOptions = {}): Promise<FaultProxy> {
  const dice = createDice(options.seed ?? 1);
  let rules: { rule: FaultRule; left: number }[] = [];
  let latencyMs = options.latencyMs ?? 0;
  let calls: Record<string, number> = {};
  let faults: Partial<Record<FaultKind, number>> = {};
  const setRules = (...given: FaultRule[]): void => {
    rules = given.map((rule) => ({ rule, left: rule.times ?? Number.POSITIVE_INFINITY }));
  };
  const ruleFor = (action: string): FaultRule | undefined => {
    const chosen = rules.find(
      ({ rule, left }) =>
        left > 0 && (rule.actions?.includes(action) ?? true) && dice() < (rule.probability ?? 1),
    );
    if (chosen !== undefined) chosen.left--;
    return chosen?.rule;
  };
  setRules(...(options.rules ?? []));

  const server = createServer((request, response) => {
    void bodyOf(request)
      .then(async (body) => {
        const call = readCall(request.headers, body.toString());
        const rule = call === undefined ? undefined : ruleFor(call.action);
        if (call !== undefined) calls[call.action] = (calls[call.action] ?? 0) + 1;
        if (rule !== undefined) faults[rule.kind] = (faults[rule.kind] ?? 0) + 1;
        if (latencyMs > 0) await pause(latencyMs);
        await pass(target, { request, response, body, call }, rule);
      })
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    setRules,
    setLatency(ms) {
      latencyMs = ms;
    },
    calls: () => ({ ...calls }),
    faults: () => ({ ...faults }),
    forget() {
      calls = {};
      faults = {};
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function pass(target: string, passing: Passing, rule: FaultRule | undefined): Promise<void> {
  const { response, body, call } = passing;
  switch (rule?.kind) {
    case "throttle":
      return send(response, writeError(call ?? { protocol: "query" }, throttled(call), randomUUID()));
    case "unavailable": {
      const code = call?.protocol === "json" ? "InternalServiceError" : "ServiceUnavailable";
      const error = { status: 503, code, message: "The service is unavailable." };
      return send(response, writeError(call ?? { protocol: "query" }, error, randomUUID()));
    }
    case "html": {
      const page = "<html><body><h1>502 Bad Gateway</h1><br></body></html>";
      return send(response, { status: 502, headers: { "content-type": "text/html" }, body: page });
    }
    case "reset":
      return void response.socket?.resetAndDestroy();
    case "lost-answer":
      await forward(target, passing, body);
      return void response.socket?.resetAndDestroy();
    case "slow": {
      const answer = await forward(target, passing, body);
      await pause(rule.delayMs ?? 200);
      return send(response, answer);
    }
    case "short-page":
      return send(response, await forward(target, passing, withPage(passing, rule.pageSize ?? 2)));
    case undefined:
      return send(response, await forward(target, passing, body));
  }
}

/** The code that a service refuses too many calls with. @see facts/aws.md, section 2, Throttling */
function throttled(call: WireCall | undefined) {
  if (call?.protocol === "ec2")
    return { status: 503, code: "RequestLimitExceeded", message: "Request limit exceeded." };
  const code = call?.protocol === "json" ? "ThrottlingException" : "Throttling";
  return { status: 400, code, message: "Rate exceeded" };
}

/** The body with a page of `size`, where its action has pages and names nothing by id, which EC2 refuses together. */
function withPage({ body, call }: Passing, size: number): Buffer {
  const parameter = PAGE_PARAMETER[call?.service ?? ""];
  if (call === undefined || parameter === undefined || !call.action.startsWith("Describe")) return body;
  const form = new URLSearchParams(body.toString());
  if (call.service === "ec2" && [...form.keys()].some((key) => /Id\.\d+$/.test(key))) return body;
  form.set(parameter, String(size));
  return Buffer.from(form.toString());
}

interface Forwarded extends Omit<WireAnswer, "headers" | "body"> {
  headers: IncomingHttpHeaders;
  body: string | Buffer;
}

function forward(target: string, { request }: Passing, body: Buffer): Promise<Forwarded> {
  const { method, url = "/", headers } = request;
  return new Promise((resolve, reject) => {
    const onward = httpRequest(
      new URL(url, target),
      { ...(method === undefined ? {} : { method }), headers: { ...headers, "content-length": body.length } },
      (answer) => {
        bodyOf(answer).then(
          (whole) => resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: whole }),
          reject,
        );
      },
    );
    onward.once("error", reject);
    onward.end(body);
  });
}

function send(response: ServerResponse, { status, headers, body }: Forwarded): void {
  const { "transfer-encoding": _chunks, connection: _connection, ...rest } = headers;
  response.writeHead(status, { ...rest, "content-length": Buffer.byteLength(body) });
  response.end(body);
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
