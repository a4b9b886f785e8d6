import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Clock, systemClock } from "@bellows/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { holdState } from "../src/daemon.js";
import { connectControl, controllerAnswers } from "../src/remote-control.js";
import { applyPlan, planResources } from "../src/resources/plan.js";
import type { Session } from "../src/session.js";
import { socketPath } from "../src/socket.js";
import { type Bench, createBench, until } from "./daemon-fixture.js";

const apply = async (session: Session): Promise<void> => void (await applyPlan(await planResources(session)));

const config = (more = "", group = ""): string => `
version: 1
name: shop
every: 200ms
providers: { local: {} }
server: { listen: "127.0.0.1:0", url: "https://scale.example.com" }
groups:
  web:
    min: 1
    max: 4
    cooldown: 0s
    launch: { command: node, args: [server.mjs] }
    metrics: { load: { source: constant, value: 10 } }
    policies:
      deploy: { webhooks: [ci], change: +1, keep: 30m, cooldown: 5m }
    limits: { scaleIn: { stabilization: 0s } }
${group}
${more}`;

/** A provider that takes anything and cannot be connected. */
const PLUGIN = `
const anything = { safeParse: (data) => ({ success: true, data }), parse: (data) => data, _zod: { run: (payload) => payload, def: { type: "any" } } };
export default { kind: "provider", name: "odd", contract: 1, options: anything, launch: anything, capabilities: {}, drivers: ["servers"], create() { BODY } };
`;

let bench: Bench;
beforeEach(() => {
  bench = createBench();
});
afterEach(() => bench.end());

describe("the daemon", () => {
  test("makes what the file declares, answers over HTTP, and stops without stopping the instances", async () => {
    bench.write(config());
    const daemon = await bench.start({ prepare: apply });
    expect((await fetch(`${daemon.url}/readyz`)).status).toBe(200);
    const ready = await until("an instance in service", async () => {
      const status = (await (await fetch(`${daemon.url}/api/v1/status`)).json()) as {
        groups: { inService?: number; desired?: number }[];
      };
      return status.groups[0]?.inService === 1 && status;
    });
    expect(ready.groups[0]).toMatchObject({ desired: 1, inService: 1 });
    await until("a record", async () => {
      const { records } = (await (await fetch(`${daemon.url}/api/v1/groups/web/records`)).json()) as {
        records: { action: string; at: string; reasons: { text: string }[] }[];
      };
      return records.at(-1)?.action === "hold" && (records.at(-1)?.reasons[0]?.text ?? "") !== "";
    });
    const metrics = await (await fetch(`${daemon.url}/metrics`)).text();
    expect(metrics).toMatch(/bellows_group_desired\{group="web"\} 1/);
    const { paths } = (await (await fetch(`${daemon.url}/openapi.json`)).json()) as {
      paths: Record<string, unknown>;
    };
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining(["/api/v1/status", "/api/v1/groups/{group}/orders", "/healthz"]),
    );
    const before = [...(await instances(daemon))];
    await daemon.stop(5_000);
    await expect(fetch(`${daemon.url}/healthz`)).rejects.toThrow();
    const again = await bench.start();
    await until(
      "the same instance",
      async () => JSON.stringify(await instances(again)) === JSON.stringify(before),
    );
  });

  test("takes orders by POST with an admin token alone, and shows no secret", async () => {
    bench.write(config());
    const daemon = await bench.start({ prepare: apply });
    const order = (token: string | undefined, body: object): Promise<Response> =>
      fetch(`${daemon.url}/api/v1/groups/web/orders`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify(body),
      });
    const admin = await daemon.control.createToken("ci", "admin");
    const observer = await daemon.control.createToken("eye", "observer");
    expect((await order(undefined, { to: 3 })).status).toBe(401);
    expect((await order("bellows_000000000000_wrong", { to: 3 })).status).toBe(401);
    expect((await order(observer.secret, { to: 3 })).status).toBe(403);
    const bad = await order(admin.secret, { to: 3, by: 2 });
    expect(bad.status).toBe(400);
    expect(((await bad.json()) as { error: { code: string } }).error.code).toBe("config");
    const good = await order(admin.secret, { to: 3 });
    expect(good.status).toBe(202);
    expect(await good.json()).toMatchObject({
      outcome: "executed",
      record: { from: 1, to: 3, order: { kind: "api", by: "ci" } },
    });
    expect((await order(admin.secret, { to: 3 })).status).toBe(200);
    expect((await fetch(`${daemon.url}/api/v1/groups/nothing`)).status).toBe(404);
    const tokens = JSON.stringify(await daemon.control.listTokens());
    const secretPart = admin.secret.slice(`bellows_${admin.id}_`.length);
    expect(secretPart).toHaveLength(43);
    expect(tokens).not.toContain(secretPart);
  });

  test("a policy made by hand on a group of the file is executed as an order, with its own cooldown", async () => {
    bench.write(config());
    const daemon = await bench.start({ prepare: apply });
    const invoke = (method: string, ...args: unknown[]): Promise<unknown> =>
      daemon.control.invoke("local", method, args);
    await invoke("policies.create", "web", { name: "burst", adjust: { change: 2 }, cooldownMs: 600_000 });
    expect(await invoke("policies.execute", "web", "burst")).toMatchObject({
      result: "executed",
      from: 1,
      to: 3,
    });
    expect(await invoke("policies.execute", "web", "burst")).toMatchObject({
      result: "cooldown",
      text: expect.stringContaining("burst"),
    });
    const records = [];
    for await (const { value } of daemon.control.records("web"))
      if (value.trigger === "order") records.push(value);
    expect(records.map(({ order, action }) => [order?.policy, action])).toEqual([
      ["burst", "scale"],
      ["burst", "hold"],
    ]);
  });

  test("users of the config come in by their API keys, with their roles", async () => {
    const users = `users: { alice: { apiKey: "alices-long-key", role: admin }, bob: { apiKey: "bobs-long-key" } }`;
    bench.write(config().replace("server: {", `server: { ${users},`));
    const daemon = await bench.start({ prepare: apply });
    const pause = (key: string): Promise<Response> =>
      fetch(`${daemon.url}/api/v1/groups/web/pause`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: JSON.stringify({ reason: "repairs" }),
      });
    expect((await pause("alices-long-kez")).status).toBe(401);
    expect((await pause("bobs-long-key")).status).toBe(403);
    expect((await pause("alices-long-key")).status).toBe(204);
    expect((await daemon.control.status(["web"])).groups[0]?.pause).toMatchObject({
      by: "alice",
      reason: "repairs",
    });
  });

  test("a capability URL orders its policy once per cooldown, and unknown ones look alike", async () => {
    bench.write(config());
    const daemon = await bench.start({ prepare: apply });
    const webhooks = (await daemon.control.invoke("local", "webhooks.list", ["web", "deploy"])) as {
      name: string;
      url: string;
    }[];
    expect(webhooks).toMatchObject([
      {
        name: "ci",
        url: expect.stringMatching(/^https:\/\/scale\.example\.com\/v1\.0\/execute\/1\/[0-9a-f]{64}/),
      },
    ]);
    const path = new URL(webhooks[0]?.url ?? "").pathname;
    const call = async (at: string): Promise<[number, string]> => {
      const response = await fetch(`${daemon.url}${at}`, { method: "POST", body: "{ whatever" });
      return [response.status, await response.text()];
    };
    expect(await call(path)).toEqual([202, ""]);
    expect(await call(`/v1.0/execute/1/${"0".repeat(64)}`)).toEqual([202, ""]);
    await until("the order", async () => (await daemon.control.status(["web"])).groups[0]?.desired === 2);
    expect(await call(path)).toEqual([202, ""]);
    const records = await until("both records", async () => {
      const found = [];
      for await (const { value } of daemon.control.records("web"))
        if (value.order?.kind === "webhook") found.push(value);
      return found.length === 2 && found;
    });
    expect(records.map((record) => [record.from, record.to, record.action])).toEqual([
      [1, 2, "scale"],
      [2, 2, "hold"],
    ]);
    expect(records[1]?.reasons.map((reason) => reason.code).join()).toContain("cooldown");
  });

  test("a changed file is used, a bad one refused while the old stays in force", async () => {
    bench.write(config());
    const daemon = await bench.start({ prepare: apply, watch: true });
    bench.write(config("", "    mode: nonsense"));
    await until("the refusal", async () => bench.complaints.some((line) => line.includes("refused")));
    expect((await daemon.control.status()).groups.map((group) => group.mode)).toEqual(["act"]);
    bench.write(config().replace("min: 1", "min: 2"));
    await until("two instances", async () => (await daemon.control.status()).groups[0]?.inService === 2);
  });

  test("a second controller on the same state folder refuses to start and names the holder", async () => {
    bench.write(config());
    const daemon = await bench.start();
    await expect(bench.start()).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringContaining(`held by process ${process.pid} at ${daemon.url}`),
    });
  }, 20_000);

  test("a controller waits for the command that has the state folder for a moment", async () => {
    bench.write(config());
    const folder = join(bench.folder, "state");
    const { store } = holdState(folder);
    let waits = 0;
    const clock: Clock = {
      ...systemClock,
      after(...args) {
        if (waits++ === 0) void store.close();
        return systemClock.after(...args);
      },
    };
    expect((await (await bench.start({ clock })).control.status()).groups).toHaveLength(1);
    expect(waits).toBeGreaterThan(0);
  });

  test("a port that is taken is an error that names it, and leaves the state folder free", async () => {
    bench.write(config());
    const daemon = await bench.start();
    const port = new URL(daemon.url ?? "").port;
    await daemon.stop(5_000);
    const blocker = (await import("node:net")).createServer().listen(Number(port), "127.0.0.1");
    try {
      bench.write(config().replace("127.0.0.1:0", `127.0.0.1:${port}`));
      await expect(bench.start()).rejects.toMatchObject({
        code: "conflict",
        message: `port ${port} of 127.0.0.1 is taken`,
      });
    } finally {
      blocker.close();
    }
    bench.write(config());
    await bench.start();
  });

  test("commands of the same user reach it through a private socket, with its errors", async () => {
    bench.write(config());
    const daemon = await bench.start({ prepare: apply });
    const path = socketPath(join(bench.folder, "state"));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const control = connectControl(path);
    expect(await controllerAnswers(path)).toBe(true);
    expect(
      (
        await control.order("web", {
          origin: { kind: "manual" },
          adjust: { desired: 2 },
          skipCooldowns: true,
        })
      ).outcome,
    ).toBe("executed");
    await expect(
      control.order("nothing", { origin: { kind: "manual" }, adjust: { desired: 2 } }),
    ).rejects.toMatchObject({ code: "not-found", hint: "groups there: web" });
    await control.pause("web", { reason: "repairs", forMs: 60_000 });
    expect((await control.status(["web"])).groups[0]?.pause).toMatchObject({ reason: "repairs" });
    expect(
      (
        await control.order("web", {
          origin: { kind: "manual" },
          adjust: { desired: 3 },
          skipCooldowns: true,
        })
      ).outcome,
    ).toBe("paused");
    await control.resume("web");
    expect(await control.invoke("local", "groups.list", [])).toMatchObject([{ name: "web" }]);
    await expect(control.invoke("local", "groups.constructor", [])).rejects.toMatchObject({
      code: "unsupported",
    });
    await daemon.stop(5_000);
    expect(await controllerAnswers(path)).toBe(false);
  });

  test("records come as server-sent events as they are made", async () => {
    bench.write(config());
    const daemon = await bench.start({ prepare: apply });
    const controller = new AbortController();
    const response = await fetch(`${daemon.url}/api/v1/groups/web/records`, {
      headers: { accept: "text/event-stream" },
      signal: controller.signal,
    });
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    await daemon.control.order("web", {
      origin: { kind: "manual" },
      adjust: { desired: 2 },
      skipCooldowns: true,
    });
    let text = "";
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += Buffer.from(chunk).toString();
      if (/"kind":"manual"/.test(text)) break;
    }
    controller.abort();
    expect(text).toMatch(/^event: record$/m);
  });

  test("pruning removes what this project made and its file no longer has, and nothing else", async () => {
    const job = `  job: { min: 0, max: 1, cooldown: 0s, launch: { command: node, args: [server.mjs] } }`;
    bench.write(`${config()}\n`.replace("groups:\n", `groups:\n${job}\n`));
    const daemon = await bench.start({ prepare: apply });
    await daemon.control.invoke("local", "groups.create", [
      { name: "byhand", min: 0, max: 1, launch: { command: "node" } },
    ]);
    bench.write(config());
    await daemon.control.reload();
    const { resources } = await daemon.control.plan(undefined, { prune: true });
    expect(resources.filter(({ action }) => action !== "none")).toMatchObject([
      { kind: "group", name: "job", action: "delete" },
    ]);
    expect(await daemon.control.apply({ prune: true })).toBe(1);
    const left = (await daemon.control.invoke("local", "groups.list", [])) as { name: string }[];
    expect(left.map(({ name }) => name).sort()).toEqual(["byhand", "web"]);
    expect(await daemon.control.apply({ prune: true })).toBe(0);
  });

  test("a file none of whose groups can be run is refused; where others can, the broken one fails alone", async () => {
    const broken = "throw new Error('no licence')";
    writeFileSync(join(bench.folder, "broken.mjs"), PLUGIN.replace("BODY", broken));
    const elsewhere = "  away: { provider: odd, min: 0, max: 1, launch: {}, policies: {} }";
    const providers = "providers: { local: {}, odd: { use: ./broken.mjs } }";
    bench.write(
      config("", elsewhere)
        .replace("providers: { local: {} }", providers)
        .replace("  web:", "  web:\n    provider: local"),
    );
    const daemon = await bench.start({ prepare: apply });
    expect((await daemon.control.status()).groups.map(({ group }) => group)).toEqual(["web"]);
    expect((await daemon.control.plan()).unusable).toEqual({ away: "no licence" });
    await daemon.stop(5_000);
    bench.write(`version: 1\nproviders: { odd: { use: ./broken.mjs } }\ngroups:\n${elsewhere}\n`);
    await expect(bench.start()).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("can be run: away: no licence"),
    });
    bench.write(config());
  });

  test("a store that is not in this version is refused, and a file of one's own is used", async () => {
    bench.write(config('store: { url: "postgres://db/bellows" }'));
    await expect(bench.start()).rejects.toMatchObject({
      code: "unsupported",
      message: "store postgres is not part of this version",
    });
    bench.write(config('store: { url: "sqlite:kept/here.db" }'));
    await bench.start();
    expect(statSync(join(bench.folder, "kept", "here.db")).mode & 0o777).toBe(0o600);
  });

  test("the state folder holds no secret of the config in clear", async () => {
    bench.write(
      config().replace(
        "server: {",
        `server: { users: { alice: { apiKey: "very-secret-key", role: admin } },`,
      ),
    );
    const daemon = await bench.start({ prepare: apply });
    await daemon.stop(5_000);
    expect(readFileSync(join(bench.folder, "state", "state.db")).includes("very-secret-key")).toBe(false);
  });
});

async function instances(daemon: Awaited<ReturnType<Bench["start"]>>): Promise<string[]> {
  const found = (await daemon.control.invoke("local", "groups.instances", ["web"])) as { id: string }[];
  return found.map(({ id }) => id);
}
