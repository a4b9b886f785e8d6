import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type AutoscaleBench,
  type Client,
  clientOf,
  createAutoscaleBench,
  groupOf,
} from "./autoscale-fixture.js";
import { until } from "./daemon-fixture.js";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const up = { name: "up", type: "webhook", cooldown: 300, change: 1 };

let bench: AutoscaleBench;
let alice: Client;
beforeEach(async () => {
  bench = await createAutoscaleBench();
  await bench.begin();
  alice = await bench.client();
});
afterEach(() => bench.end());

describe("the Autoscale API on this machine", () => {
  test("a group is made of real processes, and its policy makes one more", async () => {
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
    const [policy] = group.scalingPolicies;
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
  });

  async function active(group: string, count: number) {
    return until(`${count} active`, async () => {
      const { json } = await alice.ask("GET", `/groups/${group}/state`);
      return json.group.activeCapacity === count && json.group;
    });
  }
});
void clientOf;
