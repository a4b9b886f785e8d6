/** Cloud Load Balancers v1.0. @see facts/rackspace-api.md, section 3 */
import {
  integerIn,
  invalid,
  objectIn,
  refuseBalancers,
  refused,
  shortBalancer,
  shownBalancer,
  withoutNulls,
  wordIn,
} from "./balancers-form.js";
import { balancerMetadata, metadataFor } from "./balancers-metadata.js";
import { addNodes, balancerNodes, idsIn, MOST_REMOVALS, readNode } from "./balancers-nodes.js";
import {
  addressesFor,
  balancerSettings,
  readMonitor,
  readPersistence,
  readSwitch,
  readThrottle,
} from "./balancers-settings.js";
import type { Balancer } from "./balancers-state.js";
import { balancerIn, balancerOf, changeableIn, changed, pending, requireActive } from "./balancers-status.js";
import { ALGORITHMS, PROTOCOLS } from "./balancers-words.js";
import type { Json, JsonObject } from "./json.js";
import type { Answer, Call, Route, Service } from "./wire.js";
import type { Place } from "./world.js";

const ROOT = "/loadbalancers/:region/v1.0/:tenant/loadbalancers";
const MOST_PER_PAGE = 100;
const CHANGEABLE = ["name", "algorithm", "protocol", "port", "timeout", "halfClosed", "httpsRedirect"];
const SERVICE_OWN = ["id", "status", "cluster", "created", "updated", "sslTermination"];

function textIn(given: JsonObject, key: string, most: number): string | undefined {
  const value = given[key];
  if (value === undefined) return undefined;
  if (typeof value !== "string" || value === "" || value.length > most)
    throw invalid(`${key} must have 1 to ${most} characters.`);
  return value;
}

type Plain = Pick<
  Balancer,
  "name" | "algorithm" | "protocol" | "port" | "timeout" | "halfClosed" | "httpsRedirect"
>;

/** What of a balancer is neither list nor part, on the grounds of what it is without it. */
function readPlain(
  given: JsonObject,
  before: Omit<Plain, "name" | "protocol" | "port"> & Partial<Plain>,
): Plain {
  const name = textIn(given, "name", 128) ?? before.name;
  const protocol = wordIn(given, "protocol", Object.keys(PROTOCOLS)) ?? before.protocol;
  if (name === undefined || protocol === undefined)
    throw invalid("Load balancer name and protocol are required.");
  const port = integerIn(given, "port", 1, 65_535) ?? before.port ?? PROTOCOLS[protocol] ?? 0;
  if (port === 0) throw invalid(`Port is required for protocol ${protocol}.`);
  return {
    name,
    protocol,
    port,
    algorithm: wordIn(given, "algorithm", ALGORITHMS) ?? before.algorithm,
    timeout: integerIn(given, "timeout", 30, 120) ?? before.timeout,
    halfClosed: typeof given.halfClosed === "boolean" ? given.halfClosed : before.halfClosed,
    httpsRedirect: typeof given.httpsRedirect === "boolean" ? given.httpsRedirect : before.httpsRedirect,
  };
}

function made(place: Place, given: JsonObject): Balancer {
  const { world } = place;
  const own = SERVICE_OWN.filter((key) => key in given);
  if (own.length > 0) throw invalid(...own.map((key) => `Load balancer ${key} field cannot be modified.`));
  const usual = { algorithm: "RANDOM", timeout: 30, halfClosed: false, httpsRedirect: false };
  const plain = readPlain(given, usual);
  const part = (
    key: string,
    read: (one: JsonObject) => JsonObject,
    otherwise: JsonObject = {},
  ): JsonObject => (given[key] === undefined ? otherwise : read(withoutNulls(given[key], key)));
  const nodes = listIn(given, "nodes").map(readNode);
  if (nodes.some(({ condition }) => condition === "DRAINING"))
    throw invalid("Nodes of a new load balancer cannot be DRAINING.");
  const balancer: Balancer = {
    id: world.number(),
    ...plain,
    status: "BUILD",
    nodes: [],
    virtualIps: addressesFor(place, given.virtualIps),
    healthMonitor: part("healthMonitor", readMonitor),
    sessionPersistence: part("sessionPersistence", (one) => readPersistence(one, plain.protocol)),
    connectionThrottle: part("connectionThrottle", readThrottle),
    connectionLogging: part("connectionLogging", readSwitch, { enabled: false }),
    contentCaching: part("contentCaching", readSwitch, { enabled: false }),
    metadata: metadataFor(place, [], given.metadata),
    createdAtMs: world.now(),
    updatedAtMs: world.now(),
    changes: 0,
  };
  addNodes(place, balancer, nodes);
  return balancer;
}

function listIn(given: JsonObject, key: string): Json[] {
  const value = given[key] ?? [];
  if (!Array.isArray(value)) throw invalid(`${key} must be a list`);
  return value;
}

function create(place: Place, call: Call): Answer {
  const balancer = made(place, objectIn(call, "loadBalancer"));
  const { maxBalancers, balancerBuildMs: ms } = place.world.behaviour;
  const living = place.state.balancers.filter(({ status }) => status !== "DELETED");
  if (living.length >= maxBalancers)
    throw refused(413, `Load balancers must not exceed ${maxBalancers} per account.`);
  place.state.balancers.push(balancer);
  pending(place, balancer, { status: "BUILD", ms, next: "ACTIVE" });
  return { status: 202, body: { loadBalancer: shownBalancer(place, balancer, true) } };
}

/** Balancers by id. The marker is the first of the page, unlike Autoscale's. */
function list({ state }: Place, { query }: Call): Answer {
  const [status, name, address] = ["status", "name", "nodeaddress"].map((key) => query.get(key));
  const limit = Math.min(Number(query.get("limit") ?? MOST_PER_PAGE), MOST_PER_PAGE);
  const marker = Number(query.get("marker") ?? 0);
  const offset = Number(query.get("offset") ?? 0);
  if (![limit, marker, offset].every((one) => Number.isInteger(one) && one >= 0))
    throw refused(400, "Invalid paging parameters");
  const fitting = state.balancers
    .filter((one) => (typeof status === "string" ? one.status === status : one.status !== "DELETED"))
    .filter((one) => typeof name !== "string" || one.name === name)
    .filter((one) => typeof address !== "string" || one.nodes.some((node) => node.address === address))
    .filter(({ id }) => id >= marker);
  const page = fitting.slice(offset, offset + limit);
  return { status: 200, body: { loadBalancers: page.map(shortBalancer) } };
}

function update(place: Place, call: Call): Answer {
  const given = objectIn(call, "loadBalancer");
  const fixed = Object.keys(given).filter((key) => !CHANGEABLE.includes(key));
  if (fixed.length > 0)
    throw invalid(...fixed.map((key) => `Load balancer ${key} field cannot be modified.`));
  if (Object.keys(given).length === 0)
    throw invalid("The load balancer must have at least one of its fields.");
  const balancer = changeableIn(place, call);
  const plain = readPlain(given, balancer);
  if (plain.protocol !== balancer.protocol) balancer.sessionPersistence = {};
  Object.assign(balancer, plain);
  changed(place, balancer);
  return { status: 202 };
}

function end(place: Place, balancer: Balancer): void {
  const ms = place.world.behaviour.balancerDeleteMs;
  pending(place, balancer, { status: "PENDING_DELETE", ms, next: "DELETED" });
}

/** One in ERROR can be deleted, too. */
function requireDeletable(balancer: Balancer): void {
  if (balancer.status !== "ERROR") requireActive(balancer);
}

const balancerRoutes: Route[] = [
  { operation: "ListBalancers", method: "GET", path: ROOT, answer: list },
  { operation: "CreateBalancer", method: "POST", path: ROOT, answer: create },
  {
    operation: "DeleteBalancers",
    method: "DELETE",
    path: ROOT,
    answer(place, call) {
      const found = idsIn(call, "loadbalancers").map((id) => balancerOf(place, id));
      for (const one of found) requireDeletable(one);
      for (const one of found) end(place, one);
      return { status: 202 };
    },
  },
  {
    operation: "ListAlgorithms",
    method: "GET",
    path: `${ROOT}/algorithms`,
    answer: () => ({ status: 200, body: { algorithms: ALGORITHMS.map((name) => ({ name })) } }),
  },
  {
    operation: "ListProtocols",
    method: "GET",
    path: `${ROOT}/protocols`,
    answer: () => ({
      status: 200,
      body: { protocols: Object.entries(PROTOCOLS).map(([name, port]) => ({ name, port })) },
    }),
  },
  {
    operation: "GetBalancerLimits",
    method: "GET",
    path: `${ROOT}/absolutelimits`,
    answer: ({ world }) => ({
      status: 200,
      body: {
        absolute: [
          { name: "LOADBALANCER_LIMIT", value: world.behaviour.maxBalancers },
          { name: "NODE_LIMIT", value: world.behaviour.maxNodes },
          { name: "BATCH_DELETE_LIMIT", value: MOST_REMOVALS },
        ],
      },
    }),
  },
  {
    operation: "GetBalancer",
    method: "GET",
    path: `${ROOT}/:balancer`,
    answer: (place, call) => ({
      status: 200,
      body: { loadBalancer: shownBalancer(place, balancerIn(place, call)) },
    }),
  },
  { operation: "UpdateBalancer", method: "PUT", path: `${ROOT}/:balancer`, answer: update },
  {
    operation: "DeleteBalancer",
    method: "DELETE",
    path: `${ROOT}/:balancer`,
    answer(place, call) {
      const balancer = balancerIn(place, call);
      requireDeletable(balancer);
      end(place, balancer);
      return { status: 202 };
    },
  },
];

/** Balancers with their nodes and settings, of one region. */
export const balancers: Service = {
  routes: [...balancerRoutes, ...balancerNodes, ...balancerSettings, ...balancerMetadata],
  refuse: refuseBalancers,
};
