/** What belongs to a balancer and is set by itself: health monitor, persistence, switches, addresses. */
import { integerIn, invalid, objectIn, refused, withoutNulls, wordIn } from "./balancers-form.js";
import type { Balancer, VirtualIp } from "./balancers-state.js";
import { balancerIn, changeableIn, changed } from "./balancers-status.js";
import { PERSISTENCE } from "./balancers-words.js";
import type { Json, JsonObject } from "./json.js";
import type { Route } from "./wire.js";
import type { Place } from "./world.js";

const BALANCER = "/loadbalancers/:region/v1.0/:tenant/loadbalancers/:balancer";

/** A health monitor, as it is kept. @throws Refusal for what is none */
export function readMonitor(given: JsonObject, before: JsonObject = {}): JsonObject {
  const monitor = { ...before, ...given };
  const type = wordIn(monitor, "type", ["CONNECT", "HTTP", "HTTPS"]);
  const [delay, timeout, attemptsBeforeDeactivation] = [
    integerIn(monitor, "delay", 1, 3_600),
    integerIn(monitor, "timeout", 1, 300),
    integerIn(monitor, "attemptsBeforeDeactivation", 1, 10),
  ];
  if (
    type === undefined ||
    delay === undefined ||
    timeout === undefined ||
    attemptsBeforeDeactivation === undefined
  )
    throw invalid("type, delay, timeout and attemptsBeforeDeactivation are required.");
  const common = { type, delay, timeout, attemptsBeforeDeactivation };
  if (type === "CONNECT") return common;
  const { path, statusRegex, bodyRegex, hostHeader } = monitor;
  if (typeof path !== "string" || !path.startsWith("/") || path.length > 128)
    throw invalid("path must begin with / and have at most 128 characters.");
  const texts = Object.entries({ path, statusRegex, bodyRegex, hostHeader });
  return {
    ...common,
    ...Object.fromEntries(texts.filter((one): one is [string, Json] => one[1] !== undefined)),
  };
}

/** Session persistence, as it is kept. @throws Refusal for what the protocol cannot do */
export function readPersistence(given: JsonObject, protocol: string): JsonObject {
  const { persistenceType } = given;
  const protocols = PERSISTENCE[String(persistenceType)];
  if (protocols === undefined) throw invalid("persistenceType is invalid.");
  if (!protocols.includes(protocol))
    throw invalid(`${String(persistenceType)} session persistence is not for ${protocol} load balancers.`);
  return { persistenceType: String(persistenceType) };
}

/** A connection throttle, as it is kept. */
export function readThrottle(given: JsonObject, before: JsonObject = {}): JsonObject {
  const all = { ...before, ...given };
  const kept = {
    maxConnections: integerIn(all, "maxConnections", 0, 100_000),
    minConnections: integerIn(all, "minConnections", 0, 1_000),
    maxConnectionRate: integerIn(all, "maxConnectionRate", 0, 100_000),
    rateInterval: integerIn(all, "rateInterval", 1, 3_600),
  };
  const said = Object.entries(kept).filter((one): one is [string, number] => one[1] !== undefined);
  if (said.length === 0) throw invalid("At least one setting of the connection throttle is required.");
  return Object.fromEntries(said);
}

/** A switch, as it is kept. */
export function readSwitch({ enabled }: JsonObject): JsonObject {
  if (typeof enabled !== "boolean") throw invalid("enabled must be true or false.");
  return { enabled };
}

type Setting =
  | "healthMonitor"
  | "sessionPersistence"
  | "connectionThrottle"
  | "connectionLogging"
  | "contentCaching";

/** Gets and sets one of them. */
function settingRoutes(
  key: Setting,
  name: string,
  read: (given: JsonObject, balancer: Balancer) => JsonObject,
): Route[] {
  const path = `${BALANCER}/${key.toLowerCase()}`;
  return [
    {
      operation: `Get${name}`,
      method: "GET",
      path,
      answer: (place, call) => ({ status: 200, body: { [key]: balancerIn(place, call)[key] } }),
    },
    {
      operation: `Set${name}`,
      method: "PUT",
      path,
      answer(place, call) {
        const given = objectIn(call, key);
        const balancer = changeableIn(place, call);
        balancer[key] = read(given, balancer);
        changed(place, balancer);
        return { status: 202 };
      },
    },
  ];
}

/** Removes one of them. @param require - whether it can go */
function removal(key: Setting, name: string, require: (balancer: Balancer) => void): Route {
  return {
    operation: `Remove${name}`,
    method: "DELETE",
    path: `${BALANCER}/${key.toLowerCase()}`,
    answer(place, call) {
      const balancer = changeableIn(place, call);
      require(balancer);
      balancer[key] = {};
      changed(place, balancer);
      return { status: 202 };
    },
  };
}

const settings: Route[] = [
  ...settingRoutes("healthMonitor", "HealthMonitor", (given, { healthMonitor }) =>
    readMonitor(given, healthMonitor),
  ),
  removal("healthMonitor", "HealthMonitor", ({ nodes }) => {
    if (nodes.some(({ type }) => type === "SECONDARY"))
      throw invalid("you must remove the secondary nodes before the health monitor");
  }),
  ...settingRoutes("sessionPersistence", "SessionPersistence", (given, { protocol }) =>
    readPersistence(given, protocol),
  ),
  removal("sessionPersistence", "SessionPersistence", ({ sessionPersistence }) => {
    if (Object.keys(sessionPersistence).length === 0)
      throw refused(422, "Session persistence is already deleted.");
  }),
  ...settingRoutes("connectionThrottle", "ConnectionThrottle", (given, { connectionThrottle }) =>
    readThrottle(given, connectionThrottle),
  ),
  removal("connectionThrottle", "ConnectionThrottle", () => undefined),
  ...settingRoutes("connectionLogging", "ConnectionLogging", readSwitch),
  ...settingRoutes("contentCaching", "ContentCaching", readSwitch),
];

/** The addresses that are asked for; public ones come in both versions unless one is said. */
export function addressesFor(place: Place, given: Json | undefined): VirtualIp[] {
  const list = Array.isArray(given) ? given : [];
  if (list.length === 0) throw invalid("Must have at least one virtual ip.");
  return list.flatMap((one) => addressesOf(place, withoutNulls(one, "virtualIp")));
}

function addressesOf({ world, state }: Place, given: JsonObject): VirtualIp[] {
  if (given.id !== undefined) {
    const shared = state.balancers
      .filter(({ status }) => status !== "DELETED")
      .flatMap(({ virtualIps }) => virtualIps)
      .find(({ id }) => id === Number(given.id));
    if (shared === undefined) throw invalid("Invalid virtual IP.");
    return [shared];
  }
  const type = wordIn(given, "type", ["PUBLIC", "SERVICENET"]);
  const version = wordIn(given, "ipVersion", ["IPV4", "IPV6"]);
  if (type === undefined) throw invalid("Virtual IP type is required.");
  if (type === "SERVICENET" && version === "IPV6") throw invalid("ServiceNet addresses are IPv4 only.");
  const versions =
    version === undefined && type === "PUBLIC" ? (["IPV4", "IPV6"] as const) : [version ?? "IPV4"];
  return versions.map((ipVersion) => {
    const id = world.number();
    const prefix = type === "PUBLIC" ? "203.0.113" : "10.182.0";
    const address = ipVersion === "IPV4" ? `${prefix}.${id % 256}` : `2001:db8:1::${id.toString(16)}`;
    return { id, address, type, ipVersion };
  });
}

const virtualIps: Route[] = [
  {
    operation: "ListVirtualIps",
    method: "GET",
    path: `${BALANCER}/virtualips`,
    answer: (place, call) => ({
      status: 200,
      body: { virtualIps: balancerIn(place, call).virtualIps.map((one) => ({ ...one })) },
    }),
  },
  {
    operation: "AddVirtualIp",
    method: "POST",
    path: `${BALANCER}/virtualips`,
    answer(place, call) {
      const given = objectIn(call, "virtualIp");
      if (given.ipVersion !== "IPV6") throw invalid("Only IPv6 addresses can be added.");
      const balancer = changeableIn(place, call);
      const [made] = addressesOf(place, given);
      if (made !== undefined) balancer.virtualIps.push(made);
      changed(place, balancer);
      return { status: 202, body: { ...made } };
    },
  },
  {
    operation: "RemoveVirtualIp",
    method: "DELETE",
    path: `${BALANCER}/virtualips/:address`,
    answer(place, call) {
      const balancer = changeableIn(place, call);
      const left = balancer.virtualIps.filter(({ id }) => id !== Number(call.params.address));
      if (left.length === balancer.virtualIps.length) throw refused(404, "Virtual ip not found");
      if (left.length === 0) throw invalid("Cannot delete the last virtual ip of a load balancer.");
      balancer.virtualIps = left;
      changed(place, balancer);
      return { status: 202 };
    },
  },
];

/** Requests about settings and addresses of balancers. */
export const balancerSettings: readonly Route[] = [...settings, ...virtualIps];
