import type { FastifyInstance, FastifyRequest } from "fastify";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The route reads no body: whatever comes is let go. */
    anyBody?: boolean;
    /** The route is a capability, with a limit of calls of its own. */
    capability?: boolean;
  }
}

/** Longest request body, in bytes. */
export const BODY_LIMIT = 1_048_576;

/** Deepest JSON that is read: nothing that anybody means is deeper, and what walks it must not run out of stack. */
const DEEPEST_JSON = 64;

/** An error that the framework answers with a status of its own. */
class Refusal extends Error {
  constructor(
    readonly statusCode: number,
    message: string,
  ) {
    super(message);
  }
}

/** Reads a body to its end and lets it go. @throws Error with `statusCode` 413 when it is longer than bodies may be. */
function drain(payload: NodeJS.ReadableStream, done: (error: Error | null, body?: undefined) => void): void {
  let bytes = 0;
  payload.on("data", (chunk: Buffer | string) => {
    bytes += chunk.length;
    if (bytes <= BODY_LIMIT) return;
    payload.removeAllListeners("data");
    payload.pause();
    done(new Refusal(413, "the body is longer than 1 MB"));
  });
  payload.once("end", () => done(null, undefined));
  payload.once("error", (error: Error) => done(error));
}

/** Takes any body, of any type, and lets it go: for doors that read none. */
export function ignoreBodies(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser("*", (request, payload, done) => {
    const length = Number(request.headers["content-length"] ?? 0);
    if (length > BODY_LIMIT) done(new Refusal(413, "the body is longer than 1 MB"));
    else drain(payload, done);
  });
}

/**
 * Takes JSON alone: an empty body is none, deeper JSON than anybody means is no JSON, and of another type only routes
 * that read no body (`config.anyBody`) take one.
 */
export function readJsonBodies(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  const parse = scope.getDefaultJsonParser("error", "error");
  scope.addContentTypeParser("application/json", { parseAs: "string" }, (request, text, done) => {
    const body = String(text);
    if (body.trim() === "" || request.routeOptions.config.anyBody === true) done(null, undefined);
    else if (depthOf(body) > DEEPEST_JSON) done(new Refusal(400, "the body is nested too deep"));
    else void parse(request, body, done);
  });
  scope.addContentTypeParser("*", (request, payload, done) => {
    if (request.routeOptions.config.anyBody === true) drain(payload, done);
    else
      done(new Refusal(415, `a body of type ${mediaType(request)} is not read here; send application/json`));
  });
}

function mediaType({ headers }: FastifyRequest): string {
  return JSON.stringify((headers["content-type"] ?? "").split(";")[0]?.slice(0, 100));
}

/** How deep arrays and objects of a JSON text lie in each other, before it is read. */
export function depthOf(json: string): number {
  let depth = 0;
  let deepest = 0;
  let inText = false;
  for (let at = 0; at < json.length; at += 1) {
    const letter = json.charCodeAt(at);
    if (inText) {
      if (letter === 0x5c) at += 1;
      else if (letter === 0x22) inText = false;
    } else if (letter === 0x22) inText = true;
    else if (letter === 0x5b || letter === 0x7b) deepest = Math.max(deepest, ++depth);
    else if (letter === 0x5d || letter === 0x7d) depth -= 1;
  }
  return deepest;
}
