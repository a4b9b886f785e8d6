import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Ask, asking } from "./asking.js";
import type { JsonObject } from "./json.js";
import { type RackspaceStandIn, startRackspace } from "./stand-in.js";
import { IMAGE_ID } from "./state.js";

const SECOND_MS = 1_000;

let cloud: RackspaceStandIn;
let ask: Ask;

beforeEach(async () => {
  cloud = await startRackspace({
    startAtMs: Date.UTC(2031, 0, 1),
    balancerBuildMs: 10 * SECOND_MS,
    balancerUpdateMs: 5 * SECOND_MS,
    balancerDeleteMs: 5 * SECOND_MS,
  });
  ask = await asking(cloud, "rax:load-balancer");
});
afterEach(() => cloud.stop());

const node = (last: number): JsonObject => ({ address: `10.1.1.${last}`, port: 80, condition: "ENABLED" });

/** Makes a balancer that is ACTIVE. */
async function makeBalancer(given: JsonObject = {}): Promise<string> {
  const loadBalancer = { name: "lb", protocol: "HTTP", virtualIps: [{ type: "PUBLIC" }], ...given };
  const { body } = await ask("POST", "/loadbalancers", { loadBalancer });
  cloud.advance(10 * SECOND_MS);
  return `/loadbalancers/${Number(body.loadBalancer?.id)}`;
}

const shown = async (path: string) => (await ask("GET", path)).body.loadBalancer;

describe("a balancer", () => {
  it("is built, changed and deleted in its own time, and takes one change at a time", async () => {
    const made = await ask("POST", "/loadbalancers", {
      loadBalancer: {
        name: "lb",
        protocol: "HTTP",
        port: null,
        virtualIps: [{ type: "PUBLIC" }],
        nodes: [node(1)],
      },
    });
    expect(made).toMatchObject({
      status: 202,
      body: { loadBalancer: { status: "BUILD", port: 80, algorithm: "RANDOM", timeout: 30 } },
    });
    const path = `/loadbalancers/${Number(made.body.loadBalancer?.id)}`;
    const early = await ask("PUT", path, { loadBalancer: { name: "early" } });
    expect(early).toMatchObject({
      status: 422,
      body: {
        code: 422,
        message: expect.stringMatching(/^Load Balancer '\d+' has a status of 'BUILD' and is/) as string,
      },
    });
    cloud.advance(10 * SECOND_MS);
    expect((await ask("PUT", path, { name: "bare" })).status).toBe(202);
    expect(await shown(path)).toMatchObject({ status: "PENDING_UPDATE", name: "bare" });
    expect((await ask("POST", `${path}/nodes`, { nodes: [node(2)] })).status).toBe(422);
    cloud.advance(5 * SECOND_MS);
    expect((await ask("DELETE", path)).status).toBe(202);
    expect(await shown(path)).toMatchObject({ status: "PENDING_DELETE" });
    cloud.advance(5 * SECOND_MS);
    expect(await ask("GET", path)).toMatchObject({
      status: 410,
      body: { message: "The loadbalancer is marked as deleted." },
    });
    expect((await ask("GET", "/loadbalancers")).body).toEqual({ loadBalancers: [] });
    expect((await ask("GET", "/loadbalancers?status=DELETED")).body).toMatchObject({
      loadBalancers: [{ name: "bare" }],
    });
  });

  it("has addresses of both versions unless one is said, and keeps its last", async () => {
    const path = await makeBalancer({ virtualIps: [{ type: "PUBLIC" }] });
    const { virtualIps } = (await ask("GET", `${path}/virtualips`)).body;
    expect(virtualIps).toMatchObject([{ ipVersion: "IPV4" }, { ipVersion: "IPV6" }]);
    const private_ = await makeBalancer({ virtualIps: [{ type: "SERVICENET" }] });
    const last = (await ask("GET", `${private_}/virtualips`)).body.virtualIps;
    expect(last).toMatchObject([{ type: "SERVICENET", ipVersion: "IPV4" }]);
    expect((await ask("DELETE", `${private_}/virtualips/${Number(last?.[0]?.id)}`)).status).toBe(400);
  });

  it("has a health monitor, persistence and a throttle that are set and removed", async () => {
    const path = await makeBalancer();
    expect((await ask("GET", `${path}/healthmonitor`)).body).toEqual({ healthMonitor: {} });
    const healthMonitor = { type: "CONNECT", delay: 10, timeout: 10, attemptsBeforeDeactivation: 3 };
    const set = async (name: string, body: JsonObject): Promise<number> => {
      const { status } = await ask("PUT", `${path}/${name}`, body);
      cloud.advance(5 * SECOND_MS);
      return status;
    };
    expect(await set("healthmonitor", { healthMonitor })).toBe(202);
    expect(await set("sessionpersistence", { sessionPersistence: { persistenceType: "SSL_ID" } })).toBe(400);
    expect(await set("sessionpersistence", { sessionPersistence: { persistenceType: "HTTP_COOKIE" } })).toBe(
      202,
    );
    expect(await set("connectionthrottle", { maxConnections: 10 })).toBe(202);
    expect((await ask("GET", `${path}/healthmonitor`)).body).toEqual({ healthMonitor });
    expect(await shown(path)).toMatchObject({ sessionPersistence: { persistenceType: "HTTP_COOKIE" } });
    expect((await ask("DELETE", `${path}/sessionpersistence`)).status).toBe(202);
    cloud.advance(5 * SECOND_MS);
    expect((await ask("DELETE", `${path}/sessionpersistence`)).status).toBe(422);
  });

  it("is listed from a marker on, itself included, and by name", async () => {
    const [first, second] = [await makeBalancer({ name: "a" }), await makeBalancer({ name: "b" })];
    const idOf = (path: string): number => Number(path.split("/").at(-1));
    const page = await ask("GET", `/loadbalancers?limit=1&marker=${idOf(second)}`);
    expect(page.body).toMatchObject({ loadBalancers: [{ id: idOf(second), nodeCount: 0 }] });
    expect((await ask("GET", "/loadbalancers?name=a")).body).toMatchObject({
      loadBalancers: [{ id: idOf(first) }],
    });
  });

  it.each([
    ["no JSON", "{", { message: ["JSON does not match the expected schema"] }],
    ["no address", { virtualIps: [] }, { message: "Validation Failure" }],
    ["a port that must be said", { protocol: "TCP" }, { message: "Validation Failure" }],
    [
      "a status",
      { status: "ACTIVE" },
      { validationErrors: { messages: ["Load balancer status field cannot be modified."] } },
    ],
    [
      "a node that drains",
      { nodes: [{ ...node(1), condition: "DRAINING" }] },
      { message: "Validation Failure" },
    ],
  ])("is refused with %s", async (_what, given, body) => {
    const usual = { name: "lb", protocol: "HTTP", virtualIps: [{ type: "PUBLIC" }] };
    const json = typeof given === "string" ? given : { ...usual, ...given };
    expect(await ask("POST", "/loadbalancers", json)).toMatchObject({ status: 400, body });
  });

  it("is refused when there are too many, or its like is not there", async () => {
    cloud.behaviour.maxBalancers = 1;
    await makeBalancer();
    const more = { name: "lb", protocol: "HTTP", virtualIps: [{ type: "PUBLIC" }] };
    expect(await ask("POST", "/loadbalancers", more)).toMatchObject({ status: 413, body: { code: 413 } });
    expect(await ask("GET", "/loadbalancers/9999")).toMatchObject({
      status: 404,
      body: { message: "Load balancer not found", code: 404 },
    });
  });
});

describe("nodes", () => {
  it("come several at once, are changed, and go one or several at once", async () => {
    const path = `${await makeBalancer({ nodes: [node(1)] })}/nodes`;
    const added = await ask("POST", path, { nodes: [node(2), { ...node(3), id: null }] });
    expect(added).toMatchObject({ status: 202, body: { nodes: [{ status: "ONLINE", weight: 1 }, {}] } });
    cloud.advance(5 * SECOND_MS);
    const ids = ((await ask("GET", path)).body.nodes as unknown as { id: number }[]).map(({ id }) => id);
    expect((await ask("PUT", `${path}/${ids[0]}`, { node: { condition: "DRAINING" } })).status).toBe(202);
    cloud.advance(5 * SECOND_MS);
    expect((await ask("GET", `${path}/${ids[0]}`)).body).toMatchObject({ node: { condition: "DRAINING" } });
    expect(await ask("DELETE", `${path}?id=${ids[1]}&id=9999`)).toMatchObject({
      status: 400,
      body: { validationErrors: { messages: ["Node ids 9999 are not a part of your loadbalancer"] } },
    });
    expect((await ask("DELETE", `${path}?id=${ids[1]}&id=${ids[2]}`)).status).toBe(202);
    cloud.advance(5 * SECOND_MS);
    expect((await ask("DELETE", `${path}/${ids[0]}`)).status).toBe(202);
    expect((await ask("GET", path)).body).toEqual({ nodes: [] });
  });

  it.each([
    ["twins", { nodes: [node(1)] }, 422, /^Duplicate nodes detected/],
    ["too many", { nodes: [node(2), node(3)] }, 413, /^Nodes must not exceed 2 per load balancer\.$/],
    ["a weight of 0", { nodes: [{ ...node(2), weight: 0 }] }, 400, /^Validation Failure$/],
    [
      "a second rank without a health monitor",
      { nodes: [{ ...node(2), type: "SECONDARY" }] },
      400,
      /Failure/,
    ],
  ])("that are %s are refused", async (_what, body, status, message) => {
    cloud.behaviour.maxNodes = 2;
    const path = `${await makeBalancer({ nodes: [node(1)] })}/nodes`;
    const said = await ask("POST", path, body);
    expect(said.status).toBe(status);
    expect(said.body.message).toMatch(message);
  });

  it("are OFFLINE while a health monitor finds them sick", async () => {
    const healthMonitor = { type: "CONNECT", delay: 10, timeout: 10, attemptsBeforeDeactivation: 3 };
    const path = await makeBalancer({ nodes: [node(1), node(2)], healthMonitor });
    cloud.region().sick.push("10.1.1.2");
    expect(await shown(path)).toMatchObject({ nodes: [{ status: "ONLINE" }, { status: "OFFLINE" }] });
    await ask("DELETE", `${path}/healthmonitor`);
    expect(await shown(path)).toMatchObject({ nodes: [{ status: "ONLINE" }, { status: "ONLINE" }] });
  });
});

describe("a scaling group's servers", () => {
  const groupFor = (paths: string[], more: JsonObject = {}): JsonObject => ({
    groupConfiguration: { name: "web", cooldown: 0, minEntities: 2, maxEntities: 4 },
    launchConfiguration: {
      type: "launch_server",
      args: {
        server: { name: "web", flavorRef: "2", imageRef: IMAGE_ID },
        loadBalancers: paths.map((path) => ({ loadBalancerId: Number(path.split("/").at(-1)), port: 8080 })),
        ...more,
      },
    },
  });

  async function makeGroup(
    body: JsonObject,
  ): Promise<{ state(): Promise<unknown>; shrink(): Promise<unknown> }> {
    const groups = await asking(cloud, "rax:autoscale");
    const made = await groups("POST", "/groups", body);
    const path = `/groups/${String(made.body.group?.id)}`;
    cloud.advance(60 * SECOND_MS);
    return {
      state: async () => (await groups("GET", `${path}/state`)).body.group,
      shrink: () =>
        groups("PUT", `${path}/config`, {
          name: "web",
          cooldown: 0,
          minEntities: 1,
          maxEntities: 1,
          metadata: {},
        }),
    };
  }

  it("come behind their balancers, come back when they were taken away, and leave when they end", async () => {
    const path = await makeBalancer();
    const group = await makeGroup(groupFor([path]));
    const addresses = cloud.region().servers.map(({ addresses }) => addresses.private?.[0]?.addr);
    const nodes = () => cloud.region().balancers[0]?.nodes.map(({ address, port }) => ({ address, port }));
    expect(nodes()).toEqual(addresses.map((address) => ({ address, port: 8080 })));
    expect(await group.state()).toMatchObject({ activeCapacity: 2 });
    cloud.region().balancers[0]?.nodes.pop();
    cloud.advance(60 * SECOND_MS);
    expect(nodes()).toHaveLength(2);
    await group.shrink();
    cloud.advance(60 * SECOND_MS);
    expect(nodes()).toEqual([{ address: addresses[1], port: 8080 }]);
    expect(cloud.region().servers.map(({ status }) => status)).toEqual(["DELETED", "ACTIVE"]);
  });

  it("finish their requests first where the group has a time for that", async () => {
    const path = await makeBalancer();
    const group = await makeGroup(groupFor([path], { draining_timeout: 60 }));
    await group.shrink();
    cloud.advance(30 * SECOND_MS);
    expect(cloud.region().balancers[0]?.nodes.map(({ condition }) => condition)).toEqual([
      "DRAINING",
      "ENABLED",
    ]);
    expect(cloud.region().servers[0]).toMatchObject({
      status: "ACTIVE",
      metadata: { "rax:autoscale:server:state": "DRAINING" },
    });
    cloud.advance(60 * SECOND_MS);
    expect(cloud.region().balancers[0]?.nodes).toHaveLength(1);
    expect(cloud.region().servers[0]).toMatchObject({ status: "DELETED" });
  });

  it("get no requests before the health monitor has found them well", async () => {
    cloud.behaviour.nodeCheckMs = 120 * SECOND_MS;
    const healthMonitor = { type: "CONNECT", delay: 10, timeout: 10, attemptsBeforeDeactivation: 3 };
    await makeGroup(groupFor([await makeBalancer({ healthMonitor })]));
    const conditions = () => cloud.region().balancers[0]?.nodes.map(({ condition }) => condition);
    expect(conditions()).toEqual(["DRAINING", "DRAINING"]);
    cloud.advance(120 * SECOND_MS);
    expect(conditions()).toEqual(["ENABLED", "ENABLED"]);
  });

  it.each([
    ["is not there", "Cloud Load Balancer does not exist: 9999"],
    ["is full", /^Cannot create more than 1 nodes in Cloud Load Balancer \d+$/],
  ])("are in a group in ERROR when a balancer %s", async (what, message) => {
    const path = what === "is full" ? await makeBalancer() : "/loadbalancers/9999";
    cloud.behaviour.maxNodes = 1;
    const group = await makeGroup(groupFor([path]));
    const pattern = typeof message === "string" ? message : (expect.stringMatching(message) as string);
    expect(await group.state()).toMatchObject({
      status: "ERROR",
      activeCapacity: 0,
      errors: [{ message: pattern }],
    });
  });
});
