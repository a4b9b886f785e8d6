import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { fakeCloud } from "../test/fake-cloud.js";
import { manualClock } from "./clock.js";
import type { Cloud } from "./connect.js";
import { connect } from "./connect.js";
import type { AlarmsDriver } from "./contracts/alarm.js";
import type { ServersDriver } from "./contracts/server.js";
import { ConfigError, TimeoutError, UnsupportedError } from "./errors.js";
import { createMemoryStore } from "./memory-store.js";
import { collect } from "./paging.js";
import { defineProvider } from "./plugins/define.js";

const START_MS = 1_700_000_000_000;

function plugin() {
  const clock = manualClock(START_MS);
  const cloud = fakeCloud(clock);
  const state = { closed: 0 };
  const provider = defineProvider({
    name: "fake",
    contract: 1,
    options: z.strictObject({ region: z.string().default("here"), size: z.number().optional() }),
    launch: z.strictObject({ image: z.string(), metadata: z.record(z.string(), z.string()).optional() }),
    drivers: ["servers"],
    create: () => ({
      servers: cloud.servers,
      close: async () => {
        state.closed++;
      },
    }),
  });
  return { provider, cloud, clock, state };
}

const web = { name: "web", min: 1, max: 6, desired: 2, launch: { image: "ami" } };

describe("connecting", () => {
  it("lists every fault of the options at once", async () => {
    const { provider } = plugin();
    const wrong = { region: 5, sise: 1 } as never;
    await expect(connect(provider, wrong)).rejects.toThrow(ConfigError);
    await expect(connect(provider, wrong)).rejects.toThrow(/providers\.fake\.region.*sise/);
  });

  it("refuses a plugin of another contract", async () => {
    const { provider } = plugin();
    await expect(connect({ ...provider, contract: 2 }, {})).rejects.toThrow(/contract 2/);
  });

  it("gives groups on plain servers, with every noun of a group under one handle", async () => {
    const { provider, cloud, clock } = plugin();
    const fake = await connect(provider, {}, { clock, store: createMemoryStore() });
    await fake.groups.create({ ...web, policies: [{ name: "up", adjust: { change: 1 } }] });
    const group = fake.groups.of("web");
    expect(await group.policies.execute("up")).toMatchObject({ result: "executed", from: 2, to: 3 });
    expect(cloud.running("web")).toHaveLength(3);
    expect(await group.metadata?.merge({ team: "blue" })).toEqual({ team: "blue" });
    await group.launch.patch({ image: "newer" });
    expect(await group.launch.get()).toEqual({ image: "newer" });
    expect((await collect(group.instances())).map((one) => one.lifecycle)).toEqual([
      "in-service",
      "in-service",
      "in-service",
    ]);
    expect((await collect(group.activities.list())).map((one) => one.text)).toContain(
      "create server web-3-1",
    );
    await fake.close();
  });

  it("checks launch configurations with the provider's own schema", async () => {
    const { provider, clock } = plugin();
    const fake = await connect(provider, {}, { clock, store: createMemoryStore() });
    await expect(fake.groups.create({ ...web, launch: { image: "ami", size: "big" } })).rejects.toThrow(
      /launch.*size/,
    );
  });

  it("says without a store what is missing and how to get it", async () => {
    const { provider, clock } = plugin();
    const fake = await connect(provider, {}, { clock });
    await expect(async () => fake.groups.create(web)).rejects.toThrow(UnsupportedError);
    await expect(async () => fake.groups.create(web)).rejects.toMatchObject({
      hint: expect.stringContaining("store"),
    });
    expect(fake.can("groups")).toBe(false);
    expect(await collect(fake.servers.list())).toEqual([]);
  });

  it("tells what can be done", async () => {
    const { provider, clock } = plugin();
    const fake = await connect(provider, {}, { clock, store: createMemoryStore() });
    expect(
      ["groups.attach", "groups.metadata.merge", "servers.label", "webhooks", "groups"].map(fake.can),
    ).toEqual([true, true, true, true, true]);
    expect(["alarms", "servers.get", "loadBalancers.enableZones"].map(fake.can)).toEqual([
      false,
      false,
      false,
    ]);
  });

  it("answers with frozen data", async () => {
    const { provider, clock } = plugin();
    const fake = await connect(provider, {}, { clock, store: createMemoryStore() });
    const group = await fake.groups.create(web);
    expect(Object.isFrozen(group) && Object.isFrozen(group.metadata)).toBe(true);
    for await (const one of fake.groups.list()) expect(Object.isFrozen(one)).toBe(true);
  });

  it("closes the plugin once, however often it is asked", async () => {
    const { provider, clock, state } = plugin();
    {
      await using fake = await connect(provider, {}, { clock, store: createMemoryStore() });
      await fake.close();
    }
    expect(state.closed).toBe(1);
  });

  it("types the drivers that the provider brings as present, and no others", () => {
    type Fake = Cloud<{ servers: ServersDriver; close(): Promise<void> }>;
    expectTypeOf<Fake["servers"]>().toEqualTypeOf<ServersDriver>();
    expectTypeOf<Fake["groups"]["terminate"]>().toBeFunction();
    expectTypeOf<keyof Fake>().not.toEqualTypeOf<"alarms">();
    expectTypeOf<Cloud["alarms"]>().toEqualTypeOf<AlarmsDriver | undefined>();
  });
});

describe("waiting", () => {
  it("ends with a timeout that names what was awaited", async () => {
    const { provider, cloud, clock } = plugin();
    cloud.slowBuilds = true;
    const fake = await connect(provider, {}, { clock, store: createMemoryStore() });
    await fake.groups.create(web);
    const failure = fake.wait.groupStable("web", { timeoutMs: 60_000 }).catch((error: unknown) => error);
    let settled = false;
    void failure.finally(() => (settled = true));
    while (!settled) {
      await new Promise(setImmediate);
      clock.advance(1_000);
    }
    expect(await failure).toBeInstanceOf(TimeoutError);
    expect(String(await failure)).toMatch(/1m.*group web to be stable/);
  });

  it("ends when the caller aborts", async () => {
    const { provider, cloud, clock } = plugin();
    cloud.slowBuilds = true;
    const fake = await connect(provider, {}, { clock, store: createMemoryStore() });
    await fake.groups.create(web);
    const stop = new AbortController();
    const waiting = fake.wait.groupStable("web", { signal: stop.signal });
    stop.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
  });
});
