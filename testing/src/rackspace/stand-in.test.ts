import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Ask, asking, send } from "./asking.js";
import type { RackspaceFault } from "./faults.js";
import { type RackspaceStandIn, startRackspace } from "./stand-in.js";
import { IMAGE_ID } from "./state.js";

const MINUTE_MS = 60_000;

let cloud: RackspaceStandIn;
let ask: Ask;

beforeEach(async () => {
  cloud = await startRackspace({ startAtMs: Date.UTC(2031, 0, 1), buildMs: MINUTE_MS });
  ask = await asking(cloud, "compute");
});
afterEach(() => cloud.stop());

const server = { name: "web", imageRef: IMAGE_ID, flavorRef: "general1-2" };

/** Makes a server. @returns its path */
async function makeServer(given = {}): Promise<string> {
  const { body } = await ask("POST", "/servers", { server: { ...server, ...given } });
  return `/servers/${String(body.server?.id)}`;
}

const statusOf = async (path: string) => (await ask("GET", path)).body.server?.status;

describe("tokens", () => {
  const authenticate = (auth: object) =>
    send(`${cloud.identityUrl}/tokens`, "POST", JSON.stringify({ auth }));
  const key = { username: "tester", apiKey: "key" };

  it("come for an API key or a password, the same one until it has less than an hour", async () => {
    const first = await authenticate({ "RAX-KSKEY:apiKeyCredentials": key });
    const again = await authenticate({ passwordCredentials: { username: "tester", password: "password" } });
    expect(again.body.access?.token?.id).toBe(first.body.access?.token?.id);
    cloud.advance(23.5 * 60 * MINUTE_MS);
    const later = await authenticate({ "RAX-KSKEY:apiKeyCredentials": key });
    expect(later.body.access?.token?.id).not.toBe(first.body.access?.token?.id);
  });

  it("have a catalog by type and region, monitoring without one", async () => {
    const { body } = await authenticate({ "RAX-KSKEY:apiKeyCredentials": key });
    const catalog = body.access?.serviceCatalog as unknown as {
      type: string;
      endpoints: { region?: string }[];
    }[];
    const regionsOf = (type: string) =>
      catalog
        .filter((one) => one.type === type)
        .flatMap(({ endpoints }) => endpoints.map(({ region }) => region));
    expect(regionsOf("rax:autoscale")).toEqual(["DFW", "ORD"]);
    expect(regionsOf("rax:monitor")).toEqual([undefined]);
  });

  it.each([
    [{ "RAX-KSKEY:apiKeyCredentials": { ...key, apiKey: "other" } }, 401, "unauthorized"],
    [{ "RAX-KSKEY:apiKeyCredentials": key, tenantId: "1" }, 401, "unauthorized"],
    [{ "RAX-KSKEY:apiKeyCredentials": key, tenantId: "123456", tenantName: "123456" }, 400, "badRequest"],
  ])("are refused for %j", async (auth, code, fault) => {
    expect(await authenticate(auth)).toMatchObject({ status: code, body: { [fault]: { code } } });
  });

  it("that are over, revoked or of another tenant open nothing", async () => {
    cloud.advance(24 * 60 * MINUTE_MS);
    expect((await ask("GET", "/servers")).status).toBe(401);
    ask = await asking(cloud, "compute");
    cloud.revokeTokens();
    expect((await ask("GET", "/servers")).status).toBe(401);
    const { body } = await authenticate({ "RAX-KSKEY:apiKeyCredentials": key });
    const token = String(body.access?.token?.id);
    expect((await send(`${cloud.url}/servers/DFW/v2/999/servers`, "GET", undefined, token)).status).toBe(403);
  });
});

describe("servers", () => {
  it("take their time to build and to end", async () => {
    cloud.behaviour.deleteMs = MINUTE_MS;
    const path = await makeServer();
    expect(await statusOf(path)).toBe("BUILD");
    cloud.advance(MINUTE_MS);
    expect(await statusOf(path)).toBe("ACTIVE");
    expect((await ask("DELETE", path)).status).toBe(204);
    expect((await ask("GET", path)).body.server).toMatchObject({ "OS-EXT-STS:task_state": "deleting" });
    cloud.advance(MINUTE_MS);
    expect(await ask("GET", path)).toMatchObject({ status: 404, body: { itemNotFound: { code: 404 } } });
    const changes = await ask("GET", "/servers/detail?changes-since=2031-01-01T00:00:30Z");
    expect(changes.body.servers).toMatchObject([{ status: "DELETED" }]);
  });

  it("are listed the newest first, in pages, by pattern and status", async () => {
    for (const name of ["web-1", "web-2", "db-1"]) await makeServer({ name });
    const first = await ask("GET", "/servers/detail?limit=2");
    expect(first.body.servers).toMatchObject([{ name: "db-1" }, { name: "web-2" }]);
    const query = new URL(String(first.body.servers_links?.[0]?.href)).search;
    expect((await ask("GET", `/servers/detail${query}`)).body.servers).toMatchObject([{ name: "web-1" }]);
    expect((await ask("GET", "/servers?name=%5Eweb")).body.servers).toMatchObject([
      { name: "web-2" },
      { name: "web-1" },
    ]);
    expect((await ask("GET", "/servers/detail?status=ACTIVE")).body.servers).toEqual([]);
  });

  it("have metadata that is replaced, merged and set one by one", async () => {
    const path = `${await makeServer({ metadata: { a: "1" } })}/metadata`;
    expect((await ask("POST", path, { metadata: { b: "2" } })).body).toEqual({
      metadata: { a: "1", b: "2" },
    });
    expect((await ask("PUT", `${path}/c`, { meta: { d: "3" } })).body).toMatchObject({
      badRequest: { code: 400 },
    });
    expect((await ask("PUT", `${path}/c`, { meta: { c: "3" } })).body).toEqual({ meta: { c: "3" } });
    expect((await ask("DELETE", `${path}/a`)).status).toBe(204);
    expect((await ask("PUT", path, { metadata: { e: "5" } })).body).toEqual({ metadata: { e: "5" } });
    const many = Object.fromEntries(Array.from({ length: 41 }, (_, index) => [`k${index}`, "v"]));
    expect((await ask("PUT", path, { metadata: many })).body).toMatchObject({ forbidden: { code: 403 } });
  });

  it.each([
    [{ flavorRef: "none" }, 400, "badRequest"],
    [{ imageRef: "none" }, 400, "badRequest"],
    [{ name: "" }, 400, "badRequest"],
    [{ personality: Array.from({ length: 6 }, () => ({ path: "/a", contents: "" })) }, 403, "forbidden"],
  ])("are refused with %j", async (given, code, fault) => {
    const said = await ask("POST", "/servers", { server: { ...server, ...given } });
    expect(said).toMatchObject({ status: code, body: { [fault]: { code } } });
  });

  it("are refused beyond the quota", async () => {
    cloud.behaviour.maxServers = 1;
    await makeServer();
    expect((await ask("POST", "/servers", { server })).body).toMatchObject({
      forbidden: { message: expect.stringContaining("already used 1 of 1 instances") as string },
    });
  });

  it("boot from images or volumes, on flavors that are listed", async () => {
    const path = await makeServer({ imageRef: "", block_device_mapping_v2: [{ uuid: IMAGE_ID }] });
    expect((await ask("GET", path)).body.server).toMatchObject({ image: "", flavor: { id: "general1-2" } });
    expect((await ask("GET", "/flavors/detail")).body.flavors).toMatchObject(
      expect.arrayContaining([expect.objectContaining({ id: "general1-2", ram: 2_048 })]) as object,
    );
    expect((await ask("GET", `/images/${IMAGE_ID}`)).body.image).toMatchObject({ status: "ACTIVE" });
    expect((await ask("GET", "/images/none")).status).toBe(404);
  });
});

describe("on a bad day", () => {
  const create = () => ask("POST", "/servers", { server });

  it.each([
    ["throttle", 413, "overLimit"],
    ["broken", 500, "computeFault"],
    ["unavailable", 503, "serviceUnavailable"],
    ["unauthorized", 401, "unauthorized"],
  ] as const)("%s does nothing and says %i", async (kind, status, fault) => {
    cloud.setFaults({ kind, times: 1, operations: ["CreateServer"], retryAfterSeconds: 7 });
    expect((await ask("GET", "/servers")).status).toBe(200);
    const said = await create();
    expect(said).toMatchObject({ status, body: { [fault]: { code: status } } });
    if (status === 413 || status === 503) expect(said.headers.get("retry-after")).toBe("7");
    expect(cloud.region().servers).toEqual([]);
    expect(cloud.faults()).toEqual({ [kind]: 1 });
    expect((await ask("GET", "/servers")).status).toBe(kind === "unauthorized" ? 401 : 200);
  });

  it.each([
    ["reset", 0],
    ["lost-answer", 1],
  ] as const)("%s breaks the connection, and %i servers are made", async (kind, count) => {
    cloud.setFaults({ kind, times: 1 });
    await expect(create()).rejects.toThrow();
    expect(cloud.region().servers).toHaveLength(count);
  });

  it("answers lie, come late, or are a proxy's page", async () => {
    const rules: RackspaceFault[] = [
      { kind: "lying-500", times: 1 },
      { kind: "slow", times: 1, delayMs: 1 },
      { kind: "html", times: 1 },
    ];
    cloud.setFaults(...rules);
    expect((await create()).status).toBe(500);
    expect((await create()).status).toBe(202);
    expect((await create()).status).toBe(502);
    expect(cloud.region().servers).toHaveLength(2);
    expect(cloud.calls()).toMatchObject({ CreateServer: 3 });
    cloud.forget();
    expect([cloud.calls(), cloud.faults()]).toEqual([{}, {}]);
  });

  it("servers fail to build", async () => {
    cloud.setFaults({ kind: "build-error", times: 1 });
    const [bad, good] = [await makeServer(), await makeServer()];
    cloud.advance(MINUTE_MS);
    expect((await ask("GET", bad)).body.server).toMatchObject({ status: "ERROR", fault: { code: 500 } });
    expect(await statusOf(good)).toBe("ACTIVE");
  });

  it("a balancer is immutable, whatever its status", async () => {
    const balancers = await asking(cloud, "rax:load-balancer");
    cloud.setFaults({ kind: "immutable", times: 1, operations: ["AddNodes"] });
    expect(await balancers("POST", "/loadbalancers/7/nodes", { nodes: [] })).toMatchObject({
      status: 422,
      body: {
        message: "Load Balancer '7' has a status of 'PENDING_UPDATE' and is considered immutable.",
        code: 422,
      },
    });
  });
});

it("what no service has is refused in the service's words, and nobody's is 404", async () => {
  expect(await ask("GET", "/nothing")).toMatchObject({ status: 404, body: { itemNotFound: { code: 404 } } });
  expect(await ask("PUT", "/servers", {})).toMatchObject({ status: 405, body: { badMethod: { code: 405 } } });
  expect((await send(`${cloud.url}/elsewhere`, "GET")).status).toBe(404);
  expect((await ask("GET", "/servers")).status).toBe(200);
});

it("regions know nothing of each other", async () => {
  await makeServer();
  const there = await asking(cloud, "compute", "ORD");
  expect((await there("GET", "/servers")).body).toEqual({ servers: [] });
  expect(() => cloud.region("XYZ")).toThrow("there is no region XYZ");
});
