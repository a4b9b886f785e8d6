import { afterEach, describe, expect, it } from "vitest";
import { freePort, openWorkshop, until, type Workshop } from "./workshop.js";

let shop: Workshop;
afterEach(() => shop.close());

/** init, with ports that are free here. */
async function begin(): Promise<string> {
  shop = openWorkshop();
  expect((await shop.bellows("init")).code).toBe(0);
  const [front, api] = [String(await freePort()), String(await freePort())];
  const text = shop
    .read("bellows.yaml")
    .replaceAll("8080", front)
    .replace("policies:\n", "policies:\n      up: { change: +1, cooldown: 3m }\n");
  shop.write(
    "bellows.yaml",
    `${text}\nserver: { listen: "127.0.0.1:${api}", url: "http://127.0.0.1:${api}" }\n`,
  );
  return `http://127.0.0.1:${api}`;
}

interface Decision {
  action: string;
  metrics: object[];
  reasons: { text: string }[];
  wouldChangeIf: string[];
}

async function inService(): Promise<number> {
  const { groups } = (await shop.bellows("status --json")).json<{ groups: { inService?: number }[] }>();
  return groups[0]?.inService ?? 0;
}

/** The steps of every day, whoever does the work: this process, or the controller that runs. */
async function everyDay(): Promise<void> {
  expect((await shop.bellows("scale web --to 3 --keep 30m")).stdout).toContain("1 -> 3");
  await until(async () => {
    await shop.bellows("groups update web --no-wait --max 6");
    return (await inService()) === 3;
  });
  const explained = (await shop.bellows("explain web --json")).json<{ records: Decision[] }>();
  expect(explained.records.at(-1)).toMatchObject({ group: "web" });
  expect((await shop.bellows("explain web --last 50")).stdout).toMatch(/→ 3/);
  const instances = (await shop.bellows("groups instances web --json")).json<{ health: string }[]>();
  expect(instances).toHaveLength(3);
  expect((await shop.bellows("lbs members front --json")).json<object[]>()).toHaveLength(3);

  expect((await shop.bellows("policies create web/down --change -1")).code).toBe(0);
  const made = (await shop.bellows("webhooks create web/up ci --metadata owner=me --json")).json<{
    url: string;
  }>();
  expect(made.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\//);
  const listed = (await shop.bellows("webhooks list web/up --json")).json<object[]>();
  expect(listed).toMatchObject([{ name: "ci", url: made.url, metadata: { owner: "me" } }]);
  expect((await shop.bellows("policies execute web/up --json")).json()).toMatchObject({
    result: "executed",
    to: 4,
  });
  const again = await shop.bellows("policies execute web/up");
  expect([again.code, again.stdout]).toEqual([4, expect.stringContaining("cooldown")]);

  expect((await shop.bellows(["pause", "web", "--for", "2h", "--reason", "moving house"])).code).toBe(0);
  expect((await shop.bellows("status")).stdout).toMatch(/paused[\s\S]*moving house/);
  expect((await shop.bellows("scale web --to 2")).code).toBe(4);
  expect((await shop.bellows("resume web")).code).toBe(0);
  expect((await shop.bellows("pin web --to 2 --for 1h")).code).toBe(0);
  expect((await shop.bellows("status")).stdout).toContain("pinned to 2");
  expect((await shop.bellows("unpin web")).code).toBe(0);
}

describe("from an empty folder", () => {
  it("without a controller: init, validate, plan, apply, one round, then every day's commands", async () => {
    await begin();
    const valid = await shop.bellows("validate");
    expect([valid.code, valid.stdout]).toEqual([
      0,
      expect.stringContaining("valid (1 group, 1 load balancer)"),
    ]);
    const plan = (await shop.bellows("plan --json")).json<{ resources: object[]; groups: object[] }>();
    expect(plan.resources).toMatchObject([
      { kind: "load-balancer", name: "front", provider: "local", action: "create" },
      { kind: "group", name: "web", provider: "local", action: "create" },
    ]);
    expect(plan.groups).toMatchObject([{ group: "web", from: 0, to: 1 }]);
    expect((await shop.bellows("plan --exit-code")).code).toBe(10);
    expect((await shop.bellows("apply")).code).toBe(2);
    expect((await shop.bellows("apply --yes")).stdout).toContain("2 changed");
    expect((await shop.bellows("apply --yes")).stdout).toContain("nothing to change");
    await until(async () => (await inService()) === 1);
    expect((await shop.bellows("run --once")).stdout).toMatch(/web: (hold|scale)/);
    await everyDay();
    shop.write("bellows.yaml", "version: 1\nname: local-web\nproviders: { local: {} }\n");
    expect((await shop.bellows("apply --prune --dry-run")).stdout).toContain("2 to change");
    expect((await shop.bellows("apply --prune --yes")).code).toBe(0);
    await until(async () => (await shop.bellows("groups list --json")).json<object[]>().length === 0);
  }, 120_000);

  it("with a controller that runs: the same commands go through it", async () => {
    const url = await begin();
    const controller = await shop.run("run --apply");
    await until(async () => (await inService()) === 1);
    expect((await shop.bellows("status --json")).json()).toMatchObject({ running: true, name: "local-web" });
    await everyDay();
    const { secret } = (await shop.bellows("tokens create me --role admin --json")).json<{
      secret: string;
    }>();
    const far = { BELLOWS_SERVER: url, BELLOWS_TOKEN: secret, BELLOWS_STATE_DIR: "/nonexistent" };
    expect((await shop.bellows("status --json -c /nonexistent.yaml", far)).json()).toMatchObject({
      running: true,
    });
    expect((await shop.bellows("scale web --to 2", far)).code).toBe(0);
    const anonymous = await shop.bellows(["scale", "web", "--to", "3", "--server", url]);
    expect(anonymous.code).toBe(6);
    const forged = await shop.bellows("scale web --to 3", { ...far, BELLOWS_TOKEN: "bellows_forged_forged" });
    expect(forged.code).toBe(6);
    expect(forged.stderr).not.toContain("bellows_forged_forged");
    const drivers = await shop.bellows("groups list --provider local", far);
    expect([drivers.code, drivers.stderr]).toEqual([4, expect.stringContaining("--server")]);
    const second = await shop.bellows("run");
    expect([second.code, second.stderr]).toEqual([
      4,
      expect.stringContaining(String(controller.process.pid)),
    ]);
    expect(await controller.stop("SIGINT")).toBe(0);
    expect((await shop.bellows("groups instances web --json")).json<object[]>().length).toBeGreaterThan(0);
    const deleted = await shop.bellows("groups delete web --force --yes --wait");
    expect([deleted.code, deleted.stdout]).toEqual([0, "web: deleted\n"]);
    expect((await shop.bellows("groups get web")).code).toBe(3);
  }, 120_000);
});
