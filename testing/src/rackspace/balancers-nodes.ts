/** Nodes of balancers. @see facts/rackspace-api.md, section 3.3 */
import {
  bodyIn,
  integerIn,
  invalid,
  objectIn,
  refused,
  shownNode,
  withoutNulls,
  wordIn,
} from "./balancers-form.js";
import type { Balancer, Node } from "./balancers-state.js";
import { balancerIn, changeableIn, changed, nodeIn } from "./balancers-status.js";
import { isObject, type Json, type JsonObject } from "./json.js";
import type { Call, Route } from "./wire.js";
import type { Place } from "./world.js";

/** Most that one call removes. */
export const MOST_REMOVALS = 10;

const CONDITIONS = ["ENABLED", "DISABLED", "DRAINING"] as const;
const TYPES = ["PRIMARY", "SECONDARY"] as const;

/** A node, as it was given. @throws Refusal for what is no node */
export function readNode(given: Json): Omit<Node, "id" | "checkedAtMs"> {
  const node = withoutNulls(given, "node");
  const { address } = node;
  const port = integerIn(node, "port", 1, 65_535);
  if (typeof address !== "string" || address === "" || port === undefined)
    throw invalid("Node address and port are required.");
  return {
    address,
    port,
    condition: wordIn(node, "condition", CONDITIONS) ?? "ENABLED",
    type: wordIn(node, "type", TYPES) ?? "PRIMARY",
    weight: weightIn(node) ?? 1,
  };
}

function weightIn(node: JsonObject): number | undefined {
  try {
    return integerIn(node, "weight", 1, 100);
  } catch {
    throw invalid("Node weight is invalid. Range is 1-100. Please specify a valid weight.");
  }
}

/** Adds nodes to a balancer, or to one that is being made. @throws Refusal for twins and for too many */
export function addNodes(
  { world }: Place,
  balancer: Balancer,
  given: readonly Omit<Node, "id" | "checkedAtMs">[],
): Node[] {
  const keys = [...balancer.nodes, ...given].map(({ address, port }) => `${address} ${port}`);
  if (new Set(keys).size < keys.length)
    throw refused(422, "Duplicate nodes detected. One or more nodes already configured on load balancer.");
  if (keys.length > world.behaviour.maxNodes)
    throw refused(413, `Nodes must not exceed ${world.behaviour.maxNodes} per load balancer.`);
  const checkedAtMs = world.now() + world.behaviour.nodeCheckMs;
  const made = given.map((one) => ({ id: world.number(), ...one, checkedAtMs }));
  requireTypes(balancer, [...balancer.nodes, ...made]);
  balancer.nodes.push(...made);
  return made;
}

function requireTypes({ healthMonitor }: Balancer, nodes: readonly Node[]): void {
  if (!nodes.some(({ type }) => type === "SECONDARY")) return;
  if (Object.keys(healthMonitor).length === 0)
    throw invalid("you must enable health monitoring to use secondary nodes");
  if (!nodes.some(({ type, condition }) => type === "PRIMARY" && condition === "ENABLED"))
    throw invalid("you must have at least one primary node enabled");
}

/** What is changed of a node. @throws Refusal for what cannot be changed */
function readChange(call: Call): Partial<Pick<Node, "condition" | "type" | "weight">> {
  const given = objectIn(call, "node");
  const faults = [
    ...("address" in given ? ["Node ip field cannot be modified."] : []),
    ...("port" in given ? ["Port field cannot be modified."] : []),
    ...("id" in given ? ["Node id field cannot be modified."] : []),
  ];
  if (faults.length > 0) throw invalid(...faults);
  const [condition, type, weight] = [
    wordIn(given, "condition", CONDITIONS),
    wordIn(given, "type", TYPES),
    weightIn(given),
  ];
  return {
    ...(condition === undefined ? {} : { condition }),
    ...(type === undefined ? {} : { type }),
    ...(weight === undefined ? {} : { weight }),
  };
}

/** Ids of the query, of which one call takes few. */
export function idsIn({ query }: Call, what: string): number[] {
  const ids = query.getAll("id").map(Number);
  if (ids.length === 0) throw refused(400, "Must supply one or more id's to process this request.");
  if (ids.length > MOST_REMOVALS)
    throw invalid(
      `Request to delete ${ids.length} ${what} exceeds the account limit BATCH_DELETE_LIMIT of ${MOST_REMOVALS} please attempt to delete fewer then ${MOST_REMOVALS} ${what}`,
    );
  return ids;
}

function removeMany(place: Place, call: Call): void {
  const ids = idsIn(call, "nodes");
  const balancer = balancerIn(place, call);
  if (balancer.status !== "ACTIVE") throw refused(422, "LoadBalancer is not ACTIVE");
  const strangers = ids.filter((id) => !balancer.nodes.some((node) => node.id === id));
  if (strangers.length > 0)
    throw invalid(`Node ids ${strangers.join(",")} are not a part of your loadbalancer`);
  balancer.nodes = balancer.nodes.filter(({ id }) => !ids.includes(id));
  changed(place, balancer);
}

const NODES = "/loadbalancers/:region/v1.0/:tenant/loadbalancers/:balancer/nodes";

/** Requests about nodes. */
export const balancerNodes: readonly Route[] = [
  {
    operation: "ListNodes",
    method: "GET",
    path: NODES,
    answer(place, call) {
      const balancer = balancerIn(place, call);
      return { status: 200, body: { nodes: balancer.nodes.map((one) => shownNode(place, balancer, one)) } };
    },
  },
  {
    operation: "AddNodes",
    method: "POST",
    path: NODES,
    answer(place, call) {
      const body = bodyIn(call, "nodes");
      const one = isObject(body) && isObject(body.node) ? body.node : body;
      const given = (Array.isArray(one) ? one : [one]).map(readNode);
      if (given.length === 0) throw invalid("At least one node is required.");
      const balancer = changeableIn(place, call);
      const nodes = addNodes(place, balancer, given).map((node) => shownNode(place, balancer, node, true));
      changed(place, balancer);
      return { status: 202, body: { nodes } };
    },
  },
  {
    operation: "RemoveNodes",
    method: "DELETE",
    path: NODES,
    answer(place, call) {
      removeMany(place, call);
      return { status: 202 };
    },
  },
  {
    operation: "GetNode",
    method: "GET",
    path: `${NODES}/:node`,
    answer(place, call) {
      const balancer = balancerIn(place, call);
      return { status: 200, body: { node: shownNode(place, balancer, nodeIn(balancer, call)) } };
    },
  },
  {
    operation: "UpdateNode",
    method: "PUT",
    path: `${NODES}/:node`,
    answer(place, call) {
      const change = readChange(call);
      const balancer = changeableIn(place, call);
      const node = nodeIn(balancer, call);
      requireTypes(
        balancer,
        balancer.nodes.map((one) => (one === node ? { ...node, ...change } : one)),
      );
      Object.assign(node, change);
      changed(place, balancer);
      return { status: 202 };
    },
  },
  {
    operation: "RemoveNode",
    method: "DELETE",
    path: `${NODES}/:node`,
    answer(place, call) {
      const balancer = changeableIn(place, call);
      const node = nodeIn(balancer, call);
      balancer.nodes = balancer.nodes.filter((one) => one !== node);
      changed(place, balancer);
      return { status: 202 };
    },
  },
];
