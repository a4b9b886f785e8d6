import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import { openWorkshop, SERVER, until, type Workshop } from "./workshop.js";

let shop: Workshop;
afterEach(() => shop.close());

describe("without a file", () => {
  it("groups, balancers, launches and servers are made, changed and removed by hand", async () => {
    shop = openWorkshop();
    const local = (line: string) => shop.bellows(`${line} --provider local`);
    const none = await local("groups list --json");
    expect([none.code, none.stdout, none.stderr]).toEqual([0, "[]\n", ""]);
    shop.write("server.mjs", SERVER);
    const front = await local("lbs create front --listener 0/http --target HTTP:/ --interval 500ms");
    expect(front.stdout).toMatch(/^front: created, 127\.0\.0\.1:\d+/);
    const made = await local(
      "groups create web --min 1 --max 3 --command node --arg server.mjs --lb front --wait",
    );
    expect([made.code, made.stderr, made.stdout]).toEqual([0, "", "web: created, 1 wanted\n"]);
    expect((await local("groups get web --json")).json()).toMatchObject({
      name: "web",
      min: 1,
      state: { activeCapacity: 1, desiredCapacity: 1, pendingCapacity: 0 },
    });
    const [member] = (await local("lbs members front --json")).json<{ id: string }[]>();
    expect((await local("servers list --json")).json()).toMatchObject([{ id: member?.id, status: "active" }]);
    expect((await local(`servers get ${member?.id}`)).stdout).toContain("status: active");
    expect((await local("groups update web --desired 9")).code).toBe(4);
    expect((await local("groups update web --min 2 --wait")).stdout).toContain("desired 2");
    expect((await local("groups metadata web --set team=blue --json")).json()).toEqual({ team: "blue" });
    expect((await local("policies create web/up --change +1 --cooldown 3m")).code).toBe(0);
    expect((await local("policies execute web/up --json")).json()).toMatchObject({
      result: "executed",
      to: 3,
    });
    expect(await local("policies execute web/up")).toMatchObject({
      code: 4,
      stdout: expect.stringContaining("cooldown"),
    });
    expect((await local("launch patch web --env MODE=b")).code).toBe(0);
    expect((await local("launch get web --json")).json()).toMatchObject({
      command: "node",
      env: { MODE: "b" },
    });
    expect((await local("launch history web --json")).json<object[]>()).toHaveLength(2);
    expect((await local("groups activities web")).stdout).toContain("create server");
    expect((await local("groups delete web --yes")).code).toBe(4);
    expect((await local("groups shutdown web --yes --wait")).stdout).toBe("web: empty\n");
    expect((await local("groups delete web --yes --wait")).code).toBe(0);
    expect((await local("lbs health-check front --healthy 4 --json")).json()).toMatchObject({ healthy: 4 });
    expect((await local("lbs delete front --yes")).code).toBe(0);
    expect((await local("lbs get front")).code).toBe(3);
  }, 60_000);

  it.each([
    ["regions list", "no regions"],
    ["alarms list", "bellows policies create"],
    ["clusters list", "bellows plugins list"],
    ["launch list", "bellows launch get GROUP"],
  ])("bellows %s says that the provider has none, and a way out", async (line, text) => {
    shop = openWorkshop();
    const { code, stderr } = await shop.bellows(`${line} --provider local`);
    expect([code, stderr]).toEqual([4, expect.stringContaining(text)]);
    expect(stderr).toContain("hint:");
  });

  it("commands that are given at the same time wait for one another", async () => {
    shop = openWorkshop();
    const lists = await Promise.all([1, 2, 3].map(() => shop.bellows("groups list --provider local --json")));
    expect(lists.map(({ code, stdout }) => [code, stdout])).toEqual(lists.map(() => [0, "[]\n"]));
  });

  it("Ctrl-C stops waiting with 130, and says that it goes on", async () => {
    shop = openWorkshop();
    shop.write("slow.mjs", "setInterval(() => {}, 1000);");
    const words =
      "groups create slow --min 1 --max 1 --command node --arg slow.mjs --wait --provider local".split(" ");
    words.push("--launch-native", "{ local: { ready: tcp } }");
    const launcher = fileURLToPath(new URL("../bin/bellows.js", import.meta.url));
    const child = spawn(process.execPath, [launcher, ...words], {
      cwd: shop.folder,
      env: { ...process.env, BELLOWS_STATE_DIR: `${shop.folder}/state` },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    onTestFinished(() => void child.kill("SIGKILL"));
    await until(() => logged(shop.folder));
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    expect(said).toContain("goes on");
  }, 60_000);
});

/** Whether a server has been started there: it has a folder with its log. */
function logged(folder: string): boolean {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return files.some((file) => file.endsWith("server.log"));
}

describe("metrics by hand", () => {
  it("query asks one source once; its options are flags, its secrets come from the environment", async () => {
    shop = openWorkshop();
    const seen: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.end(JSON.stringify({ messages_ready: 42 }));
    }).listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await until(() => server.listening);
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/stats`;
    const plain = await shop.bellows([
      "metrics",
      "query",
      "http",
      "--url",
      url,
      "--select",
      "messages_ready",
    ]);
    expect([plain.code, plain.stdout]).toEqual([0, "42\n"]);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as it is written in files.
    const auth = 'auth={ bearer: "${env:TOK}" }';
    const words = [
      "metrics",
      "query",
      "http",
      "--url",
      url,
      "--select",
      "messages_ready",
      "--param",
      auth,
      "--json",
    ];
    const answered = await shop.bellows(words, { TOK: "swordfish" });
    expect(answered.json()).toMatchObject({ source: "http", value: 42 });
    expect(seen).toContain("Bearer swordfish");
    expect(answered.stdout + answered.stderr).not.toContain("swordfish");
    const wrong = await shop.bellows(["metrics", "query", "http", "--url", url, "--select", "nothing"]);
    expect([wrong.code, wrong.stdout]).toEqual([5, expect.stringContaining("unavailable: ")]);
    const typo = await shop.bellows(["metrics", "query", "http", "--urll", url]);
    expect([typo.code, typo.stderr]).toEqual([2, expect.stringContaining('did you mean "url"')]);
  });

  it("test reads each metric of the file, and says why one has no value", async () => {
    shop = openWorkshop();
    shop.write("server.mjs", SERVER);
    shop.write(
      "bellows.yaml",
      `version: 1
name: shop
providers: { local: {} }
server: { listen: "127.0.0.1:0" }
groups:
  web:
    min: 1
    max: 2
    launch: { command: node, args: [server.mjs], env: { KEY: "\${env:DB_PASSWORD}" } }
    metrics:
      five: { source: constant, value: 5 }
      dead: { source: http, url: "http://127.0.0.1:1/x", select: a }
      memory: { source: group, metric: memoryBytes }
    policies: { up: { when: five > 9, change: +1 } }
`,
    );
    const env = { DB_PASSWORD: "hunter2-hunter2" };
    expect((await shop.bellows("apply --yes", env)).code).toBe(0);
    await shop.bellows("groups update web --min 1 --wait --timeout 20s", env);
    const tested = await shop.bellows("metrics test --json", env);
    const rows = tested.json<{ metric: string; value?: number; tookMs: number; unavailable?: string }[]>();
    expect(tested.code).toBe(5);
    expect(rows).toMatchObject([
      { metric: "five", value: 5 },
      { metric: "dead", unavailable: expect.stringContaining("refused") },
      { metric: "memory", value: expect.any(Number) },
    ]);
    expect(rows.every(({ tookMs }) => tookMs >= 0)).toBe(true);
    for (const line of [
      "launch get web",
      "launch history web --json",
      "plan --json",
      "groups get web",
      "explain web",
    ]) {
      const { stdout, stderr } = await shop.bellows(line, env);
      expect(stdout + stderr, line).not.toContain(env.DB_PASSWORD);
    }
    const changed = await shop.bellows("plan", { DB_PASSWORD: "other-secret" });
    expect(changed.stdout + changed.stderr).not.toMatch(/hunter2-hunter2|other-secret/);
  }, 60_000);
});

describe("validate", () => {
  it("lists five faults at once, each with line, column and a hint, and exits with 2", async () => {
    shop = openWorkshop();
    shop.write(
      "bellows.yaml",
      `version: 1
providers: { local: {} }
groups:
  web:
    min: 4
    max: 2
    cooldown: 300
    launch: { command: node, instanceType: t3.small }
    metrics: { queue: { source: constant, value: 1 } }
    polices: {}
    policies: { up: { when: queu > 5, change: +1 } }
`,
    );
    const { code, stdout, stderr } = await shop.bellows("validate");
    expect([code, stdout]).toEqual([2, ""]);
    for (const text of ["min 4 is greater", "needs a unit", "instanceType", '"polices"', '"queu"'])
      expect(stderr).toContain(text);
    expect(stderr.match(/bellows\.yaml:\d+:\d+: /g)).toHaveLength(5);
    expect(stderr.match(/hint: /g)).toHaveLength(5);
  });
});
