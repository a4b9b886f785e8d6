import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { hasProgram, hasPython, pythonWith } from "@bellows/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { applyPlan, planResources } from "../src/resources/plan.js";
import { type AutoscaleBench, autoscaleConfig, createAutoscaleBench } from "./autoscale-fixture.js";

const GUIDE = fileURLToPath(new URL("fixtures/pyrax_guide.py", import.meta.url));

/** One step of the guide, as the script tells it. */
interface Step {
  step: string;
  by: "pyrax" | "request" | "anybody";
  why?: string;
  shows: unknown;
}

let bench: AutoscaleBench;
beforeAll(async () => {
  bench = await createAutoscaleBench();
  const config = autoscaleConfig(Number(new URL(bench.url).port));
  bench.write(
    config
      .replace("images: { worker", "images: { other: { command: node, args: [server.mjs] }, worker")
      .replace(
        "groups:\n",
        'loadBalancers:\n  "1234": { listeners: [{ port: 0, protocol: http }] }\ngroups:\n',
      ),
  );
  await bench.start({
    httpLimits: { callsPerMinute: 100_000 },
    prepare: async (session) => {
      const wanted = await planResources(session);
      await applyPlan(wanted.filter(({ kind }) => kind === "load-balancer"));
    },
  });
});
afterAll(() => bench?.end());

// One of the libraries below pyrax is built from C when it is installed.
describe.skipIf(!hasPython() || !hasProgram("gcc", "gcc python3-dev"))(
  "pyrax 1.10.0, as it was published",
  () => {
    test("does every step of its guide, on processes of this machine", async () => {
      const python = join(pythonWith("pyrax"), "python");
      const { stdout } = await promisify(execFile)(python, [GUIDE, bench.url, "alice", "alices-key"], {
        timeout: 60_000,
      });
      const steps = stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Step);
      expect(steps.filter(({ by }) => by === "pyrax").length).toBeGreaterThanOrEqual(55);
      // Strings are no bytes on Python 3, so that pyrax cannot encode files there.
      expect(steps.filter(({ by }) => by === "request")).toMatchObject([
        { step: "au.create(personality)", why: expect.stringContaining("bytes-like") },
      ]);
      const shown = Object.fromEntries(steps.map(({ step, shows }) => [step, shows]));
      expect(shown).toMatchObject(SHOWN);
    }, 400_000);
  },
);

const metadata = { owner: "webteam", more: "yes", yet: "more" };
const updated = ["something_new", { owner: "webteam" }];

/** What the steps show whose results the guide prints. */
const SHOWN = {
  set_credentials: true,
  "au.list()": [],
  "au.create()": ["MyScalingGroup", 0, 2, 16, {}],
  "au.create(personality)": [{ path: "/etc/motd", contents: "aGVsbG8=" }],
  "au.list(), with a group": ["MyScalingGroup"],
  "group.get_launch_config()": {
    type: "launch_server",
    name: "sg_test",
    image: "worker",
    flavor: "3",
    disk_config: "AUTO",
    metadata: { mykey: "myvalue" },
    load_balancers: [{ loadBalancerId: 1234, port: 80 }],
  },
  "sg.get_state()": [2, { active_capacity: 2, desired_capacity: 2, pending_capacity: 0, paused: false }],
  "au.get_state(sg), paused": true,
  "sg.get_configuration()": { name: "MyScalingGroup", cooldown: 0, minEntities: 2, maxEntities: 16 },
  "au.get(), metadata": { a: "b", c: "d" },
  "sg.get_launch_config(), changed": {
    image: "other",
    flavor: "4",
    metadata: { mykey: "myvalue", more: "yes" },
  },
  "sg.add_policy()": ["up", "webhook", 0, 1],
  "au.add_policy(sg)": ["half", 50],
  "au.list_policies(sg)": ["half", "up"],
  "policy.update()": [60, -3],
  "sg.get_policy()": [1, 1],
  "policy.execute()": 3,
  "sg.execute_policy(half)": 5,
  "au.execute_policy(sg, half), in its cooldown": [403, expect.stringContaining("Cooldowns not met.")],
  "policy.add_webhook()": ["alarm", { owner: "me" }, ["self", "capability"]],
  "au.list_webhooks(sg)": ["alarm", "second", "third"],
  "policy.update_webhook()": updated,
  "sg.update_webhook()": updated,
  "au.update_webhook(sg)": updated,
  "au.update_webhook_metadata(sg)": metadata,
  "the alarm calls the webhook": [202, ""],
  "au.get_limits()": { maxGroups: 1_000, maxPoliciesPerGroup: 100, maxWebhooksPerPolicy: 25 },
  "sg.list_policies(), none left": 0,
  "sg.delete(), with servers in it": [403, expect.stringContaining("still has entities.")],
  "au.list(), none left": [],
};
