/**
 * Autoscale twice: the stand-in's own, and the one that `bellows run` serves over the same Cloud Servers. Both were
 * written from the facts by different hands; what one answers, so does the other.
 */
import { type Ask, asking, IMAGE_ID, type RackspaceStandIn, startRackspace } from "@bellows/testing";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Served, startServed } from "./served-fixture.js";
import { connected } from "./standing.js";

let own: RackspaceStandIn;
let served: Served;
let ask: { own: Ask; served: Ask };
beforeAll(async () => {
  own = await startRackspace();
  served = await startServed();
  ask = {
    own: await asking(own, "rax:autoscale"),
    served: await asking(served.standIn, "rax:autoscale"),
  };
});
afterAll(async () => {
  await own?.stop();
  await served?.stop();
});

const server = { name: "web", flavorRef: "general1-2", imageRef: IMAGE_ID, metadata: { k: "v" } };
const launchConfiguration = { type: "launch_server", args: { server, loadBalancers: [] } };
const groupConfiguration = {
  name: "web",
  cooldown: 0,
  minEntities: 0,
  maxEntities: 5,
  metadata: { team: "blue" },
};
const up = { name: "up", type: "webhook", cooldown: 0, change: 1 };
const config = (more: object) => ({ ...groupConfiguration, ...more });
const group = (more: object) => ({ groupConfiguration, launchConfiguration, scalingPolicies: [up], ...more });

/** Requests in their order; `G`, `P` and `W` stand for the ids that were made. */
const STEPS: readonly (readonly [method: string, path: string, body?: object | string])[] = [
  ["POST", "/groups", "{"],
  ["POST", "/groups", group({ groupConfiguration: config({ minEntities: 6 }) })],
  ["POST", "/groups", group({ groupConfiguration: config({ name: "x".repeat(257) }) })],
  ["POST", "/groups", group({ groupConfiguration: config({ cooldown: 86_401 }) })],
  ["POST", "/groups", group({ extra: 1 })],
  ["POST", "/groups", group({ scalingPolicies: [{ ...up, change: 0 }] })],
  [
    "POST",
    "/groups",
    group({ launchConfiguration: { type: "launch_server", args: { server: { ...server, flavorRef: 3 } } } }),
  ],
  ["POST", "/groups", group({})],
  ["GET", "/groups/G"],
  ["GET", "/groups/G?webhooks=true"],
  ["GET", "/groups/G/"],
  ["GET", "/groups/G/state"],
  ["GET", "/groups/G/config"],
  ["GET", "/groups/G/launch"],
  ["GET", "/groups/G/policies"],
  ["GET", "/groups/G/policies/P"],
  ["GET", "/groups?limit=x"],
  ["GET", "/groups/none"],
  ["PUT", "/groups/none/config", "{"],
  ["PUT", "/groups/none/config", config({})],
  ["PUT", "/groups/G/config", config({ metadata: undefined })],
  ["PUT", "/groups/G/config", config({ maxEntities: 4 })],
  ["PUT", "/groups/G/launch", { ...launchConfiguration, type: "launch_rocket" }],
  ["PUT", "/groups/G/launch", launchConfiguration],
  ["POST", "/groups/G/policies", [{ ...up, id: "mine" }]],
  ["POST", "/groups/G/policies", [{ ...up, args: {} }]],
  ["POST", "/groups/G/policies", [{ ...up, desiredCapacity: 1 }]],
  ["POST", "/groups/G/policies", [{ ...up, type: "schedule", args: { cron: "0 0 * * * *" } }]],
  ["POST", "/groups/G/policies", [{ ...up, type: "schedule", args: { at: "2001-01-01T00:00:00Z" } }]],
  ["POST", "/groups/G/policies", []],
  ["PUT", "/groups/G/policies/P", { ...up, type: "schedule", args: { cron: "0 0 * * *" } }],
  ["PUT", "/groups/G/policies/P", { ...up, name: "more" }],
  ["GET", "/groups/G/policies/none"],
  ["POST", "/groups/G/policies/P/webhooks", [{ name: "" }]],
  ["POST", "/groups/G/policies/P/webhooks", [{ name: "alarm" }]],
  ["GET", "/groups/G/policies/P/webhooks"],
  ["GET", "/groups/G/policies/P/webhooks/W"],
  ["PUT", "/groups/G/policies/P/webhooks/W", { name: "bell" }],
  ["PUT", "/groups/G/policies/P/webhooks/W", { name: "bell", metadata: { a: "b" } }],
  ["GET", "/groups/G/policies/P/webhooks/none"],
  ["POST", "/groups/G/pause"],
  ["POST", "/groups/G/policies/P/execute"],
  ["POST", "/groups/G/converge"],
  ["POST", "/groups/G/resume"],
  ["POST", "/groups/G/policies/none/execute"],
  ["POST", "/groups/G/policies/P/execute"],
  ["DELETE", "/groups/G"],
  ["DELETE", "/groups/G?force=perhaps"],
  ["DELETE", "/groups/G/servers/none"],
  ["GET", "/groups/G/servers"],
  ["DELETE", "/groups/G/policies/P/webhooks/W"],
  ["DELETE", "/groups/G/policies/P"],
  ["DELETE", "/groups/G/policies/P"],
  ["DELETE", "/groups/G?force=true"],
  ["GET", "/groups/G"],
];

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** Asks all steps. @returns what was answered, without what differs from one to the next. */
async function walk(one: Ask): Promise<string[]> {
  const ids: Record<string, string> = {};
  const said: string[] = [];
  for (const [method, path, body] of STEPS) {
    const real = path.replace(/\b[GPW]\b/g, (letter) => ids[letter] ?? letter);
    const { status, body: answer } = await one(method, real, body as never);
    const made = [
      ["G", answer.group?.id],
      ["P", answer.group?.scalingPolicies?.[0]?.id],
      ["W", method === "POST" ? answer.webhooks?.[0]?.id : undefined],
    ] as const;
    if (method === "POST") for (const [letter, id] of made) if (id !== undefined) ids[letter] = String(id);
    said.push(`${method} ${path}: ${status} ${plain(answer)}`);
  }
  return said;
}

/** Types of errors whose words nobody has to agree on. */
const OWN_WORDS = ["ValidationError", "NotImplementedError"];

/** An answer without ids and addresses. */
function plain(answer: object): string {
  const { error, group: whole } = answer as {
    error?: { type: string; code: number };
    group?: Record<string, unknown>;
  };
  if (error !== undefined && OWN_WORDS.includes(error.type))
    return JSON.stringify({ type: error.type, code: error.code });
  return JSON.stringify(sorted(whole === undefined ? answer : { group: withoutOldState(whole) }))
    .replace(/http:\/\/127\.0\.0\.1:\d+(\/autoscale\/DFW)?/g, "")
    .replace(/[0-9a-f]{64}/g, "HASH")
    .replace(UUID, "ID");
}

/** A group's manifest without the counts that only Bellows shows beside its state, as the guide does. */
function withoutOldState(whole: Record<string, unknown>): Record<string, unknown> {
  if (whole.state === undefined) return whole;
  const { activeCapacity, desiredCapacity, pendingCapacity, paused, ...rest } = whole;
  return rest;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, one]) => [key, sorted(one)]),
  );
}

it("both answer alike, in status, error and form", async () => {
  expect(await walk(ask.served)).toEqual(await walk(ask.own));
});

it("the provider drives the served one, whose servers are the stand-in's", async () => {
  const cloud = await connected(served.standIn);
  const launch = { image: IMAGE_ID, size: "general1-2", serverName: "shop" };
  const policies = [{ name: "up", engine: "native", adjust: { percent: 50 }, cooldownMs: 0 } as const];
  await cloud.groups.create(
    { name: "shop", min: 1, max: 5, cooldownMs: 0, launch, policies },
    { wait: true },
  );
  await cloud.groups.scale("shop", 2, { wait: true });
  expect(await cloud.policies.execute("shop", "up")).toMatchObject({ result: "executed", from: 2, to: 3 });
  const running = () =>
    served.standIn
      .region()
      .servers.filter(({ name, status }) => name.endsWith("-shop") && status === "ACTIVE");
  await expect.poll(() => running().length, { timeout: 20_000 }).toBe(3);
  await cloud.groups.delete("shop", { force: true, wait: true });
  await expect.poll(() => running().length, { timeout: 20_000 }).toBe(0);
  await cloud.close();
}, 60_000);
