import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Daemon } from "../src/daemon.js";
import { applyPlan, planResources } from "../src/resources/plan.js";
import type { Session } from "../src/session.js";
import { type Bench, createBench, until } from "./daemon-fixture.js";
import { instancesOf, lives } from "./faults-fixture.js";

const apply = async (session: Session): Promise<void> => void (await applyPlan(await planResources(session)));

const config = (launch: string, more = "", min = 2): string => `
version: 1
name: faults
every: 150ms
providers: { local: { stopTimeout: 500ms } }
server: { listen: "127.0.0.1:0" }
groups:
  bad: { min: ${min}, max: 3, cooldown: 0s, launch: ${launch} }
  good: { min: 1, max: 3, cooldown: 0s, launch: { command: sleep, args: ["600"], local: { ready: none } } }
${more}`;

let bench: Bench;
beforeEach(() => {
  bench = createBench();
});
afterEach(() => bench.end());

describe("a command", () => {
  test("that is not found is told as such, and other groups go on", async () => {
    bench.write(config("{ command: no-such-command-here }"));
    const daemon = await bench.start({ prepare: apply });
    const report = await until("the problem", async () => {
      const bad = await reportOf(daemon, "bad");
      return bad.problems?.some((line) => line.includes("command not found: no-such-command-here")) && bad;
    });
    expect(report).toMatchObject({ desired: 2, inService: 0 });
    await expectOthersGoOn(daemon);
  });

  test("that exits at once is started ever more seldom, and its last words are told", async () => {
    bench.write(config(`{ command: sh, args: ["-c", "echo cannot reach the database; exit 3"] }`));
    const daemon = await bench.start({ prepare: apply });
    const report = await until("a crash loop with last words", async () => {
      const bad = await reportOf(daemon, "bad");
      return bad.problems?.some((line) => /times in a row.*cannot reach the database/s.test(line)) && bad;
    });
    expect(report).toMatchObject({ desired: 2, inService: 0 });
    await expectOthersGoOn(daemon);
    const rounds = (await reportOf(daemon, "good")).last?.count ?? 0;
    await until(
      "some more rounds",
      async () => ((await reportOf(daemon, "good")).last?.count ?? 0) > rounds + 10,
    );
    // Two slots, each with waits of a second and more that double: without them there would be dozens.
    expect(startsOf("bad")).toBeGreaterThan(2);
    expect(startsOf("bad")).toBeLessThan(12);
  });

  test("that ignores SIGTERM is killed after its deadline", async () => {
    bench.write(
      config(
        `{ command: sh, args: ["-c", "trap '' TERM; while :; do sleep 0.2; done"], local: { ready: none } }`,
        "",
        0,
      ),
    );
    const daemon = await bench.start({ prepare: apply });
    const scale = (desired: number) =>
      daemon.control.order("bad", {
        origin: { kind: "manual" },
        adjust: { desired },
        skipCooldowns: true,
      });
    await scale(2);
    await until("all instances", async () => (await reportOf(daemon, "bad")).inService === 2);
    const stubborn = instancesOf(join(bench.folder, "state"), "bad");
    const leaders = new Set(stubborn.map(({ id }) => id));
    expect(leaders.size).toBe(2);
    await scale(0);
    await until("its processes to be gone", async () => !stubborn.some(({ pid }) => lives(pid)));
    await until("the group to be empty", async () => {
      const bad = await reportOf(daemon, "bad");
      return bad.inService === 0 && bad.draining === 0;
    });
  });
});

describe("a port that is taken", () => {
  test("by a stranger, for a balancer: an error that names it, and a start once it is free", async () => {
    const stranger = createServer().listen(0, "127.0.0.1");
    await once(stranger, "listening");
    const { port } = stranger.address() as { port: number };
    bench.write(
      config(
        "{ command: sleep, args: ['600'], local: { ready: none } }",
        `loadBalancers:\n  front: { listeners: [{ port: ${port}, protocol: http }] }\n`,
      ),
    );
    await expect(bench.start({ prepare: apply })).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringContaining(String(port)),
    });
    await new Promise((resolve) => stranger.close(resolve));
    const daemon = await bench.start({ prepare: apply });
    await until("the group", async () => (await reportOf(daemon, "bad")).inService === 2);
  });
});

async function reportOf(daemon: Daemon, group: string) {
  const [report] = (await daemon.control.status([group])).groups;
  if (report === undefined) throw new Error("no report");
  return report;
}

/** An order on the group beside it is carried out. */
async function expectOthersGoOn(daemon: Daemon): Promise<void> {
  const order = { origin: { kind: "manual" as const }, adjust: { desired: 2 }, skipCooldowns: true };
  expect((await daemon.control.order("good", order)).outcome).toBe("executed");
  await until(
    "two instances of the other group",
    async () => (await reportOf(daemon, "good")).inService === 2,
  );
}

/** How many servers of a group there ever were. */
function startsOf(group: string): number {
  const root = join(bench.folder, "state", "plugins", "local");
  return ["servers", "ended"].flatMap((part) =>
    readdirSync(join(root, part)).filter(
      (id) => readLabels(join(root, part, id, "labels.json"))["bellows:group"] === group,
    ),
  ).length;
}

function readLabels(file: string): Record<string, string> {
  return JSON.parse(readFileSync(file, "utf8")) as Record<string, string>;
}
