import { freePort } from "@bellows/testing";
import type { Daemon } from "../src/daemon.js";
import { type Bench, createBench } from "./daemon-fixture.js";

/** The Autoscale API of a daemon over a bench, and clients of it. */
export interface AutoscaleBench extends Bench {
  /** Where the API listens. */
  url: string;
  /** Begins a daemon over {@link autoscaleConfig}. */
  begin(more?: Parameters<Bench["start"]>[0]): Promise<Daemon>;
  client(name?: string, apiKey?: string, tenant?: string): Promise<Client>;
}

interface Link {
  href: string;
  rel: string;
}

interface State {
  name: string;
  paused: boolean;
  status: string;
  errors?: { message: string }[];
  activeCapacity: number;
  pendingCapacity: number;
  desiredCapacity: number;
  active: { id: string; links: Link[] }[];
}

interface Policy {
  id: string;
  name: string;
  links: Link[];
  webhooks?: Webhook[];
  [more: string]: unknown;
}

interface Webhook {
  id: string;
  name: string;
  metadata: Record<string, string>;
  links: Link[];
}

interface Manifest {
  id: string;
  links: Link[];
  groupConfiguration: Record<string, unknown>;
  launchConfiguration: { type: string; args: { server: Record<string, unknown>; loadBalancers: unknown[] } };
  scalingPolicies: Policy[];
  scalingPolicies_links: Link[];
  state: State;
}

/** Whatever this API answers; a test looks at the part that it asked for. */
export interface Body extends Omit<Manifest, "state"> {
  group: Manifest & State;
  groups: { id: string; links: Link[]; state: State }[];
  groups_links: Link[];
  policy: Policy;
  policies: Policy[];
  policies_links: Link[];
  webhook: Webhook;
  webhooks: Webhook[];
  webhooks_links: Link[];
  limits: {
    absolute: Record<string, number>;
    rate: { uri: string; limit: { value: number; remaining: number }[] }[];
  };
  error: { type: string; code: number; message: string; details: string };
}

/** What was answered. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  json: Body;
}

/** Asks as one user. Paths begin at the tenant: `/groups`. */
export interface Client {
  token: string;
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Makes a group. @returns its manifest. */
  make(name: string, more?: GroupParts): Promise<Body["group"]>;
}

/** What a test's group differs in. */
export interface GroupParts {
  config?: object;
  server?: object;
  args?: object;
  policies?: object[];
}

/** A file with one provider, an image, a balancer, a group of its own and two users. */
export const autoscaleConfig = (port: number, more = ""): string => `
version: 1
name: shop
every: 200ms
providers:
  local:
    images: { worker: { command: node, args: [server.mjs] } }
    envAllow: [MODE]
    stopTimeout: 1s
server:
  listen: "127.0.0.1:${port}"
  users:
    alice: { apiKey: alices-key, role: admin }
    oscar: { apiKey: oscars-key }
groups:
  web: { min: 1, max: 4, cooldown: 0s, launch: { command: node, args: [server.mjs] }, policies: { up: { webhooks: [ci], change: +1 } } }
${more}`;

/** A request for a group. */
export function groupOf(name: string, { config, server, args, policies }: GroupParts = {}): object {
  return {
    groupConfiguration: { name, cooldown: 0, minEntities: 0, maxEntities: 5, metadata: {}, ...config },
    launchConfiguration: {
      type: "launch_server",
      args: { server: { name: "web", flavorRef: "2", imageRef: "worker", ...server }, ...args },
    },
    scalingPolicies: policies ?? [],
  };
}

/** Makes a bench with a port of its own. */
export async function createAutoscaleBench(): Promise<AutoscaleBench> {
  const bench = createBench();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  return {
    ...bench,
    url,
    begin(more = {}) {
      bench.write(autoscaleConfig(port));
      return bench.start({ httpLimits: { callsPerMinute: 100_000, signInsPerMinute: 1_000 }, ...more });
    },
    async client(name = "alice", apiKey = "alices-key", tenant = "local") {
      const signedIn = await fetch(`${url}/v2.0/tokens`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ auth: { "RAX-KSKEY:apiKeyCredentials": { username: name, apiKey } } }),
      });
      const { access } = (await signedIn.json()) as { access: { token: { id: string } } };
      return clientOf(`${url}/v1.0/${tenant}`, access.token.id);
    },
  };
}

/** A client with a token. */
export function clientOf(base: string, token: string): Client {
  const ask: Client["ask"] = async (method, path, body, headers = {}) => {
    const response = await fetch(base + path, {
      method,
      headers: {
        "x-auth-token": token,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: (text === "" ? {} : JSON.parse(text)) as Body,
    };
  };
  return {
    token,
    ask,
    async make(name, more) {
      const { status, json } = await ask("POST", "/groups", groupOf(name, more));
      if (status !== 201) throw new Error(`no group: ${status} ${JSON.stringify(json)}`);
      return json.group;
    },
  };
}
