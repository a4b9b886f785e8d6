import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { DecisionRecord } from "@bellows/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Daemon } from "../src/daemon.js";
import {
  type AutoscaleBench,
  type Body,
  type Client,
  createAutoscaleBench,
  groupOf,
} from "./autoscale-fixture.js";
import { until } from "./daemon-fixture.js";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const up = { name: "up", type: "webhook", cooldown: 300, change: 1 };

let bench: AutoscaleBench;
let daemon: Daemon;
let alice: Client;
beforeEach(async () => {
  bench = await createAutoscaleBench();
  daemon = await bench.begin();
  alice = await bench.client();
});
afterEach(() => bench.end());

describe("groups on this machine", () => {
  test("are made of real processes, and a policy makes one more", async () => {
    const made = await alice.ask(
      "POST",
      "/groups",
      groupOf("My group", { config: { minEntities: 1, metadata: { team: "blue" } }, policies: [up] }),
    );
    expect(made.status).toBe(201);
    const { group } = made.json;
    expect(group.id).toMatch(UUID);
    expect(made.headers.get("location")).toBe(`${bench.url}/v1.0/local/groups/${group.id}/`);
    expect(made.headers.get("x-response-id")).toMatch(UUID);
    expect(group.groupConfiguration).toEqual({
      name: "My group",
      cooldown: 0,
      minEntities: 1,
      maxEntities: 5,
      metadata: { team: "blue" },
    });
    expect(group.state).toMatchObject({ desiredCapacity: 0, active: [], paused: false, status: "ACTIVE" });
    const policy = only(group.scalingPolicies);
    expect(policy).toMatchObject({ ...up, id: expect.stringMatching(UUID) });
    await active(group.id, 1);
    const executed = await alice.ask("POST", `/groups/${group.id}/policies/${policy.id}/execute/`);
    expect([executed.status, executed.text]).toEqual([202, "{}"]);
    const state = await active(group.id, 2);
    expect(state).toMatchObject({ name: "My group", desiredCapacity: 2, pendingCapacity: 0 });
    const again = await alice.ask("POST", `/groups/${group.id}/policies/${policy.id}/execute`);
    expect([again.status, again.json.error]).toEqual([
      403,
      {
        type: "CannotExecutePolicyError",
        code: 403,
        message: `Cannot execute scaling policy ${policy.id} for group ${group.id} for tenant local: Cooldowns not met.`,
        details: "",
      },
    ]);
    expect((await orders("My-group")).map(({ order, action }) => [order?.by, order?.policy, action])).toEqual(
      [
        ["alice", "up", "scale"],
        ["alice", "up", "hold"],
      ],
    );
  });

  test("start an image of the operator's, with its files in their folder and the variables that are allowed", async () => {
    const { id } = await alice.make("api", {
      config: { minEntities: 1 },
      server: {
        metadata: { MODE: "fast", SECRET: "not a variable" },
        personality: [{ path: "/etc/motd", contents: Buffer.from("hello").toString("base64") }],
      },
    });
    const server = only((await active(id, 1)).active).id;
    const folder = join(bench.folder, "state", "plugins", "local", "servers", server);
    expect(readFileSync(join(folder, "files", "etc", "motd"), "utf8")).toBe("hello");
    const process_ = JSON.parse(readFileSync(join(folder, "process.json"), "utf8")) as { pid: number };
    const environment = readFileSync(`/proc/${process_.pid}/environ`, "utf8").split("\0");
    expect(environment).toContain("MODE=fast");
    expect(environment.some((each) => each.startsWith("SECRET="))).toBe(false);
    const { launchConfiguration } = (await alice.ask("GET", `/groups/${id}/launch`)).json;
    expect(launchConfiguration.args.server).toMatchObject({
      flavorRef: "2",
      imageRef: "worker",
      metadata: { MODE: "fast", SECRET: "not a variable" },
      personality: [{ path: "/etc/motd", contents: "aGVsbG8=" }],
    });
  });

  test.each([
    [{ imageRef: "/bin/sh" }, 'Invalid imageRef "/bin/sh" in launchConfiguration'],
    [{ command: "sh" }, '"command" has no meaning to this provider'],
    [{ key_name: "kp" }, '"key_name" has no meaning to this provider'],
    [{ personality: [{ path: "../../x", contents: "" }] }, "leads out of the instance's folder"],
    [{ personality: [{ path: "/x", contents: "*" }] }, 'Invalid base64 encoding for contents of path "/x"'],
  ])("a launch with %j is refused, and nothing is made", async (server, problem) => {
    const answer = await alice.ask("POST", "/groups", groupOf("bad", { server }));
    expect([answer.status, answer.json.error.type]).toEqual([400, "InvalidLaunchConfiguration"]);
    expect(answer.json.error.message).toMatch(/^Following problems with launch configuration:\n/);
    expect(answer.json.error.message).toContain(problem);
    const { id } = await alice.make("good");
    const changed = await alice.ask("PUT", `/groups/${id}/launch`, launchOf(server));
    expect([changed.status, changed.json.error.type]).toEqual([400, "InvalidLaunchConfiguration"]);
    expect(await names()).toEqual(["good"]);
  });

  test("may have one name; they are told apart by their ids, and renamed", async () => {
    const one = await alice.make("api", { config: { maxEntities: 1 } });
    const two = await alice.make("api", { config: { maxEntities: 2 } });
    expect(two.id).not.toBe(one.id);
    expect(await names()).toEqual(["api", "api"]);
    const config = { ...two.groupConfiguration, name: "Wöb 2" };
    expect((await alice.ask("PUT", `/groups/${two.id}/config/`, config)).status).toBe(204);
    expect((await alice.ask("GET", `/groups/${two.id}`)).json.group.groupConfiguration.name).toBe("Wöb 2");
    expect((await alice.ask("GET", `/groups/${one.id}`)).json.group.groupConfiguration).toMatchObject({
      name: "api",
      maxEntities: 1,
    });
  });

  test("new bounds count at once; an empty group goes, one that wants servers only by force", async () => {
    const { id } = await alice.make("api", { config: { minEntities: 2, cooldown: 300 } });
    await active(id, 2);
    const full = await alice.ask("DELETE", `/groups/${id}`);
    expect([full.status, full.json.error]).toEqual([
      403,
      {
        type: "GroupNotEmptyError",
        code: 403,
        message: `Group ${id} for tenant local still has entities.`,
        details: "",
      },
    ]);
    const { groupConfiguration: config } = (await alice.ask("GET", `/groups/${id}/config`)).json;
    const changed = await alice.ask("PUT", `/groups/${id}/config`, {
      ...config,
      minEntities: 0,
      maxEntities: 0,
    });
    expect([changed.status, changed.text]).toEqual([204, ""]);
    expect((await alice.ask("GET", `/groups/${id}/state`)).json.group.desiredCapacity).toBe(0);
    expect((await alice.ask("DELETE", `/groups/${id}?force=maybe`)).json.error.type).toBe(
      "InvalidQueryArgument",
    );
    expect((await alice.ask("DELETE", `/groups/${id}`)).status).toBe(204);
    const gone = await alice.ask("GET", `/groups/${id}/state`);
    expect([gone.status, gone.json.error]).toEqual([
      404,
      {
        type: "NoSuchScalingGroupError",
        code: 404,
        message: `No such scaling group ${id} for tenant local`,
        details: "",
      },
    ]);
    expect(await names()).toEqual([]);
    const forced = await alice.make("api", { config: { minEntities: 1 } });
    expect((await alice.ask("DELETE", `/groups/${forced.id}?force=True`)).status).toBe(204);
    expect(await names()).toEqual([]);
  });

  test("a new one has no past, though one of its name was scaled a moment ago", async () => {
    const parts = { config: { cooldown: 300 }, policies: [up] };
    for (const { id, scalingPolicies } of [await alice.make("api", parts)]) {
      expect(
        (await alice.ask("POST", `/groups/${id}/policies/${only(scalingPolicies).id}/execute`)).status,
      ).toBe(202);
      expect((await alice.ask("DELETE", `/groups/${id}?force=true`)).status).toBe(204);
    }
    await until(
      "its servers to be gone",
      async () => !existsSync(serverFolder()) || readdirSync(serverFolder()).length === 0,
    );
    const { id, scalingPolicies } = await alice.make("api", parts);
    expect(
      (await alice.ask("POST", `/groups/${id}/policies/${only(scalingPolicies).id}/execute`)).status,
    ).toBe(202);
  });

  test("come a page at a time", async () => {
    for (const name of ["a", "b", "c"]) await alice.make(name);
    const { json } = await alice.ask("GET", "/groups?limit=2");
    expect(json.groups).toHaveLength(2);
    expect(Object.keys(json.groups[0] ?? {}).sort()).toEqual([
      "activeCapacity",
      "desiredCapacity",
      "id",
      "links",
      "paused",
      "pendingCapacity",
      "state",
    ]);
    const next = new URL(only(json.groups_links).href);
    const rest = await alice.ask("GET", `/groups${next.search}`);
    expect(rest.json.groups).toHaveLength(1);
    expect(rest.json.groups_links).toEqual([]);
    expect(new Set([...json.groups, ...rest.json.groups].map(({ id }) => id)).size).toBe(3);
    expect((await alice.ask("GET", "/groups?limit=x")).json.error).toMatchObject({
      type: "InvalidQueryArgument",
      message: 'Invalid query argument for "limit"',
    });
  });

  test("pause, refuse everything, and go on", async () => {
    const { id, scalingPolicies } = await alice.make("api", { policies: [up] });
    const { id: policy } = only(scalingPolicies);
    for (let twice = 0; twice < 2; twice += 1)
      expect((await alice.ask("POST", `/groups/${id}/pause`)).status).toBe(204);
    expect((await alice.ask("GET", `/groups/${id}/state`)).json.group.paused).toBe(true);
    const executed = await alice.ask("POST", `/groups/${id}/policies/${policy}/execute`);
    expect(executed.json.error).toMatchObject({
      type: "GroupPausedError",
      code: 403,
      message: `Cannot execute policy ${policy} for group ${id} for tenant local because group is paused`,
    });
    expect((await alice.ask("POST", `/groups/${id}/policies/none/execute`)).status).toBe(403);
    expect((await alice.ask("POST", `/groups/${id}/converge`)).json.error.type).toBe("GroupPausedError");
    for (let twice = 0; twice < 2; twice += 1)
      expect((await alice.ask("POST", `/groups/${id}/resume`)).status).toBe(204);
    expect((await alice.ask("POST", `/groups/${id}/converge`)).status).toBe(204);
    expect((await alice.ask("POST", `/groups/${id}/policies/${policy}/execute`)).status).toBe(202);
    await daemon.control.pause("api", { reason: "by hand" });
    expect((await alice.ask("GET", `/groups/${id}/state`)).json.group.paused).toBe(true);
    expect((await alice.ask("POST", `/groups/${id}/resume`)).status).toBe(204);
    expect((await daemon.control.status(["api"])).groups[0]?.pause).toBeUndefined();
  });

  test("servers are ended or let go one by one, never below the minimum", async () => {
    const { id } = await alice.make("api", {
      config: { minEntities: 1 },
      policies: [{ ...up, cooldown: 0 }],
    });
    expect((await alice.ask("GET", `/groups/${id}/servers`)).json.error).toMatchObject({
      type: "NotImplementedError",
      code: 501,
    });
    const [before] = (await active(id, 1)).active;
    expect((await alice.ask("DELETE", `/groups/${id}/servers/none?replace=false`)).json.error).toMatchObject({
      type: "ServerNotFoundError",
      message: `Active server none not found in tenant local's group ${id}`,
    });
    const below = await alice.ask("DELETE", `/groups/${id}/servers/${before?.id}?replace=false`);
    expect(below.json.error).toMatchObject({ type: "CannotDeleteServerBelowMinError", code: 403 });
    expect((await alice.ask("DELETE", `/groups/${id}/servers/${before?.id}`)).status).toBe(202);
    await until("another one in its place", async () => {
      const { active: now, desiredCapacity } = (await alice.ask("GET", `/groups/${id}/state`)).json.group;
      return desiredCapacity === 1 && now.length === 1 && now[0]?.id !== before?.id;
    });
    const { policies } = (await alice.ask("GET", `/groups/${id}/policies`)).json;
    expect((await alice.ask("POST", `/groups/${id}/policies/${only(policies).id}/execute`)).status).toBe(202);
    const [one] = (await active(id, 2)).active;
    expect((await alice.ask("DELETE", `/groups/${id}/servers/${one?.id}?replace=false`)).status).toBe(202);
    expect((await active(id, 1)).desiredCapacity).toBe(1);
  });

  test("keep their ids and go on after a restart, and what died is replaced", async () => {
    const { id, scalingPolicies } = await alice.make("api", { config: { minEntities: 1 }, policies: [up] });
    await active(id, 1);
    await daemon.stop(5_000);
    daemon = await bench.begin();
    expect((await alice.ask("GET", `/groups/${id}`)).json.error.type).toBe("InvalidCredentials");
    alice = await bench.client();
    const before = only((await active(id, 1)).active).id;
    const { pid } = JSON.parse(readFileSync(join(serverFolder(), before, "process.json"), "utf8")) as {
      pid: number;
    };
    process.kill(pid, "SIGKILL");
    await until("another one in its place", async () => {
      const { active: now } = (await alice.ask("GET", `/groups/${id}/state`)).json.group;
      return now.length === 1 && now[0]?.id !== before;
    });
    expect(
      (await alice.ask("POST", `/groups/${id}/policies/${only(scalingPolicies).id}/execute`)).status,
    ).toBe(202);
  });
});

describe("groups that the file declares", () => {
  beforeEach(async () => {
    await daemon.control.apply();
    await active("web", 1);
  });

  test("keep their name: another one of it gets one of its own at the cloud", async () => {
    const { id } = await alice.make("web", { config: { minEntities: 1 } });
    await active(id, 1);
    expect(await names()).toEqual(expect.arrayContaining(["web", "web"]));
    const { groups } = await daemon.control.status();
    expect(groups.map(({ group }) => group)).toEqual(["web", `web-${id.slice(0, 8)}`]);
  });

  test("are changed there; executions, pauses and looks work", async () => {
    expect(await names()).toEqual(["web"]);
    const { group } = (await alice.ask("GET", "/groups/web?webhooks=true")).json;
    const policy = only(group.scalingPolicies);
    expect(policy).toMatchObject({ name: "up", change: 1, webhooks: [{ name: "ci" }] });
    for (const [method, path, body] of [
      ["PUT", "/groups/web/config", group.groupConfiguration],
      ["PUT", "/groups/web/launch", launchOf({})],
      ["DELETE", "/groups/web?force=true", undefined],
      ["PUT", `/groups/web/policies/${policy.id}`, up],
      ["DELETE", `/groups/web/policies/${policy.id}`, undefined],
    ] as const) {
      const answer = await alice.ask(method, path, body);
      expect([path, answer.status, answer.json.error.type]).toEqual([path, 403, "Forbidden"]);
    }
    expect((await alice.ask("POST", `/groups/web/policies/${policy.id}/execute`)).status).toBe(202);
    await active("web", 2);
    for (const verb of ["pause", "resume", "converge"])
      expect((await alice.ask("POST", `/groups/web/${verb}`)).status).toBe(204);
    expect((await orders("web")).at(-1)?.order).toMatchObject({ kind: "api", by: "alice", policy: "up" });
  });
});

describe("policies", () => {
  test("are made together or not at all, read, replaced and deleted", async () => {
    const { id } = await alice.make("api");
    const made = await alice.ask("POST", `/groups/${id}/policies`, [
      up,
      { ...up, changePercent: 10, change: undefined },
    ]);
    expect(made.status).toBe(201);
    expect(made.headers.get("location")).toBe(`${bench.url}/v1.0/local/groups/${id}/policies/`);
    expect(made.json.policies.map(({ name }) => name)).toEqual(["up", "up"]);
    const bad = await alice.ask("POST", `/groups/${id}/policies`, [up, { ...up, change: 0 }]);
    expect([bad.status, bad.json.error.type]).toEqual([400, "ValidationError"]);
    const [policy] = made.json.policies;
    const at = `/groups/${id}/policies/${policy?.id}`;
    const changed = { name: "down", type: "webhook", cooldown: 60.5, desiredCapacity: 2 };
    expect((await alice.ask("PUT", at, changed)).status).toBe(204);
    const { policy: read } = (await alice.ask("GET", at)).json;
    expect(read).toEqual({ ...changed, id: policy?.id, links: policy?.links });
    expect(
      (await alice.ask("PUT", at, { ...up, type: "schedule", args: { cron: "* * * * *" } })).json.error,
    ).toMatchObject({
      type: "ValidationError",
      message: "Cannot change type of a scaling policy",
    });
    expect((await alice.ask("DELETE", at)).status).toBe(204);
    expect((await alice.ask("GET", at)).json.error).toMatchObject({
      type: "NoSuchPolicyError",
      message: `No such scaling policy ${policy?.id} for group ${id} for tenant local`,
    });
    expect((await alice.ask("GET", `/groups/${id}/policies`)).json.policies).toHaveLength(1);
  });

  test("of a group are a hundred at most", async () => {
    const { id } = await alice.make("api");
    const many = (count: number) => Array.from({ length: count }, () => up);
    expect((await alice.ask("POST", `/groups/${id}/policies`, many(99))).status).toBe(201);
    const over = await alice.ask("POST", `/groups/${id}/policies`, many(2));
    expect([over.status, over.json.error]).toEqual([
      422,
      {
        type: "PoliciesOverLimitError",
        code: 422,
        message: `Currently there are 99 policies for tenant local, scaling group ${id}. Creating 2 new policies would exceed the policy limit of 100 per group.`,
        details: "",
      },
    ]);
  });

  test("that change nothing say so, and those of the past are refused", async () => {
    const { id, scalingPolicies } = await alice.make("api", {
      config: { maxEntities: 0 },
      policies: [{ ...up, cooldown: 0 }],
    });
    const answer = await alice.ask("POST", `/groups/${id}/policies/${only(scalingPolicies).id}/execute`);
    expect(answer.json.error.message).toMatch(/: No change in servers$/);
    const schedule = { name: "then", type: "schedule", cooldown: 0, change: 1 };
    const past = await alice.ask("POST", `/groups/${id}/policies`, [
      { ...schedule, args: { at: "2001-01-01T00:00:00Z" } },
    ]);
    expect([past.status, past.json.error.message]).toEqual([
      400,
      'Invalid "2001-01-01T00:00:00Z" datetime: It must be in the future',
    ]);
  });

  test("with a schedule run at their time, and are recorded", async () => {
    const { id } = await alice.make("timed");
    const at = new Date(Date.now() + 1_500).toISOString();
    const schedule = { name: "soon", type: "schedule", cooldown: 0, desiredCapacity: 1, args: { at } };
    expect((await alice.ask("POST", `/groups/${id}/policies`, [schedule])).status).toBe(201);
    await active(id, 1);
    expect((await orders("timed"))[0]).toMatchObject({
      order: { kind: "schedule", policy: "soon" },
      from: 0,
      to: 1,
    });
  });
});

describe("webhooks", () => {
  test("open their policy to whoever has the link; twice in a cooldown acts once and is recorded so", async () => {
    const { id, scalingPolicies } = await alice.make("api", { policies: [up] });
    const list = `/groups/${id}/policies/${only(scalingPolicies).id}/webhooks`;
    const made = await alice.ask("POST", list, [
      { name: "alarm", metadata: { owner: "webteam" } },
      { name: "alarm" },
    ]);
    expect(made.status).toBe(201);
    expect(made.headers.get("location")).toBe(`${bench.url}/v1.0/local${list}/`);
    const [webhook] = made.json.webhooks;
    expect(webhook).toMatchObject({ name: "alarm", metadata: { owner: "webteam" } });
    expect(webhook?.links.map(({ rel }) => rel)).toEqual(["self", "capability"]);
    const capability = webhook?.links[1]?.href ?? "";
    expect(capability).toMatch(new RegExp(`^${bench.url}/v1.0/execute/1/[0-9a-f]{64}/$`));
    expect((await fetch(capability)).status).toBe(405);
    for (const body of ["", "{ whatever"]) {
      const answer = await fetch(capability, { method: "POST", body });
      expect([answer.status, await answer.text(), answer.headers.get("content-type")]).toEqual([
        202,
        "",
        "application/json",
      ]);
    }
    await active(id, 1);
    const records = await until("both records", async () => {
      const found = await orders("api");
      return found.length === 2 && found;
    });
    expect(records.map(({ order, action }) => [order?.kind, order?.by, action])).toEqual([
      ["webhook", "alarm", "scale"],
      ["webhook", "alarm", "hold"],
    ]);
    expect(records[1]?.reasons.map(({ code }) => code)).toContain("order-policy-cooldown");
    const below = capability.replace("/v1.0/", "/v1.0/local/");
    expect((await fetch(below, { method: "POST" })).status).toBe(202);
  });

  test("are replaced without a new link, get one when they are rotated, and go with their policy", async () => {
    const { id, scalingPolicies } = await alice.make("api", { policies: [up] });
    const { id: policy } = only(scalingPolicies);
    const list = `/groups/${id}/policies/${policy}/webhooks`;
    const { webhooks } = (await alice.ask("POST", list, [{ name: "one" }])).json;
    const webhook = only(webhooks);
    const at = `${list}/${webhook.id}`;
    expect((await alice.ask("PUT", at, { name: "two" })).json.error.type).toBe("ValidationError");
    expect((await alice.ask("PUT", at, { name: "two", metadata: { a: "b" } })).status).toBe(204);
    const { webhook: changed } = (await alice.ask("GET", at)).json;
    expect(changed).toEqual({ ...webhook, name: "two", metadata: { a: "b" } });
    await daemon.control.invoke("local", "webhooks.rotate", ["api", policy, webhook.id]);
    const { webhook: rotated } = (await alice.ask("GET", at)).json;
    expect(rotated.links[0]).toEqual(webhook.links[0]);
    expect(rotated.links[1]?.href).not.toBe(webhook.links[1]?.href);
    expect((await fetch(webhook.links[1]?.href ?? "", { method: "POST" })).status).toBe(202);
    expect(await orders("api")).toEqual([]);
    const many = await alice.ask(
      "POST",
      list,
      Array.from({ length: 25 }, () => ({ name: "x" })),
    );
    expect([many.status, many.json.error]).toMatchObject([
      422,
      {
        type: "WebhooksOverLimitError",
        message: `Currently there are 1 webhooks for tenant local, scaling group ${id}, policy ${policy}.  Creating 25 new webhooks would exceed the webhook limit of 25 per policy.`,
      },
    ]);
    expect((await alice.ask("DELETE", `/groups/${id}/policies/${policy}`)).status).toBe(204);
    expect((await alice.ask("GET", at)).json.error.type).toBe("NoSuchPolicyError");
    expect((await fetch(rotated.links[1]?.href ?? "", { method: "POST" })).status).toBe(202);
    expect(await orders("api")).toEqual([]);
  });

  test("unknown links are answered like genuine ones, and only counted", async () => {
    const answer = await fetch(`${bench.url}/v1.0/execute/1/${"0".repeat(64)}`, { method: "POST" });
    expect([answer.status, await answer.text()]).toEqual([202, ""]);
    const metrics = await (await fetch(`${bench.url}/metrics`)).text();
    expect(metrics).toMatch(/bellows_webhooks_unknown_total 1/);
  });

  test("made on the command line for a group that no file declares order it too", async () => {
    const invoke = (method: string, ...args: unknown[]) => daemon.control.invoke("local", method, args);
    await invoke("groups.create", {
      name: "byhand",
      min: 0,
      max: 2,
      launch: { command: "node", args: ["server.mjs"] },
    });
    await invoke("policies.create", "byhand", { name: "up", adjust: { change: 1 } });
    const { url } = (await invoke("webhooks.create", "byhand", "up", { name: "ci" })) as { url: string };
    expect((await fetch(url, { method: "POST" })).status).toBe(202);
    await active("byhand", 1);
    expect((await orders("byhand"))[0]?.order).toMatchObject({ kind: "webhook", by: "ci" });
  });
});

function launchOf(server: object): object {
  return {
    type: "launch_server",
    args: { server: { name: "web", flavorRef: "2", imageRef: "worker", ...server } },
  };
}

const serverFolder = (): string => join(bench.folder, "state", "plugins", "local", "servers");

/** Waits until a group has so many in service. */
function active(group: string, count: number): Promise<Body["group"]> {
  return until(`${count} active`, async () => {
    const { json } = await alice.ask("GET", `/groups/${group}/state`);
    return json.group.activeCapacity === count && json.group;
  });
}

async function names(): Promise<string[]> {
  return (await alice.ask("GET", "/groups")).json.groups.map(({ state }) => state.name);
}

/** Records of the orders that a group had. */
async function orders(group: string): Promise<DecisionRecord[]> {
  const found: DecisionRecord[] = [];
  for await (const { value } of daemon.control.records(group))
    if (value.trigger === "order") found.push(value);
  return found;
}

function only<T>(items: readonly T[]): T {
  expect(items).toHaveLength(1);
  return items[0] as T;
}
