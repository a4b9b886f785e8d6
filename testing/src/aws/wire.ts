/**
 * The protocols that the SDK's clients speak, told from their requests: AWS Query (Auto Scaling, both kinds of load
 * balancing, STS), EC2's own form of it, and JSON 1.0 (CloudWatch, client 3.1162: `X-Amz-Target:
 * GraniteServiceVersion20100801.PutMetricData`, with `X-Amzn-Query-Mode`, so that errors keep their old codes in a
 * header).
 */
import type { IncomingHttpHeaders } from "node:http";

/** How a service speaks. */
export type Protocol = "query" | "ec2" | "json";

/** A request's parameters: strings of a form, values of JSON; lists and structures of them. */
export type Tree = string | number | boolean | null | Tree[] | { [key: string]: Tree };

/** One call, as it stands in its request. */
export interface WireCall {
  protocol: Protocol;
  /** As the signature names it: `autoscaling`, `monitoring`, `ec2`, `elasticloadbalancing`, `sts`. */
  service: string;
  region: string;
  /** Version of a Query API, such as `2012-06-01`; tells the two kinds of load balancing apart. */
  version: string;
  action: string;
  /** The key that signed it; signatures are not checked. */
  accessKeyId: string;
  input: { [key: string]: Tree };
}

/** An answer that is an error. */
export interface WireError {
  status: number;
  code: string;
  message: string;
}

/** An answer, ready to be sent. */
export interface WireAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** Reads a call; undefined when the request is none (moto's own pages, a browser). */
export function readCall(headers: IncomingHttpHeaders, body: string): WireCall | undefined {
  const scope = /Credential=([^/]+)\/\d+\/([^/]+)\/([^/]+)\//.exec(headers.authorization ?? "");
  const [accessKeyId = "", region = "us-east-1", service = ""] = scope?.slice(1) ?? [];
  const about = { accessKeyId, region, service };
  const target = headers["x-amz-target"];
  if (typeof target === "string") {
    const input = JSON.parse(body === "" ? "{}" : body) as WireCall["input"];
    return { ...about, protocol: "json", version: "", action: target.replace(/^.*\./, ""), input };
  }
  const form = new URLSearchParams(body);
  const action = form.get("Action");
  if (action === null) return undefined;
  return {
    ...about,
    protocol: service === "ec2" ? "ec2" : "query",
    version: form.get("Version") ?? "",
    action,
    input: treeOf(form),
  };
}

/** `Tags.member.1.Key=a` becomes `{ Tags: [{ Key: "a" }] }`; in EC2's form the word `member` is left out. */
export function treeOf(form: URLSearchParams): { [key: string]: Tree } {
  const root: { [key: string]: Tree } = {};
  for (const [path, value] of form) {
    const keys = path.split(".").filter((key) => key !== "member");
    let at = root;
    keys.forEach((key, index) => {
      if (index === keys.length - 1) at[key] = value;
      else at = childOf(at, key);
    });
  }
  return Object.fromEntries(Object.entries(root).map(([key, value]) => [key, listed(value)]));
}

function childOf(at: { [key: string]: Tree }, key: string): { [key: string]: Tree } {
  const child = at[key];
  if (typeof child === "object" && child !== null && !Array.isArray(child)) return child;
  const made: { [key: string]: Tree } = {};
  at[key] = made;
  return made;
}

/** Structures whose keys are 1, 2, 3 … are lists. */
function listed(tree: Tree): Tree {
  if (typeof tree !== "object" || tree === null || Array.isArray(tree)) return tree;
  const entries = Object.entries(tree).map(([key, value]) => [key, listed(value)] as const);
  if (entries.length > 0 && entries.every(([key]) => /^\d+$/.test(key)))
    return entries.sort(([a], [b]) => Number(a) - Number(b)).map(([, value]) => value);
  return Object.fromEntries(entries);
}

/** What an answer is made of: undefined fields are left out, dates are written as the protocol writes them. */
export type Answer =
  | string
  | number
  | boolean
  | Date
  | null
  | undefined
  | readonly Answer[]
  | { readonly [key: string]: Answer };

/** Writes an answer as the service writes it. */
export function writeAnswer(call: WireCall, answer: Answer, requestId: string): WireAnswer {
  const { protocol, action } = call;
  if (protocol === "json") return json(200, {}, JSON.stringify(answer ?? {}, epochSeconds), requestId);
  const fields = xml(answer, protocol === "ec2" ? "item" : "member");
  const inner =
    protocol === "ec2"
      ? `<requestId>${requestId}</requestId>${fields}`
      : `<${action}Result>${fields}</${action}Result><ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>`;
  return xmlAnswer(200, `<${action}Response>${inner}</${action}Response>`, requestId);
}

/** Writes an error as the service writes it. */
export function writeError(
  { protocol }: Pick<WireCall, "protocol">,
  { status, code, message }: WireError,
  requestId: string,
): WireAnswer {
  const type = status < 500 ? "Sender" : "Receiver";
  if (protocol === "json") {
    const body = JSON.stringify({ __type: `com.amazonaws.cloudwatch#${code}`, message });
    return json(status, { "x-amzn-query-error": `${code};${type}` }, body, requestId);
  }
  const words = `<Code>${escaped(code)}</Code><Message>${escaped(message)}</Message>`;
  return xmlAnswer(
    status,
    protocol === "ec2"
      ? `<Response><Errors><Error>${words}</Error></Errors><RequestID>${requestId}</RequestID></Response>`
      : `<ErrorResponse><Error><Type>${type}</Type>${words}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`,
    requestId,
  );
}

function json(status: number, headers: Record<string, string>, body: string, requestId: string): WireAnswer {
  const all = { "content-type": "application/x-amz-json-1.0", "x-amzn-requestid": requestId, ...headers };
  return { status, headers: all, body };
}

function xmlAnswer(status: number, body: string, requestId: string): WireAnswer {
  const headers = { "content-type": "text/xml", "x-amzn-requestid": requestId };
  return { status, headers, body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}` };
}

/** JSON 1.0 has times as seconds since the epoch; `JSON.stringify` has made them ISO 8601 before it asks. */
function epochSeconds(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const raw = this[key];
  return raw instanceof Date ? raw.getTime() / 1_000 : value;
}

function xml(answer: Answer, item: string): string {
  if (answer === undefined || answer === null) return "";
  if (answer instanceof Date) return answer.toISOString();
  if (typeof answer !== "object") return escaped(String(answer));
  if (isList(answer)) return answer.map((one) => `<${item}>${xml(one, item)}</${item}>`).join("");
  return Object.entries(answer)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([key, value]) => `<${key}>${xml(value, memberOf(key, value) ?? item)}</${key}>`)
    .join("");
}

/** EC2 writes the ids of security groups in a network interface of a template with a name of their own. */
function memberOf(key: string, value: Answer): string | undefined {
  const isIds = key === "groupSet" && Array.isArray(value) && value.every((one) => typeof one === "string");
  return isIds ? "groupId" : undefined;
}

function isList(answer: object): answer is readonly Answer[] {
  return Array.isArray(answer);
}

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
