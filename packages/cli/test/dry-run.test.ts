import { describe, expect, it } from "vitest";
import { bellows, words } from "./harness.js";

/** What a writer would ask of the provider. */
async function asked(line: string): Promise<unknown> {
  const { code, json, stderr } = await bellows([
    ...words(line),
    "--provider",
    "local",
    "--dry-run",
    "--json",
  ]);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return json();
}

describe("--dry-run says what would be asked, in the contract's words", () => {
  it.each([
    [
      "policies create g/night --desired 1 --cooldown 0s --cron '0 22 * * *' --timezone Europe/Berlin",
      "policies.create",
      [
        "g",
        {
          name: "night",
          adjust: { desired: 1 },
          schedule: { cron: "0 22 * * *", timezone: "Europe/Berlin" },
          cooldownMs: 0,
        },
      ],
    ],
    [
      "policies update my/g/up --percent -25%",
      "policies.update",
      ["my/g", "up", { adjust: { percent: -25 } }],
    ],
    ["policies execute g/up --ignore-cooldown", "policies.execute", ["g", "up", { honorCooldown: false }]],
    [
      "policies create g/t --target 60 --signal cpu --tolerance 0.2",
      "policies.create",
      ["g", { name: "t", adjust: { target: { value: 60, tolerance: 0.2 } }, signal: "cpu" }],
    ],
    [
      "webhooks create g/up ci --metadata a=b",
      "webhooks.create",
      ["g", "up", { name: "ci", metadata: { a: "b" } }],
    ],
    ["webhooks metadata g/up ci --set a=b", "webhooks.metadata.merge", ["g/up/ci", { a: "b" }]],
    ["groups metadata g --replace --set a=b", "groups.metadata.replace", ["g", { a: "b" }]],
    [
      "groups update g --max 4 --no-lb",
      "groups.update",
      ["g", { max: 4, loadBalancers: [] }, { wait: false }],
    ],
    [
      "groups terminate g i-1 --no-replace --timeout 1m",
      "groups.terminate",
      ["g", "i-1", { wait: true, timeoutMs: 60_000, replace: false }],
    ],
    ["groups pause g --process AZRebalance", "groups.pause", ["g", { processes: ["AZRebalance"] }]],
    [
      "lbs register l i-1 10.0.0.7:80",
      "loadBalancers.register",
      ["l", ["i-1", { address: "10.0.0.7", port: 80 }], { wait: false }],
    ],
    [
      "alarms create hot --metric AWS/EC2:CPU --stat Average --dimension G=g --above 70 --period 1m --periods 2 --execute g/up",
      "alarms.create",
      [
        {
          name: "hot",
          metric: { namespace: "AWS/EC2", name: "CPU", stat: "Average", dimensions: { G: "g" } },
          periodMs: 60_000,
          periods: 2,
          above: 70,
          executes: [{ group: "g", policy: "up" }],
        },
      ],
    ],
    ["services scale c/worker --to 3", "clusters.scaleService", ["c", "worker", 3, { wait: false }]],
  ])("bellows %s", async (line, method, args) => {
    expect(await asked(line)).toEqual({ dryRun: true, provider: "local", method, args });
  });

  it("gives a balancer's health check its usual numbers, and never an answer later than the next question", async () => {
    const { args } = (await asked("lbs create l --listener 80:8080/http --target TCP --interval 2s")) as {
      args: [object];
    };
    expect(args[0]).toMatchObject({
      name: "l",
      listeners: [{ port: 80, instancePort: 8080, protocol: "http" }],
      healthCheck: { target: "TCP", intervalMs: 2_000, timeoutMs: 2_000, healthy: 2, unhealthy: 3 },
    });
  });

  it("means relative programs from the folder that the command was given in", async () => {
    const { args } = (await asked("groups create g --min 1 --max 2 --command node --arg a.mjs")) as {
      args: [{ launch: { cwd: string } }];
    };
    expect(args[0]).toMatchObject({
      name: "g",
      min: 1,
      max: 2,
      launch: { command: "node", args: ["a.mjs"] },
    });
    expect(args[0].launch.cwd).toMatch(/^\/.+bellows-cli-/);
  });
});

describe("what destroys", () => {
  it.each([
    "groups delete g",
    "groups shutdown g",
    "lbs delete l",
    "policies delete g/p",
    "webhooks rotate g/p w",
  ])("bellows %s refuses without a terminal and without --yes", async (line) => {
    const { code, stderr } = await bellows([...words(line), "--provider", "local"]);
    expect(code).toBe(2);
    expect(stderr).toContain("--yes");
  });
});
