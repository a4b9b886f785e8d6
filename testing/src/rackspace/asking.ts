/** Asks a stand-in as any client does: for its own tests, and for those that look behind a provider's back. */

import type { Json, JsonObject } from "./json.js";
import type { RackspaceStandIn } from "./stand-in.js";

/** What came back. */
export interface Said {
  status: number;
  headers: Headers;
  /** The body as JSON, `{}` when it is empty. */
  body: Reply;
}

/** A body that can be looked into without asking at each step what is there. */
export interface Reply {
  readonly [key: string]: Reply;
  readonly [index: number]: Reply;
}

/** Asks one service of one region. */
export type Ask = (method: string, path: string, json?: Json) => Promise<Said>;

/** Gets a token and the place of a service. @param type - as the catalog names it, such as `rax:autoscale` */
export async function asking(standIn: RackspaceStandIn, type: string, region = "DFW"): Promise<Ask> {
  const credentials = { username: standIn.username, apiKey: standIn.apiKey };
  const access = await send(`${standIn.identityUrl}/tokens`, "POST", {
    auth: { "RAX-KSKEY:apiKeyCredentials": credentials },
  });
  const { token, serviceCatalog } = (access.body as unknown as { access: Access }).access;
  const endpoints = serviceCatalog
    .filter((one) => one.type === type && one.name !== "cloudServers")
    .flatMap((one) => one.endpoints);
  const endpoint = endpoints.find((one) => one.region === undefined || one.region === region);
  if (endpoint === undefined) throw new RangeError(`the catalog has no ${type} in ${region}`);
  return (method, path, json) => send(`${endpoint.publicURL}${path}`, method, json, token.id);
}

interface Access {
  token: { id: string };
  serviceCatalog: { type: string; name: string; endpoints: { region?: string; publicURL: string }[] }[];
}

/** Sends one request; JSON that is a string is sent as it is. */
export async function send(url: string, method: string, json?: Json, token?: string): Promise<Said> {
  const response = await fetch(url, {
    method,
    headers: {
      ...(token === undefined ? {} : { "x-auth-token": token }),
      ...(json === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(json === undefined ? {} : { body: typeof json === "string" ? json : JSON.stringify(json) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: read(text) as unknown as Reply };
}

function read(text: string): Json {
  try {
    return JSON.parse(text === "" ? "{}" : text) as Json;
  } catch {
    return { text } satisfies JsonObject;
  }
}
