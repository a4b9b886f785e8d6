import { createHost, isBellowsError } from "@bellows/core";
import { type RackspaceStandIn, startRackspace } from "@bellows/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createRackspace, type Rackspace } from "../src/client.js";
import { clientOf, connected, optionsFor } from "./standing.js";

let standIn: RackspaceStandIn;
let client: Rackspace;
beforeAll(async () => {
  standIn = await startRackspace();
});
beforeEach(() => {
  client = clientOf(standIn);
});
afterEach(() => {
  client.close();
  standIn.setFaults();
  standIn.forget();
  standIn.behaviour.tokenMs = 86_400_000;
});
afterAll(() => standIn.stop());

const call = { operation: "test" };
const list = (rackspace = client) => rackspace.request("autoscale", "/groups", call);
const tokens = () => standIn.calls().Authenticate ?? 0;

describe("a token", () => {
  it("is asked for once by any number of first calls", async () => {
    await Promise.all(Array.from({ length: 40 }, () => list()));
    expect(tokens()).toBe(1);
  });

  it("is renewed before it ends", async () => {
    await list();
    standIn.advance(standIn.behaviour.tokenMs - 360_000);
    await list();
    expect(tokens()).toBe(1);
    standIn.advance(120_000);
    await Promise.all([list(), list()]);
    expect(tokens()).toBe(2);
  });

  it("that is short is used for half of its time", async () => {
    standIn.revokeTokens();
    standIn.behaviour.tokenMs = 60_000;
    await list();
    await list();
    expect(tokens()).toBe(1);
    standIn.advance(31_000);
    await list();
    expect(tokens()).toBe(2);
  });

  it("that a service refuses is replaced, and the call made again, whatever it was", async () => {
    await list();
    standIn.revokeTokens();
    const json = { name: "", cooldown: 0, minEntities: 0, maxEntities: 1, metadata: {} };
    const post = client.request("autoscale", "/groups", { ...call, method: "POST", json, anyStatus: true });
    await expect(post).resolves.toMatchObject({ status: 400 });
    expect(tokens()).toBe(2);
  });

  it("that is refused to many calls at once is replaced once", async () => {
    await list();
    standIn.revokeTokens();
    await Promise.all(Array.from({ length: 20 }, () => list()));
    expect(tokens()).toBe(2);
  });

  it("that is refused twice ends the call", async () => {
    standIn.setFaults({ kind: "unauthorized", operations: ["ListGroups"] });
    await expect(list()).rejects.toMatchObject({ code: "authentication" });
    expect(standIn.calls().ListGroups).toBe(2);
  });

  it("is not lost to the others when the one that asked first gives up", async () => {
    standIn.setFaults({ kind: "slow", operations: ["Authenticate"], delayMs: 100, times: 1 });
    const giving = new AbortController();
    const first = client.request("autoscale", "/groups", { ...call, signal: giving.signal });
    const second = list();
    giving.abort(new Error("enough"));
    await expect(first).rejects.toThrow("enough");
    await expect(second).resolves.toMatchObject({ status: 200 });
    expect(tokens()).toBe(1);
  });

  it("comes for a password as well", async () => {
    const { apiKey: _, ...others } = optionsFor(standIn);
    const host = createHost({ key: "rackspace" });
    const other = createRackspace({ ...others, password: "password" }, host);
    await expect(other.tenant()).resolves.toBe(standIn.tenant);
  });
});

describe("what cannot be reached", () => {
  it("says that the key is wrong, and shows it nowhere", async () => {
    const error: unknown = await list(clientOf(standIn, { apiKey: "wrong-key-of-mine" })).catch(
      (e: unknown) => e,
    );
    expect(error).toMatchObject({
      code: "authentication",
      operation: "authenticate",
      vendorCode: "unauthorized",
      retry: "never",
    });
    expect(isBellowsError(error) && error.hint).toContain("apiKey");
    expect(JSON.stringify([error, String(error)])).not.toContain("wrong-key-of-mine");
  });

  it("says in which regions a service is", async () => {
    await expect(list(clientOf(standIn, { region: "HKG" }))).rejects.toMatchObject({
      code: "config",
      message: "service autoscale is not in region HKG",
      hint: "it is in: DFW, ORD",
    });
  });

  it("says that another server is none of Identity's", async () => {
    const elsewhere = clientOf(standIn, { identityUrl: `${standIn.url}/nowhere/v2.0` });
    await expect(list(elsewhere)).rejects.toMatchObject({ code: "not-found", operation: "authenticate" });
    const closed = clientOf(standIn, { identityUrl: "http://127.0.0.1:9/v2.0" });
    const call = closed.request("autoscale", "/groups", { operation: "test", deadlineMs: 1 });
    await expect(call).rejects.toMatchObject({ code: "unavailable", vendorCode: "ECONNREFUSED" });
  });

  it("may stand in other places than the catalog says", async () => {
    const autoscale = `${standIn.url}/elsewhere/{tenant}/`;
    const moved = clientOf(standIn, { endpoints: { autoscale } });
    await expect(moved.endpoint("autoscale", call)).resolves.toBe(
      `${standIn.url}/elsewhere/${standIn.tenant}`,
    );
  });
});

describe("a call", () => {
  it("that comes too often waits as long as Rackspace says, and all others with it", async () => {
    standIn.setFaults({ kind: "throttle", operations: ["ListGroups"], times: 1, retryAfterSeconds: 1 });
    await list();
    expect(standIn.calls().ListGroups).toBe(2);
    standIn.setFaults({ kind: "throttle", operations: ["ListGroups"], times: 1, retryAfterSeconds: 60 });
    const first = client.request("autoscale", "/groups", { ...call, deadlineMs: 5_000 });
    await expect(first).rejects.toMatchObject({ code: "throttled", retryAfterMs: 60_000 });
    expect(client.gate("autoscale").waitMs()).toBeGreaterThan(50_000);
    expect(client.gate("cloudMonitoring").waitMs()).toBe(0);
  });

  it.each(["broken", "unavailable", "html", "reset", "lying-500"] as const)(
    "that reads is made again when it is met by: %s",
    async (kind) => {
      standIn.setFaults({ kind, operations: ["ListGroups"], times: 2, retryAfterSeconds: 0 });
      await expect(list()).resolves.toMatchObject({ status: 200 });
      expect(standIn.calls().ListGroups).toBe(3);
    },
  );

  it.each(["broken", "html", "reset", "lost-answer"] as const)(
    "that may not be made twice is not, and says that it may have happened: %s",
    async (kind) => {
      standIn.setFaults({ kind, operations: ["PauseGroup"] });
      const post = client.request("autoscale", "/groups/nothing/pause", { ...call, method: "POST" });
      await expect(post).rejects.toMatchObject({ code: "unavailable", retry: "after-refresh" });
      expect(standIn.calls().PauseGroup).toBe(1);
    },
  );

  it("that is refused says what, in the service's own words, with its code and request id", async () => {
    await expect(
      client.request("autoscale", "/groups/abc", { ...call, resource: "abc" }),
    ).rejects.toMatchObject({
      code: "not-found",
      vendorCode: "NoSuchScalingGroupError",
      message: expect.stringContaining("No such scaling group abc for tenant 123456"),
      operation: "test",
      resource: "abc",
      provider: "rackspace",
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  it("that is given up ends with the reason of its caller", async () => {
    standIn.setFaults({ kind: "slow", operations: ["ListGroups"], delayMs: 5_000 });
    const giving = new AbortController();
    const waiting = client.request("autoscale", "/groups", { ...call, signal: giving.signal });
    await client.token();
    giving.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
  });
});

describe("a connection", () => {
  it("lists the regions of the account, and says which is its own", async () => {
    const cloud = await connected(standIn, { region: "ORD" });
    const regions = [];
    for await (const region of cloud.regions.list()) regions.push(region);
    expect(regions.map(({ name, current }) => [name, current])).toEqual([
      ["DFW", false],
      ["ORD", true],
    ]);
    expect(regions[1]?.endpoint).toContain("/ORD/");
  });

  it("tells the doctor whom it is, and what is missing", async () => {
    await expect((await connected(standIn)).diagnose()).resolves.toEqual([
      { level: "ok", text: "tester in tenant 123456, region DFW" },
    ]);
    const [wrong] = await (await connected(standIn, { apiKey: "wrong-key-of-mine" })).diagnose();
    expect(wrong).toMatchObject({ level: "error", hint: expect.stringContaining("apiKey") });
    const elsewhere = await (await connected(standIn, { region: "SYD" })).diagnose();
    expect(elsewhere.map(({ level }) => level)).toEqual(["ok", "error", "warning", "warning"]);
  });

  it("tells the limits of Autoscale", async () => {
    const { native } = await connected(standIn);
    await expect(native.limits()).resolves.toMatchObject({
      maxGroups: 1_000,
      maxPoliciesPerGroup: 100,
      maxWebhooksPerPolicy: 25,
    });
  });
});
