import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Ask, asking, send } from "./asking.js";
import type { JsonObject } from "./json.js";
import { type RackspaceStandIn, startRackspace } from "./stand-in.js";
import { IMAGE_ID } from "./state.js";

const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2031, 0, 1);

let cloud: RackspaceStandIn;
let ask: Ask;
let receiver: Server;
let received: { state: string; token: unknown; body: JsonObject }[];
let hook: string;

beforeEach(async () => {
  cloud = await startRackspace({ startAtMs: START_MS });
  ask = await asking(cloud, "rax:monitor");
  received = [];
  receiver = createServer((request, response) => {
    let text = "";
    request.on("data", (part: Buffer) => {
      text += part.toString();
    });
    request.on("end", () => {
      const body = JSON.parse(text) as JsonObject & { details: { state: string } };
      received.push({ state: body.details.state, token: request.headers["x-rackspace-webhook-token"], body });
      response.end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  hook = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
});
afterEach(async () => {
  receiver.close();
  receiver.closeAllConnections();
  await cloud.stop();
});

/** Makes an object. @returns its id */
async function make(path: string, body: JsonObject): Promise<string> {
  const { status, headers } = await ask("POST", path, body);
  expect(status).toBe(201);
  return String(headers.get("x-object-id"));
}

/** Wires an alarm to a URL. */
async function wire(url: string, criteria: string, states: string[] = ["critical_state"]) {
  const entity = await make("/entities", { label: "web-1", ip_addresses: { default: "203.0.113.5" } });
  const check = await make(`/entities/${entity}/checks`, { type: "agent.cpu", label: "cpu" });
  const notification = await make("/notifications", { label: "up", type: "webhook", details: { url } });
  const plan = await make("/notification_plans", {
    label: "plan",
    ...Object.fromEntries(states.map((state) => [state, [notification]])),
  });
  const given = { check_id: check, notification_plan_id: plan, criteria, label: "hot" };
  const alarm = await make(`/entities/${entity}/alarms`, given);
  return { entity, check, notification, plan, alarm };
}

const HOT =
  "if (metric['usage_average'] > 80) { return new AlarmStatus(CRITICAL, 'hot'); } return new AlarmStatus(OK);";

describe("alarms", () => {
  it("tell their plan's webhooks when their state changes, and not while it lasts", async () => {
    const { check, alarm, entity } = await wire(hook, HOT, ["critical_state", "ok_state"]);
    for (const usage_average of [50, 90, 95, 50, 50, 90]) {
      await cloud.monitoring.observe(check, { usage_average });
      cloud.advance(MINUTE_MS);
    }
    expect(received.map(({ state }) => state)).toEqual(["CRITICAL", "OK", "CRITICAL"]);
    expect(received[0]).toMatchObject({
      token: expect.any(String) as string,
      body: {
        details: { metrics: { usage_average: { type: "n", data: 90 } }, status: "hot" },
        entity: { id: entity, label: "web-1" },
        check: { id: check },
        alarm: { id: alarm, entity_id: entity },
        tenant_id: "123456",
      },
    });
    expect((await ask("GET", `/changelogs/alarms?entityId=${entity}`)).body).toMatchObject({
      values: [{ state: "CRITICAL", previous_state: "OK" }, { state: "OK" }, { previous_state: "OK" }],
    });
    expect((await ask("GET", "/views/overview")).body).toMatchObject({
      values: [{ entity: { id: entity }, latest_alarm_states: [{ alarm_id: alarm, state: "CRITICAL" }] }],
    });
  });

  it("wait until a state was found as often in a row as they say", async () => {
    const { check } = await wire(hook, `:set consecutiveCount=2\n${HOT}`);
    for (const usage_average of [90, 50, 90]) await cloud.monitoring.observe(check, { usage_average });
    expect(received).toEqual([]);
    await cloud.monitoring.observe(check, { usage_average: 90 });
    expect(received).toHaveLength(1);
  });

  it("that are disabled tell nobody, and a receiver that is gone is remembered", async () => {
    const { entity, alarm, check } = await wire("http://127.0.0.1:1/", HOT);
    expect((await ask("PUT", `/entities/${entity}/alarms/${alarm}`, { disabled: true })).status).toBe(204);
    expect(await cloud.monitoring.observe(check, { usage_average: 90 })).toEqual([]);
    await ask("PUT", `/entities/${entity}/alarms/${alarm}`, { disabled: false });
    const [change] = await cloud.monitoring.observe(check, { usage_average: 90 });
    expect(change?.deliveries).toMatchObject([{ url: "http://127.0.0.1:1/" }]);
    expect(change?.deliveries[0]).not.toHaveProperty("status");
  });

  it("execute a scaling policy by its capability URL", async () => {
    const groups = await asking(cloud, "rax:autoscale");
    const server = { name: "web", flavorRef: "2", imageRef: IMAGE_ID };
    const made = await groups("POST", "/groups", {
      groupConfiguration: { name: "web", cooldown: 0, minEntities: 1, maxEntities: 4 },
      launchConfiguration: { type: "launch_server", args: { server } },
      scalingPolicies: [{ name: "up", type: "webhook", cooldown: 0, change: 2 }],
    });
    const path = `/groups/${String(made.body.group?.id)}`;
    const policy = String(made.body.group?.scalingPolicies?.[0]?.id);
    const webhook = await groups("POST", `${path}/policies/${policy}/webhooks`, [{ name: "alarm" }]);
    const { check } = await wire(String(webhook.body.webhooks?.[0]?.links?.[1]?.href), HOT);
    await cloud.monitoring.observe(check, { usage_average: 90 });
    expect((await groups("GET", `${path}/state`)).body).toMatchObject({ group: { desiredCapacity: 3 } });
    expect(cloud.calls().ExecuteWebhook).toBe(1);
  });
});

describe("objects", () => {
  it("are made for each server, and found by its address", async () => {
    const compute = await asking(cloud, "compute");
    const made = await compute("POST", "/servers", {
      server: { name: "web", imageRef: IMAGE_ID, flavorRef: "2" },
    });
    const id = String(made.body.server?.id);
    const { values } = (await ask("GET", "/entities")).body;
    expect(values).toMatchObject([
      { label: "web", managed: true, uri: expect.stringMatching(`${id}$`) as string },
    ]);
    await make(`/entities/${String(values?.[0]?.id)}/checks`, { type: "agent.cpu" });
    await cloud.monitoring.observeServer(id, { usage_average: 1 });
    expect(Object.values(cloud.monitoring.state.observations)).toHaveLength(1);
  });

  it("are changed in what is named only, and go with their entity", async () => {
    const { entity, check, alarm } = await wire(hook, HOT);
    const path = `/entities/${entity}/checks/${check}`;
    expect((await ask("PUT", path, { period: 120 })).status).toBe(204);
    expect((await ask("GET", path)).body).toMatchObject({
      id: check,
      label: "cpu",
      period: 120,
      timeout: 30,
    });
    expect((await ask("PUT", `/entities/${entity}/alarms/${alarm}`, { check_id: "other" })).status).toBe(400);
    expect((await ask("DELETE", `/entities/${entity}`)).status).toBe(204);
    expect((await ask("GET", path)).body).toMatchObject({ type: "parentNotFoundError", code: 404 });
  });

  it("are listed in pages, whose marker is the first of the next", async () => {
    const ids = [];
    for (const label of ["a", "b", "c"]) ids.push(await make("/entities", { label }));
    const first = await ask("GET", "/entities?limit=2");
    expect(first.body).toMatchObject({
      values: [{ label: "a" }, { label: "b" }],
      metadata: { next_marker: ids[2] },
    });
    const next = await ask("GET", `/entities?limit=2&marker=${ids[2]}`);
    expect(next.body).toMatchObject({ values: [{ id: ids[2] }], metadata: { next_marker: null } });
  });

  it.each([
    ["/entities", {}, "requiredNotFoundError"],
    ["/entities", { label: "x", colour: "red" }, "badRequest"],
    ["/notifications", { label: "n", type: "webhook", details: { url: "nowhere" } }, "badRequest"],
    ["/notification_plans", { label: "p", ok_state: ["ntNobody"] }, "notFoundError"],
  ])("%s is refused with %j", async (path, body, type) => {
    expect((await ask("POST", path, body)).body).toMatchObject({ type });
  });

  it.each([
    ["checks", { type: "agent.cpu", period: 30, timeout: 30 }, "badRequest"],
    ["checks", { type: "remote.http", details: { url: "http://x" } }, "requiredNotFoundError"],
    ["alarms", { criteria: "if (", check_id: "CHECK", notification_plan_id: "PLAN" }, "alarmParseError"],
    ["alarms", { criteria: "", check_id: "chNobody", notification_plan_id: "PLAN" }, "notFoundError"],
  ])("%s of an entity are refused with %j", async (what, body, type) => {
    const { entity, check, plan } = await wire(hook, HOT);
    const text = JSON.stringify(body).replace("CHECK", check).replace("PLAN", plan);
    expect((await ask("POST", `/entities/${entity}/${what}`, text)).body).toMatchObject({ type });
  });
});

describe("metrics", () => {
  it("are listed, and plotted as they were found or in steps", async () => {
    const { entity, check } = await wire(hook, HOT);
    for (const usage_average of [10, 20, 60]) {
      await cloud.monitoring.observe(check, { usage_average, note: "fine" });
      cloud.advance(2 * MINUTE_MS + MINUTE_MS / 2);
    }
    const path = `/entities/${entity}/checks/${check}/metrics`;
    expect((await ask("GET", path)).body).toMatchObject({
      values: [
        { name: "usage_average", type: "n" },
        { name: "note", type: "s" },
      ],
    });
    const plot = `${path}/usage_average/plot?from=${START_MS}&to=${cloud.now()}`;
    const full = await ask("GET", `${plot}&resolution=FULL`);
    expect(full.body).toMatchObject({ values: [{ average: 10 }, { average: 20 }, { average: 60 }] });
    const five = await ask("GET", `${plot}&resolution=MIN5&select=average&select=max`);
    expect(five.body.values).toEqual([
      { numPoints: 2, timestamp: START_MS, average: 15, max: 20 },
      { numPoints: 1, timestamp: START_MS + 5 * MINUTE_MS, average: 60, max: 60 },
    ]);
    expect((await ask("GET", `${plot}&points=400`)).body.values).toHaveLength(2);
    expect((await ask("GET", `${plot}.5&resolution=FULL`)).status).toBe(408);
  });
});

it("needs a token, and says when there are too many calls with 429", async () => {
  expect(await send(`${cloud.url}/monitoring/v1.0/123456/entities`, "GET")).toMatchObject({
    status: 401,
    body: { type: "unauthorizedError", code: 401 },
  });
  cloud.setFaults({ kind: "throttle", times: 1, retryAfterSeconds: 3 });
  const said = await ask("GET", "/entities");
  expect(said).toMatchObject({ status: 429, body: { type: "rateLimitReached" } });
  expect(said.headers.get("retry-after")).toBe("3");
});
