import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { systemClock } from "@bellows/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SIGN_IN_MS } from "../src/access/sign-ins.js";
import {
  type AutoscaleBench,
  autoscaleConfig,
  clientOf,
  createAutoscaleBench,
  groupOf,
} from "./autoscale-fixture.js";

let bench: AutoscaleBench;
beforeEach(async () => {
  bench = await createAutoscaleBench();
});
afterEach(() => bench.end());

/** Asks Identity. */
async function identity(body: unknown, method = "POST", path = "/tokens", token?: string) {
  const response = await fetch(`${bench.url}/v2.0${path}`, {
    method,
    headers: {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(token === undefined ? {} : { "x-auth-token": token }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, json: text === "" ? {} : JSON.parse(text) };
}

const apiKey = (username: string, key: string, more: object = {}) => ({
  auth: { "RAX-KSKEY:apiKeyCredentials": { username, apiKey: key }, ...more },
});

describe("Identity", () => {
  test("gives a token for an API key, with a catalog that points here", async () => {
    await bench.begin();
    const { status, json } = await identity(apiKey("alice", "alices-key"));
    expect(status).toBe(200);
    const { token, serviceCatalog, user } = json.access;
    expect(Date.parse(token.expires) - Date.now()).toBeGreaterThan(SIGN_IN_MS - 60_000);
    expect(token.expires).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(token.tenant).toEqual({ id: "local", name: "local" });
    expect(user).toMatchObject({ id: "alice", name: "alice", roles: [{ name: "autoscale:admin" }] });
    expect(serviceCatalog).toHaveLength(1);
    expect(serviceCatalog[0]).toMatchObject({ name: "autoscale", type: "rax:autoscale" });
    expect(serviceCatalog[0].endpoints).toContainEqual({
      region: "DFW",
      tenantId: "local",
      publicURL: `${bench.url}/v1.0/local`,
    });
    const groups = await fetch(`${serviceCatalog[0].endpoints[0].publicURL}/groups`, {
      headers: { "x-auth-token": token.id },
    });
    expect(groups.status).toBe(200);
    const again = await identity({ auth: { token: { id: token.id }, tenantId: "local" } });
    expect(again.json.access.token.id).toBe(token.id);
    const shown = await identity(undefined, "GET", `/tokens/${token.id}`, token.id);
    expect(shown.json.access.user.name).toBe("alice");
    expect((await identity(undefined, "DELETE", "/tokens", token.id)).status).toBe(204);
    expect((await clientOf(`${bench.url}/v1.0/local`, token.id).ask("GET", "/groups")).status).toBe(401);
  });

  test.each([
    ["a wrong key", apiKey("alice", "oscars-key"), 401, "unauthorized"],
    ["an unknown user", apiKey("nobody", "alices-key"), 401, "unauthorized"],
    ["another tenant", apiKey("alice", "alices-key", { tenantId: "prod" }), 401, "unauthorized"],
    ["a token that is none", { auth: { token: { id: "x" } } }, 401, "unauthorized"],
    [
      "two tenants",
      apiKey("alice", "alices-key", { tenantId: "local", tenantName: "local" }),
      400,
      "badRequest",
    ],
    ["no credentials", { auth: {} }, 400, "badRequest"],
    ["nothing", {}, 400, "badRequest"],
  ])("refuses %s in its own words", async (_what, body, status, fault) => {
    await bench.begin();
    const answer = await identity(body);
    expect([answer.status, answer.json]).toEqual([
      status,
      { [fault]: { code: status, message: expect.any(String) } },
    ]);
    expect(JSON.stringify(answer.json)).not.toContain("-key");
  });

  test("takes a password in the key's place, and the user's name in the tenant's", async () => {
    await bench.begin();
    const credentials = { username: "alice", password: "alices-key" };
    const { status, json } = await identity({
      auth: { passwordCredentials: credentials, tenantId: "alice" },
    });
    expect([status, json.access.token.tenant.id]).toEqual([200, "local"]);
  });

  test("stops whoever guesses", async () => {
    await bench.begin({ httpLimits: { signInsPerMinute: 3 } });
    for (let tries = 0; tries < 3; tries += 1)
      expect((await identity(apiKey("alice", `guess-${tries}`))).status).toBe(401);
    const { status, headers, json } = await identity(apiKey("alice", "alices-key"));
    expect([status, Object.keys(json)]).toEqual([413, ["overLimit"]]);
    expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
  });

  test("a user goes where the config sends their groups, and nowhere else", async () => {
    bench.write(
      autoscaleConfig(Number(new URL(bench.url).port))
        .replace("providers:", "providers:\n  other: { use: local, stateDir: other }")
        .replace("apiKey: alices-key,", "apiKey: alices-key, provider: other,")
        .replace("web: { min", "web: { provider: local, min"),
    );
    await bench.start();
    const { json } = await identity(apiKey("alice", "alices-key"));
    expect(json.access.token.tenant.id).toBe("other");
    const elsewhere = await clientOf(`${bench.url}/v1.0/local`, json.access.token.id).ask("GET", "/groups");
    expect([elsewhere.status, elsewhere.json.error.type]).toEqual([403, "Forbidden"]);
    const there = clientOf(`${bench.url}/v1.0/other`, json.access.token.id);
    expect((await there.ask("GET", "/groups")).json.groups).toEqual([]);
    const oscar = (await identity(apiKey("oscar", "oscars-key", { tenantName: "other" }))).json.access.token;
    expect((await clientOf(`${bench.url}/v1.0/other`, oscar.id).ask("GET", "/groups")).status).toBe(200);
    bench.write(autoscaleConfig(Number(new URL(bench.url).port)));
  });
});

describe("who may do what", () => {
  test("nobody without a token; an observer reads; a token of the command line works too", async () => {
    const daemon = await bench.begin();
    const nobody = clientOf(`${bench.url}/v1.0/local`, "");
    expect((await nobody.ask("GET", "/groups")).json.error).toMatchObject({
      type: "InvalidCredentials",
      code: 401,
    });
    const oscar = await bench.client("oscar", "oscars-key");
    expect((await oscar.ask("GET", "/groups")).status).toBe(200);
    for (const [method, path] of [
      ["POST", "/groups"],
      ["DELETE", "/groups/x"],
      ["PUT", "/groups/x/config"],
    ] as const)
      expect((await oscar.ask(method, path, {})).json.error).toMatchObject({ type: "Forbidden", code: 403 });
    const { secret } = await daemon.control.createToken("ci", "admin");
    const made = await clientOf(`${bench.url}/v1.0/local`, secret).ask("POST", "/groups", groupOf("api"));
    expect(made.status).toBe(201);
    const { secret: eye } = await daemon.control.createToken("eye", "observer");
    expect((await clientOf(`${bench.url}/v1.0/local`, eye).ask("POST", "/groups", {})).status).toBe(403);
  });

  test("a token that has expired is refused", async () => {
    const clock = { ...systemClock, now: systemClock.now };
    await bench.begin({ clock });
    const alice = await bench.client();
    expect((await alice.ask("GET", "/groups")).status).toBe(200);
    clock.now = () => systemClock.now() + SIGN_IN_MS;
    expect((await alice.ask("GET", "/groups")).status).toBe(401);
  });

  test("each caller asks so often a minute; the rest is told when to come again, and the limits tell what is left", async () => {
    await bench.begin({ httpLimits: { callsPerMinute: 3 } });
    const alice = await bench.client();
    const { limits } = (await alice.ask("GET", "/limits/")).json;
    expect(limits.absolute).toEqual({ maxGroups: 1_000, maxPoliciesPerGroup: 100, maxWebhooksPerPolicy: 25 });
    expect(limits.rate[1]).toMatchObject({ uri: "/v1.0/tenantId/*", limit: [{ value: 3, remaining: 2 }] });
    for (let more = 0; more < 2; more += 1) expect((await alice.ask("GET", "/groups")).status).toBe(200);
    const over = await alice.ask("GET", "/groups");
    expect([over.status, over.json.error.type]).toEqual([413, "RateLimitError"]);
    expect(Number(over.headers.get("retry-after"))).toBeGreaterThan(0);
    const oscar = await bench.client("oscar", "oscars-key");
    expect((await oscar.ask("GET", "/groups")).status).toBe(200);
  });

  test("each address is held back before anything is looked up, capabilities by a limit of their own", async () => {
    await bench.begin({
      httpLimits: { requestsPerMinute: 4, webhooksPerMinute: 2, callsPerWebhookPerMinute: 100 },
    });
    const capability = `${bench.url}/v1.0/execute/1/${"0".repeat(64)}`;
    const call = async (): Promise<[number, boolean]> => {
      const { status, headers } = await fetch(capability, { method: "POST" });
      return [status, headers.has("retry-after")];
    };
    expect([await call(), await call(), await call()]).toEqual([
      [202, false],
      [202, false],
      [413, true],
    ]);
    const statuses: number[] = [];
    for (let asked = 0; asked < 5; asked += 1)
      statuses.push((await clientOf(`${bench.url}/v1.0/local`, "x").ask("GET", "/groups")).status);
    expect(statuses).toEqual([401, 401, 401, 401, 413]);
  });

  test("one link is called so often a minute, genuine or not", async () => {
    await bench.begin({ httpLimits: { callsPerWebhookPerMinute: 1 } });
    const call = async (digit: string): Promise<number> =>
      (await fetch(`${bench.url}/v1.0/execute/1/${digit.repeat(64)}`, { method: "POST" })).status;
    expect([await call("0"), await call("0"), await call("1")]).toEqual([202, 413, 202]);
  });
});

describe("bodies and ways to ask", () => {
  const group = JSON.stringify(groupOf("api"));
  test.each([
    ["no JSON", "{ whatever", {}, 400, "InvalidJsonError"],
    ["nothing", "", {}, 400, "InvalidJsonError"],
    ["JSON that poisons", '{"__proto__":{"a":1}}', {}, 400, "InvalidJsonError"],
    [
      "JSON that is nested deep",
      `{"groupConfiguration":${"[".repeat(5_000)}${"]".repeat(5_000)}}`,
      {},
      400,
      "InvalidJsonError",
    ],
    ["another type", group, { "content-type": "text/plain" }, 415, "UnsupportedMediaType"],
    ["a form", "a=b", { "content-type": "application/x-www-form-urlencoded" }, 415, "UnsupportedMediaType"],
    ["more than a megabyte", `"${"x".repeat(1_048_576)}"`, {}, 413, "RequestTooLarge"],
    ["another thing", "[]", {}, 400, "ValidationError"],
    ["a key too many", JSON.stringify({ ...groupOf("api"), more: 1 }), {}, 400, "ValidationError"],
    [
      "min over max",
      JSON.stringify(groupOf("api", { config: { minEntities: 6 } })),
      {},
      400,
      "InvalidMinEntities",
    ],
    ["a long name", JSON.stringify(groupOf("x".repeat(257))), {}, 400, "ValidationError"],
    [
      "a long cooldown",
      JSON.stringify(groupOf("api", { config: { cooldown: 86_401 } })),
      {},
      400,
      "ValidationError",
    ],
    [
      "texts for numbers",
      JSON.stringify(groupOf("api", { config: { cooldown: "60" } })),
      {},
      400,
      "ValidationError",
    ],
  ])("%s is refused before anything is looked up", async (_what, body, headers, status, type) => {
    await bench.begin();
    const alice = await bench.client();
    const answer = await alice.ask("POST", "/groups", body, {
      "content-type": "application/json",
      ...headers,
    });
    expect([answer.status, answer.json.error.type]).toEqual([status, type]);
    expect(answer.headers.get("content-type")).toMatch(/^application\/json/);
    if (type === "InvalidJsonError" && body !== "")
      expect(answer.json.error).toMatchObject({ code: 400, details: "" });
    const unknown = await alice.ask("PUT", "/groups/none/config", body, {
      "content-type": "application/json",
      ...headers,
    });
    expect(unknown.status).toBe(type === "InvalidMinEntities" ? 400 : status);
  });

  test("all faults of a body are told at once", async () => {
    await bench.begin();
    const alice = await bench.client();
    const { json } = await alice.ask("POST", "/groups", groupOf(" ", { config: { cooldown: -1 } }));
    expect(json.error.message).toMatch(/groupConfiguration\.name: .*; groupConfiguration\.cooldown: /);
  });

  test("actions take any body and any type, and no trailing slash or one", async () => {
    await bench.begin();
    const alice = await bench.client();
    const { id } = await alice.make("api");
    for (const path of [`/groups/${id}/pause`, `/groups/${id}/resume/`]) {
      const answer = await alice.ask("POST", path, "{ whatever", { "content-type": "text/plain" });
      expect(answer.status).toBe(204);
    }
  });

  test("another method gets 405 and what is allowed; what is not there 404", async () => {
    await bench.begin();
    const alice = await bench.client();
    const wrong = await alice.ask("PATCH", "/groups");
    expect([wrong.status, wrong.json.error.type, wrong.headers.get("allow")]).toEqual([
      405,
      "InvalidMethod",
      "GET, POST",
    ]);
    expect((await alice.ask("GET", "/nothing")).json.error).toMatchObject({ type: "NotFound", code: 404 });
  });

  test("a capability reads no body, and none over a megabyte", async () => {
    await bench.begin();
    const capability = `${bench.url}/v1.0/execute/1/${"0".repeat(64)}`;
    const call = async (body: string, headers: Record<string, string> = {}): Promise<number> =>
      (await fetch(capability, { method: "POST", body, headers })).status;
    expect(await call("x".repeat(10_000), { "content-type": "application/json" })).toBe(202);
    expect(await call("x".repeat(1_048_577))).toBe(413);
  });

  test("clients that send slowly, or nothing, are let go; connections beyond the limit are closed", async () => {
    await bench.begin({ httpLimits: { headersMs: 300, requestMs: 600, connections: 5 } });
    const slow = await open();
    slow.write(
      "POST /v2.0/tokens HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{",
    );
    const idle = await open();
    expect(await all(slow)).toMatch(/^HTTP\/1\.1 408 /);
    expect(await all(idle)).toMatch(/^(HTTP\/1\.1 408 |$)/);
    const sockets = await Promise.all(Array.from({ length: 8 }, open));
    const kept = sockets.filter((socket) => !socket.destroyed);
    await Promise.all(sockets.map(all));
    expect(kept.length).toBeGreaterThan(0);
    expect((await identity(apiKey("alice", "alices-key"))).status).toBe(200);
  });
});

async function open(): Promise<Socket> {
  const socket = connect(Number(new URL(bench.url).port), "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** All that comes until the other side closes. */
async function all(socket: Socket): Promise<string> {
  let text = "";
  socket.on("data", (chunk) => {
    text += String(chunk);
  });
  if (!socket.destroyed) await once(socket, "close");
  return text;
}
