import { request as httpRequest, type IncomingMessage } from "node:http";
import { createInterface } from "node:readline";
import {
  BellowsError,
  type DecisionRecord,
  type ErrorCode,
  type LogEntry,
  type Retry,
  UnavailableError,
} from "@bellows/core";
import type { Control } from "./control.js";
import type { WireError } from "./local-server.js";

type Line = { item?: unknown; result?: unknown; done?: true; error?: WireError };

/**
 * Control over a controller on this machine, through its socket.
 * Each call throws what the controller threw, or UnavailableError when there is nobody at the other end.
 */
export function connectControl(path: string): Control {
  const call = async <T>(method: keyof Control, args: readonly unknown[]): Promise<T> => {
    for await (const line of lines(path, method, args)) return line.result as T;
    throw new UnavailableError("the controller closed the connection", { operation: method });
  };
  async function* items<T>(method: keyof Control, args: readonly unknown[]): AsyncGenerator<T> {
    for await (const line of lines(path, method, args)) if ("item" in line) yield line.item as T;
  }
  return {
    status: (groups) => call("status", [groups]),
    records: (group, range) => items<LogEntry<DecisionRecord>>("records", [group, range]),
    order: (group, order) => call("order", [group, order]),
    pause: (group, hold) => call("pause", [group, hold]),
    resume: (group) => call("resume", [group]),
    pin: (group, to, hold) => call("pin", [group, to, hold]),
    unpin: (group) => call("unpin", [group]),
    createToken: (name, role) => call("createToken", [name, role]),
    listTokens: () => call("listTokens", []),
    revokeToken: (idOrName) => call("revokeToken", [idOrName]),
    invoke: (provider, method, args) => call("invoke", [provider, method, args]),
    plan: (groups, options) => call("plan", [groups, options]),
    apply: (options) => call("apply", [options]),
    once: (groups) => call("once", [groups]),
    reload: () => call("reload", []),
    close: async () => {},
  };
}

/** Whether a controller answers at this socket. */
export async function controllerAnswers(path: string): Promise<boolean> {
  try {
    await connectControl(path).listTokens();
    return true;
  } catch {
    return false;
  }
}

async function* lines(path: string, method: keyof Control, args: readonly unknown[]): AsyncGenerator<Line> {
  const response = await send(path, JSON.stringify({ method, args }), method);
  for await (const text of createInterface({ input: response, crlfDelay: Number.POSITIVE_INFINITY })) {
    const line = JSON.parse(text) as Line;
    if (line.error !== undefined) throw fromWireError(line.error);
    if (line.done) return;
    yield line;
  }
}

function send(path: string, body: string, operation: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      socketPath: path,
      method: "POST",
      path: "/",
      headers: { "content-type": "application/json" },
    });
    request.once("response", resolve);
    request.once("error", (cause) =>
      reject(
        new UnavailableError("the controller does not answer", {
          operation,
          cause,
          hint: "is it running? bellows run starts one",
        }),
      ),
    );
    request.end(body);
  });
}

function fromWireError(error: WireError): BellowsError {
  const { code, message, retry, ...details } = error;
  return new BellowsError(code as ErrorCode, message, details, (retry ?? "never") as Retry);
}
