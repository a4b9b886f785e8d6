import { Agent, request } from "node:http";
import type { DecisionRecord } from "@bellows/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { clientOf, groupOf } from "./autoscale-fixture.js";
import { until } from "./daemon-fixture.js";
import { createFaultBench, type FaultBench, freePort, type Life, recordsOf } from "./faults-fixture.js";

/** Calls in a burst, and how many come before the controller is killed. */
const CALLS = 1_500;
const BEFORE_KILL = 500;

let bench: FaultBench;
let url: string;
beforeEach(async () => {
  bench = createFaultBench();
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  bench.write(`
version: 1
name: burst
every: 500ms
providers: { local: { images: { worker: { command: node, args: [server.mjs] } } } }
server: { listen: "127.0.0.1:${port}" }
`);
});
afterEach(() => bench.end());

/** Makes a group with a webhook on each of two policies: one acts each time, one once an hour. */
async function prepare(life: Life): Promise<{ each: string; once: string }> {
  const { secret } = await life.control.createToken("test", "admin");
  const client = clientOf(`${url}/v1.0/local`, secret);
  const made = await client.ask(
    "POST",
    "/groups",
    groupOf("api", {
      config: { maxEntities: 3 },
      policies: [
        { name: "each", type: "webhook", cooldown: 0, change: 1 },
        { name: "once", type: "webhook", cooldown: 3_600, change: -1 },
      ],
    }),
  );
  const { id, scalingPolicies } = made.json.group;
  const links = new Map<string, string>();
  for (const { id: policy, name } of scalingPolicies) {
    const { json } = await client.ask("POST", `/groups/${id}/policies/${policy}/webhooks`, [{ name }]);
    links.set(name, json.webhooks[0]?.links[1]?.href ?? "");
  }
  return { each: links.get("each") ?? "", once: links.get("once") ?? "" };
}

/** Calls a link so often at a time; the controller may die meanwhile. @returns how many were accepted, and how many nobody knows of. */
async function burst(link: string, count: number, onAccepted: (accepted: number) => void) {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const seen = { accepted: 0, lost: 0, refused: 0 };
  const call = (): Promise<void> =>
    new Promise((resolve) => {
      const asked = request(link, { method: "POST", agent }, (response) => {
        response.resume();
        response.on("close", resolve);
        if (response.statusCode === 202) onAccepted(++seen.accepted);
        else seen.refused += 1;
      });
      asked.on("error", () => {
        seen.lost += 1;
        resolve();
      });
      asked.end();
    });
  await Promise.all(Array.from({ length: count }, call));
  agent.destroy();
  return seen;
}

const ofWebhook = (records: readonly DecisionRecord[], name: string): DecisionRecord[] =>
  records.filter(({ order }) => order?.kind === "webhook" && order.by === name);

describe("a burst of webhook calls", () => {
  test("loses nothing that was accepted, and acts on a doubled delivery once a cooldown", async () => {
    const life = bench.live();
    await life.ready();
    const { each, once } = await prepare(life);
    expect(await burst(each, CALLS, () => {})).toEqual({ accepted: CALLS, lost: 0, refused: 0 });
    expect((await burst(once, 50, () => {})).accepted).toBe(50);
    const records = await until("all records", async () => {
      const found = await recordsOf(life.control, "api");
      return ofWebhook(found, "each").length >= CALLS && ofWebhook(found, "once").length >= 50 && found;
    });
    expect(ofWebhook(records, "each")).toHaveLength(CALLS);
    expect(ofWebhook(records, "once").filter(({ action }) => action === "scale")).toHaveLength(1);
    expect(records.filter(({ action, to, from }) => action === "scale" && to > from).length).toBe(3);
  }, 60_000);

  test("killed in the middle, records all that was accepted, once each", async () => {
    const life = bench.live();
    await life.ready();
    const { each } = await prepare(life);
    const seen = await burst(each, CALLS, (accepted) => {
      if (accepted === BEFORE_KILL) void life.kill();
    });
    expect(seen.accepted).toBeGreaterThanOrEqual(BEFORE_KILL);
    expect(seen.lost).toBeGreaterThan(0);
    const next = bench.live();
    await next.ready();
    const records = await until("every accepted call recorded", async () => {
      const found = ofWebhook(await recordsOf(next.control, "api"), "each");
      return found.length >= seen.accepted && found;
    });
    expect(records.length).toBeLessThanOrEqual(seen.accepted + seen.lost);
    const ids = records.map(({ order }) => order?.id);
    expect(new Set(ids).size).toBe(ids.length);
    const later = ofWebhook(await recordsOf(next.control, "api"), "each");
    expect(later.length).toBe(records.length);
  }, 60_000);
});
