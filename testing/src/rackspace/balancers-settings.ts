/** What belongs to a balancer and is set by itself: health monitor, persistence, switches, addresses, metadata. */
import { bodyIn, integerIn, invalid, objectIn, refused, withoutNulls, wordIn } from "./balancers-form.js";
import type { Balancer, Meta, VirtualIp } from "./balancers-state.js";
import { balancerIn, changeableIn, changed } from "./balancers-status.js";
import { PERSISTENCE } from "./balancers-words.js";
import { isObject, type Json, type JsonObject } from "./json.js";
import type { Call, Route } from "./wire.js";
import type { Place } from "./world.js";

const BALANCER = "/loadbalancers/:region/v1.0/:tenant/loadbalancers/:balancer";
/** Most labels of a balancer. */
const MOST_METADATA = 25;

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

/** Labels, as they are kept. @throws Refusal for twins and for too many */
export function metadataFor({ world }: Place, before: readonly Meta[], given: Json | undefined): Meta[] {
  if (given === undefined) return [];
  if (!Array.isArray(given)) throw invalid("metadata must be a list");
  const made = given.map((one) => {
    const { key, value } = isObject(one) ? one : {};
    if (
      typeof key !== "string" ||
      key === "" ||
      key.length > 256 ||
      typeof value !== "string" ||
      value.length > 256
    )
      throw invalid("metadata needs keys and values of at most 256 characters");
    return { id: world.number(), key, value };
  });
  const keys = [...before, ...made].map(({ key }) => key);
  if (new Set(keys).size < keys.length) throw invalid("Duplicate metadata keys detected.");
  if (keys.length > MOST_METADATA)
    throw refused(413, `Metadata must not exceed ${MOST_METADATA} per load balancer.`);
  return made;
}

function metaIn({ metadata }: Balancer, { params }: Call): Meta {
  const found = metadata.find(({ id }) => id === Number(params.meta));
  if (found === undefined) throw refused(404, "Metadata not found");
  return found;
}

/** Labels do not change a balancer's status. */
const metadata: Route[] = [
  {
    operation: "ListBalancerMetadata",
    method: "GET",
    path: `${BALANCER}/metadata`,
    answer: (place, call) => ({
      status: 200,
      body: { metadata: balancerIn(place, call).metadata.map((one) => ({ ...one })) },
    }),
  },
  {
    operation: "AddBalancerMetadata",
    method: "POST",
    path: `${BALANCER}/metadata`,
    answer(place, call) {
      const body = bodyIn(call, "metadata");
      const balancer = changeableIn(place, call);
      const made = metadataFor(place, balancer.metadata, body);
      balancer.metadata.push(...made);
      return { status: 200, body: { metadata: made.map((one) => ({ ...one })) } };
    },
  },
  {
    operation: "RemoveBalancerMetadata",
    method: "DELETE",
    path: `${BALANCER}/metadata`,
    answer(place, call) {
      const ids = call.query.getAll("id").map(Number);
      const balancer = changeableIn(place, call);
      const strangers = ids.filter((id) => !balancer.metadata.some((one) => one.id === id));
      if (ids.length === 0 || strangers.length > 0)
        throw invalid(`Metadata ids ${strangers.join(",")} are not a part of your loadbalancer`);
      balancer.metadata = balancer.metadata.filter(({ id }) => !ids.includes(id));
      return { status: 200 };
    },
  },
  {
    operation: "UpdateBalancerMetadataItem",
    method: "PUT",
    path: `${BALANCER}/metadata/:meta`,
    answer(place, call) {
      const { value } = objectIn(call, "meta");
      if (typeof value !== "string") throw invalid("metadata needs a value");
      metaIn(changeableIn(place, call), call).value = value;
      return { status: 200 };
    },
  },
  {
    operation: "RemoveBalancerMetadataItem",
    method: "DELETE",
    path: `${BALANCER}/metadata/:meta`,
    answer(place, call) {
      const balancer = changeableIn(place, call);
      const meta = metaIn(balancer, call);
      balancer.metadata = balancer.metadata.filter((one) => one !== meta);
      return { status: 200 };
    },
  },
];

/** Requests about what belongs to a balancer, but for its nodes. */
export const balancerSettings: readonly Route[] = [...settings, ...virtualIps, ...metadata];
