/** Cloud Identity v2.0. @see facts/rackspace-api.md, section 1 */
import { isObject, type JsonObject } from "./json.js";
import {
  type Answer,
  type Call,
  jsonOf,
  paramOf,
  type Reason,
  Refusal,
  type Route,
  type Service,
  type Shown,
  STATUS_OF,
} from "./wire.js";
import { API_KEY, isoOf, PASSWORD, TENANT, USERNAME, type World } from "./world.js";

const HOUR_MS = 3_600_000;

/** Names of faults, which wrap their bodies. */
const FAULT_OF: Readonly<Record<number, string>> = {
  400: "badRequest",
  401: "unauthorized",
  403: "forbidden",
  404: "itemNotFound",
  405: "badMethod",
  413: "overLimit",
  500: "identityFault",
  503: "serviceUnavailable",
};

function fault(code: number, message: string, retryAfterSeconds?: number): Answer {
  const body = { [FAULT_OF[code] ?? "identityFault"]: { code, message } };
  if (retryAfterSeconds === undefined) return { status: code, body };
  return { status: code, body, headers: { "retry-after": String(retryAfterSeconds) } };
}

function refuse(reason: Reason, retryAfterSeconds: number): Answer {
  const waits = reason === "throttled" || reason === "unavailable" ? retryAfterSeconds : undefined;
  return fault(STATUS_OF[reason], `The request was refused: ${reason}.`, waits);
}

/** Whether a token is good now. */
export function isGood(world: World, token: string | undefined): boolean {
  return token !== undefined && (world.tokens.get(token) ?? 0) > world.now();
}

function authenticate(world: World, { auth }: JsonObject): string {
  if (!isObject(auth)) throw new Refusal(fault(400, "Expecting an auth object."));
  const { "RAX-KSKEY:apiKeyCredentials": key, passwordCredentials, token, tenantId, tenantName } = auth;
  if (tenantId !== undefined && tenantName !== undefined)
    throw new Refusal(fault(400, "Specify tenantId or tenantName, not both."));
  const isKey = isObject(key) && key.username === USERNAME && key.apiKey === API_KEY;
  const isPassword =
    isObject(passwordCredentials) &&
    passwordCredentials.username === USERNAME &&
    passwordCredentials.password === PASSWORD;
  const isRescoped = isObject(token) && typeof token.id === "string" && isGood(world, token.id);
  const isOurs = [tenantId, tenantName].every(
    (tenant) => tenant === undefined || tenant === null || tenant === TENANT,
  );
  if (!isOurs || !(isKey || isPassword || isRescoped))
    throw new Refusal(fault(401, "Unable to authenticate user with credentials provided."));
  return isKey ? "APIKEY" : "PASSWORD";
}

/** The token that is good for more than an hour yet, or a new one. */
function tokenOf(world: World): string {
  const lasting = [...world.tokens].find(([, untilMs]) => untilMs - world.now() > HOUR_MS);
  if (lasting !== undefined) return lasting[0];
  const made = world.uuid().replaceAll("-", "");
  world.tokens.set(made, world.now() + world.behaviour.tokenMs);
  return made;
}

function accessOf(world: World, token: string, by: string): Shown {
  return {
    access: {
      token: {
        id: token,
        expires: isoOf(world.tokens.get(token) ?? world.now()),
        tenant: { id: TENANT, name: TENANT },
        "RAX-AUTH:authenticatedBy": [by],
      },
      serviceCatalog: catalogOf(world),
      user: {
        id: "172157",
        name: USERNAME,
        "RAX-AUTH:defaultRegion": [...world.regions.keys()][0],
        roles: [{ id: "3", name: "identity:user-admin", description: "User Admin Role." }],
      },
    },
  };
}

/** Types and names of the services that have an endpoint in each region. */
const REGIONAL = [
  { type: "rax:autoscale", name: "autoscale", path: "autoscale", version: "v1.0" },
  { type: "rax:load-balancer", name: "cloudLoadBalancers", path: "loadbalancers", version: "v1.0" },
  { type: "compute", name: "cloudServersOpenStack", path: "servers", version: "v2" },
] as const;

function catalogOf(world: World): Shown[] {
  const regional = REGIONAL.map(({ type, name, path, version }) => ({
    type,
    name,
    endpoints: [...world.regions.keys()].map((region) => ({
      region,
      tenantId: TENANT,
      publicURL: world.url(`${path}/${region}/${version}/${TENANT}`),
    })),
  }));
  const global = (type: string, name: string, path: string): Shown => ({
    type,
    name,
    endpoints: [{ tenantId: TENANT, publicURL: world.url(`${path}/${TENANT}`) }],
  });
  return [
    // First-generation servers have the same type, and are to be ignored.
    global("compute", "cloudServers", "first-generation/v1.0"),
    ...regional,
    global("rax:monitor", "cloudMonitoring", "monitoring/v1.0"),
  ];
}

function requireToken(world: World, call: Call): string {
  const token = call.headers["x-auth-token"];
  if (typeof token !== "string" || !isGood(world, token))
    throw new Refusal(
      fault(401, "No valid token provided. Please use the 'X-Auth-Token' header with a valid token."),
    );
  return token;
}

const routes: Route[] = [
  {
    operation: "Authenticate",
    method: "POST",
    path: "/v2.0/tokens",
    isAnonymous: true,
    answer({ world }, call) {
      const body = jsonOf(call);
      if (!isObject(body)) throw new Refusal(fault(400, "Invalid json request body."));
      const by = authenticate(world, body);
      return { status: 200, body: accessOf(world, tokenOf(world), by) };
    },
  },
  {
    operation: "RevokeToken",
    method: "DELETE",
    path: "/v2.0/tokens",
    isAnonymous: true,
    answer({ world }, call) {
      world.tokens.delete(requireToken(world, call));
      return { status: 204 };
    },
  },
  {
    operation: "ValidateToken",
    method: "GET",
    path: "/v2.0/tokens/:token",
    isAnonymous: true,
    answer({ world }, call) {
      requireToken(world, call);
      const token = paramOf(call, "token");
      if (!isGood(world, token)) throw new Refusal(fault(404, "Token not found."));
      return { status: 200, body: accessOf(world, token, "APIKEY") };
    },
  },
];

/** Tokens by API key or password, and the catalog. */
export const identity: Service = { routes, refuse };
