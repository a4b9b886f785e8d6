import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Ask, asking, send } from "./asking.js";
import type { JsonObject } from "./json.js";
import { type RackspaceStandIn, startRackspace } from "./stand-in.js";
import { IMAGE_ID } from "./state.js";

const MINUTE_MS = 60_000;

let cloud: RackspaceStandIn;
let ask: Ask;

beforeEach(async () => {
  cloud = await startRackspace({ startAtMs: Date.UTC(2031, 0, 1), buildMs: MINUTE_MS });
  ask = await asking(cloud, "rax:autoscale");
});
afterEach(() => cloud.stop());

const server = { name: "web", flavorRef: "general1-2", imageRef: IMAGE_ID, metadata: { k: "v" } };

const groupOf = (configuration: JsonObject = {}, policies: JsonObject[] = []): JsonObject => ({
  groupConfiguration: { name: "web", cooldown: 120, minEntities: 2, maxEntities: 16, ...configuration },
  launchConfiguration: { type: "launch_server", args: { server, loadBalancers: [] } },
  scalingPolicies: policies,
});

/** Makes a group whose servers run. */
async function makeGroup(configuration?: JsonObject, policies?: JsonObject[]): Promise<string> {
  const { body } = await ask("POST", "/groups", groupOf(configuration, policies));
  cloud.advance(2 * MINUTE_MS);
  return String(body.group?.id);
}

const stateOf = async (id: string) => (await ask("GET", `/groups/${id}/state`)).body.group;

const policiesOf = async (id: string) =>
  (await ask("GET", `/groups/${id}/policies`)).body.policies as unknown as { id: string }[];

describe("groups", () => {
  it("are shown with capacities of 0 when they are made, and with what is pending right after", async () => {
    const made = await ask(
      "POST",
      "/groups",
      groupOf({}, [{ name: "up", type: "webhook", cooldown: 60, change: 1 }]),
    );
    expect(made.status).toBe(201);
    expect(made.body.group).toMatchObject({
      groupConfiguration: { metadata: {} },
      scalingPolicies: [{ name: "up", change: 1 }],
      state: { activeCapacity: 0, pendingCapacity: 0, desiredCapacity: 0, status: "ACTIVE" },
    });
    expect(made.headers.get("location")).toBe(made.body.group?.links?.[0]?.href);
    const id = String(made.body.group?.id);
    expect(await stateOf(id)).toMatchObject({ activeCapacity: 0, pendingCapacity: 2, desiredCapacity: 2 });
    cloud.advance(2 * MINUTE_MS);
    expect(await stateOf(id)).toMatchObject({ activeCapacity: 2, pendingCapacity: 0, paused: false });
  });

  it("have servers that are known by their metadata and named with a prefix", async () => {
    const id = await makeGroup();
    for (const { name, metadata } of cloud.region().servers) {
      expect(name).toMatch(/^as[0-9a-f]{8}-web$/);
      expect(metadata).toMatchObject({
        k: "v",
        "rax:autoscale:group:id": id,
        "rax:auto_scaling_group_id": id,
      });
    }
  });

  it("replace servers that are gone, failed or off", async () => {
    const id = await makeGroup({ minEntities: 3 });
    const [gone, failed, off] = cloud.region().servers;
    if (gone === undefined || failed === undefined || off === undefined) throw new Error("three were wanted");
    [gone.status, failed.status, off.status] = ["DELETED", "ERROR", "SHUTOFF"];
    cloud.advance(3 * MINUTE_MS);
    expect(await stateOf(id)).toMatchObject({ activeCapacity: 3, pendingCapacity: 0 });
    expect(cloud.region().servers.map(({ status }) => status)).toEqual([
      ...["DELETED", "DELETED", "DELETED"],
      ...["ACTIVE", "ACTIVE", "ACTIVE"],
    ]);
  });

  it("that cannot have servers are in ERROR and say why", async () => {
    cloud.behaviour.maxServers = 1;
    const id = await makeGroup();
    expect(await stateOf(id)).toMatchObject({
      activeCapacity: 1,
      pendingCapacity: 1,
      status: "ERROR",
      errors: [{ message: expect.stringContaining("Servers cannot be created: Quota exceeded") as string }],
    });
    cloud.behaviour.maxServers = 10;
    cloud.advance(3 * MINUTE_MS);
    const healed = await stateOf(id);
    expect(healed).toMatchObject({ activeCapacity: 2, status: "ACTIVE" });
    expect(healed).not.toHaveProperty("errors");
  });

  it("follow new bounds at once, and go when nothing is wanted", async () => {
    const id = await makeGroup();
    expect((await ask("DELETE", `/groups/${id}`)).body).toMatchObject({
      error: { type: "GroupNotEmptyError", code: 403 },
    });
    const configuration = { name: "web", cooldown: 0, minEntities: 0, maxEntities: 0, metadata: {} };
    expect((await ask("PUT", `/groups/${id}/config`, configuration)).status).toBe(204);
    expect((await ask("DELETE", `/groups/${id}`)).status).toBe(204);
    expect((await ask("GET", `/groups/${id}`)).body).toMatchObject({
      error: { type: "NoSuchScalingGroupError", message: `No such scaling group ${id} for tenant 123456` },
    });
    cloud.advance(MINUTE_MS);
    expect(cloud.region().servers.every(({ status }) => status === "DELETED")).toBe(true);
    expect(cloud.region().groups).toEqual([]);
  });

  it("are listed in pages, whose last one may be empty", async () => {
    const ids = [await makeGroup(), await makeGroup()].toSorted();
    const first = await ask("GET", "/groups?limit=2");
    expect(first.body.groups).toMatchObject(ids.map((id) => ({ id })));
    const next = await send(String(first.body.groups_links?.[0]?.href), "GET");
    expect(next.status).toBe(401);
    const after = await ask("GET", `/groups?marker=${ids[1]}`);
    expect(after.body).toEqual({ groups: [], groups_links: [] });
    expect((await ask("GET", "/groups?limit=x")).body).toMatchObject({
      error: { type: "InvalidQueryArgument", message: 'Invalid query argument for "limit"' },
    });
  });

  it("lose a server on demand: it is replaced, or the group shrinks, or it is left alone", async () => {
    const id = await makeGroup({ minEntities: 1 });
    const [first] = cloud.region().servers;
    const path = `/groups/${id}/servers/${first?.id}`;
    expect((await ask("DELETE", `${path}?replace=false`)).body).toMatchObject({
      error: { type: "CannotDeleteServerBelowMinError" },
    });
    expect((await ask("DELETE", `${path}?purge=false`)).status).toBe(202);
    cloud.advance(2 * MINUTE_MS);
    expect(first).toMatchObject({ status: "ACTIVE", metadata: { k: "v" } });
    expect(await stateOf(id)).toMatchObject({ activeCapacity: 1, desiredCapacity: 1 });
    expect((await ask("DELETE", path)).body).toMatchObject({
      error: { type: "ServerNotFoundError", code: 404 },
    });
  });

  it.each([
    ["no JSON", "{", "InvalidJsonError"],
    ["a number for a flavor", { ...server, flavorRef: 3 }, "ValidationError"],
    ["no image", { ...server, imageRef: "" }, "ValidationError"],
    ["an image that is not there", { ...server, imageRef: "nowhere" }, "InvalidLaunchConfiguration"],
    ["networks without ServiceNet", { ...server, networks: [] }, "ValidationError"],
  ])("are refused with %s", async (_what, given, type) => {
    const args = { server: given, loadBalancers: [{ loadBalancerId: 1, port: 80 }] };
    const body =
      typeof given === "string"
        ? given
        : { ...groupOf(), launchConfiguration: { type: "launch_server", args } };
    expect((await ask("POST", "/groups", body)).body).toMatchObject({ error: { type, code: 400 } });
  });
});

describe("policies", () => {
  const up = { name: "up", type: "webhook", cooldown: 60, change: 1 };

  it("move what is wanted, and cool down with their group", async () => {
    const id = await makeGroup({}, [up, { ...up, name: "other" }]);
    const policies = await policiesOf(id);
    const execute = (index: number) => ask("POST", `/groups/${id}/policies/${policies[index]?.id}/execute`);
    expect(await execute(0)).toMatchObject({ status: 202, body: {} });
    expect((await execute(1)).body).toMatchObject({
      error: {
        type: "CannotExecutePolicyError",
        message: expect.stringContaining("Cooldowns not met.") as string,
      },
    });
    cloud.advance(2 * MINUTE_MS);
    expect((await execute(1)).status).toBe(202);
    expect(await stateOf(id)).toMatchObject({ desiredCapacity: 4 });
  });

  it("that would change nothing are refused and start no cooldown", async () => {
    const id = await makeGroup({ maxEntities: 2 }, [up]);
    const [policy] = (await ask("GET", `/groups/${id}/policies`)).body.policies as unknown as {
      id: string;
    }[];
    for (let time = 0; time < 2; time++)
      expect((await ask("POST", `/groups/${id}/policies/${policy?.id}/execute`)).body).toMatchObject({
        error: { code: 403, message: expect.stringContaining("No change in servers") as string },
      });
  });

  it.each([
    [10, 5, 11],
    [10, -1, 9],
    [1_000, 1.1, 1_000],
    [100, 1.1, 102],
  ])("%i servers and %d %% make %i: away from zero, within bounds", async (count, changePercent, want) => {
    cloud.behaviour.maxServers = 0;
    const configuration = { cooldown: 0, minEntities: count, maxEntities: 1_000 };
    const id = await makeGroup(configuration, [{ name: "p", type: "webhook", cooldown: 0, changePercent }]);
    await ask("PUT", `/groups/${id}/config`, { ...configuration, name: "web", minEntities: 0, metadata: {} });
    const [policy] = (await ask("GET", `/groups/${id}/policies`)).body.policies as unknown as {
      id: string;
    }[];
    await ask("POST", `/groups/${id}/policies/${policy?.id}/execute`);
    expect(await stateOf(id)).toMatchObject({ desiredCapacity: want });
  });

  it("run by the clock, once or by cron, in UTC; changed ones by their new time only", async () => {
    const base = { type: "schedule", cooldown: 0 };
    const id = await makeGroup({ cooldown: 0, minEntities: 0 }, [
      { ...base, name: "once", desiredCapacity: 3, args: { at: "2031-01-01T01:00:00Z" } },
      { ...base, name: "nightly", desiredCapacity: 1, args: { cron: "30 10 * * *" } },
    ]);
    cloud.advance(60 * MINUTE_MS);
    expect(await stateOf(id)).toMatchObject({ desiredCapacity: 3 });
    const [, nightly] = await policiesOf(id);
    const changed = { ...base, name: "nightly", desiredCapacity: 1, args: { cron: "30 11 * * *" } };
    expect((await ask("PUT", `/groups/${id}/policies/${nightly?.id}`, changed)).status).toBe(204);
    cloud.advance(10 * 60 * MINUTE_MS);
    expect(await stateOf(id)).toMatchObject({ desiredCapacity: 3 });
    cloud.advance(60 * MINUTE_MS);
    expect(await stateOf(id)).toMatchObject({ desiredCapacity: 1 });
    expect(await policiesOf(id)).toHaveLength(2);
  });

  it.each([
    ["a change of 0", { ...up, change: 0 }],
    ["two kinds of change", { ...up, desiredCapacity: 1 }],
    ["arguments for a webhook", { ...up, args: {} }],
    ["an id", { ...up, id: "x" }],
    [
      "cron with seconds",
      { name: "s", type: "schedule", cooldown: 0, change: 1, args: { cron: "0 0 0 * * *" } },
    ],
    [
      "a time that is past",
      { name: "s", type: "schedule", cooldown: 0, change: 1, args: { at: "2001-01-01T00:00:00Z" } },
    ],
  ])("are refused with %s", async (_what, policy) => {
    const id = await makeGroup();
    const said = await ask("POST", `/groups/${id}/policies`, [policy]);
    expect(said.body).toMatchObject({ error: { type: "ValidationError", code: 400 } });
  });
});

describe("webhooks", () => {
  it("execute their policy for anybody, and tell nobody whether they did", async () => {
    const id = await makeGroup({}, [{ name: "up", type: "webhook", cooldown: 0, change: 1 }]);
    const [policy] = (await ask("GET", `/groups/${id}/policies`)).body.policies as unknown as {
      id: string;
    }[];
    const path = `/groups/${id}/policies/${policy?.id}/webhooks`;
    const made = await ask("POST", path, [{ name: "alarm" }]);
    const [webhook] = made.body.webhooks as unknown as { links: { href: string; rel: string }[] }[];
    const [self, capability] = webhook?.links ?? [];
    expect([self?.rel, capability?.rel]).toEqual(["self", "capability"]);
    const url = String(capability?.href);
    for (const called of [url, url, url.replace(/[0-9a-f]{64}/, "0".repeat(64))])
      expect(await send(called, "POST")).toMatchObject({ status: 202, body: {} });
    expect(await stateOf(id)).toMatchObject({ desiredCapacity: 3 });
    expect((await send(url, "GET")).status).toBe(405);
  });

  it("are 25 at most", async () => {
    const id = await makeGroup({}, [{ name: "up", type: "webhook", cooldown: 0, change: 1 }]);
    const [policy] = (await ask("GET", `/groups/${id}/policies`)).body.policies as unknown as {
      id: string;
    }[];
    const path = `/groups/${id}/policies/${policy?.id}/webhooks`;
    const many = Array.from({ length: 26 }, (_, index) => ({ name: `w${index}`, metadata: {} }));
    expect((await ask("POST", path, many)).body).toMatchObject({
      error: { type: "WebhooksOverLimitError", code: 422 },
    });
    expect((await ask("POST", path, many.slice(1))).status).toBe(201);
  });
});

it("a paused group does nothing until it is resumed", async () => {
  const id = await makeGroup({}, [{ name: "up", type: "webhook", cooldown: 0, change: 1 }]);
  expect((await ask("POST", `/groups/${id}/pause`)).status).toBe(204);
  const unknown = `/groups/${id}/policies/unknown/execute`;
  expect((await ask("POST", unknown)).body).toMatchObject({ error: { type: "GroupPausedError", code: 403 } });
  expect((await ask("POST", `/groups/${id}/converge`)).body).toMatchObject({
    error: { type: "GroupPausedError" },
  });
  expect((await ask("POST", `/groups/${id}/resume`)).status).toBe(204);
  expect((await ask("POST", unknown)).body).toMatchObject({
    error: { type: "NoSuchPolicyError", code: 404 },
  });
});

it("another Autoscale can stand behind the same tokens and faults", async () => {
  const paths: string[] = [];
  const other = await startRackspace({
    autoscale: ({ path }) => {
      paths.push(path);
      return Promise.resolve({ status: 200, body: { groups: [], groups_links: [] } });
    },
  });
  const askOther = await asking(other, "rax:autoscale");
  other.setFaults({ kind: "broken", times: 1 });
  expect((await askOther("GET", "/groups?limit=2")).status).toBe(500);
  expect((await askOther("GET", "/groups?limit=2")).body).toEqual({ groups: [], groups_links: [] });
  expect(paths).toEqual(["/v1.0/123456/groups?limit=2"]);
  await other.stop();
});
