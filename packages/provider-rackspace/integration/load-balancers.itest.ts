import {
  collect,
  connect,
  createHost,
  createMemoryStore,
  defineProvider,
  isBellowsError,
  type LoadBalancerSpec,
  type Member,
} from "@bellows/core";
import { IMAGE_ID, type RackspaceStandIn, startRackspace } from "@bellows/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { createBalancerContext } from "../src/balancer-calls.js";
import { createRackspace } from "../src/client.js";
import { launchSchema, nativeSchema } from "../src/launch-schema.js";
import { createLoadBalancers, type RackspaceBalancers } from "../src/load-balancers.js";
import { createOwnBalancers, type OwnBalancers } from "../src/native-balancers.js";
import { createFlavors, createImages } from "../src/native-catalog.js";
import { optionsSchema, type RackspaceOptions } from "../src/options.js";
import { createPkgcloud } from "../src/pkgcloud.js";
import { createServerBook } from "../src/server-book.js";
import { createServers, type RackspaceServers } from "../src/servers.js";

interface Connection {
  servers: RackspaceServers;
  balancers: RackspaceBalancers;
  own: OwnBalancers;
  close(): void;
}

/** What a provider has of it, over one client. */
function connected(options: RackspaceOptions, host = createHost({ key: "rackspace" })): Connection {
  const rackspace = createRackspace(options, host);
  const pkgcloud = createPkgcloud(rackspace, host);
  const book = createServerBook(rackspace, host, () => servers);
  const servers = createServers({ rackspace, pkgcloud, host, nameStyle: "prefix", listed: book.listed });
  const context = createBalancerContext({ rackspace, pkgcloud, host, book });
  return {
    servers,
    balancers: createLoadBalancers(context),
    own: createOwnBalancers(context),
    close: () => rackspace.close(),
  };
}

let cloud: RackspaceStandIn;
let connection: Connection;
let balancers: RackspaceBalancers;
const options = () => optionsSchema.parse(cloud.providerOptions);
beforeAll(async () => {
  cloud = await startRackspace();
  connection = connected(options());
  balancers = connection.balancers;
});
afterEach(() => {
  cloud.setFaults();
  cloud.forget();
  Object.assign(cloud.behaviour, {
    balancerBuildMs: 0,
    balancerUpdateMs: 0,
    balancerDeleteMs: 0,
    maxBalancers: 100,
  });
});
afterAll(async () => {
  connection.close();
  await cloud.stop();
});

let serial = 0;
function fresh(more: Partial<LoadBalancerSpec> = {}): LoadBalancerSpec {
  serial += 1;
  cloud.behaviour.maxBalancers = 100;
  const listeners: LoadBalancerSpec["listeners"] = [{ port: 80, protocol: "http", instancePort: 8080 }];
  return { name: `web-${serial}`, listeners, drainMs: 0, ...more };
}

const check = { target: "HTTP:/health", intervalMs: 10_000, timeoutMs: 5_000, healthy: 1, unhealthy: 3 };
const living = (name: string) =>
  cloud.region().balancers.filter((one) => one.name === name && one.status !== "DELETED");
const raw = (name: string) => living(name)[0];
const members = (name: string): Promise<Member[]> => collect(balancers.members(name));
const one = { address: "10.1.1.1", port: 8080 };
const two = { address: "10.1.1.2", port: 8080 };

describe("a balancer", () => {
  it("is made in one call, with all that its spec says", async () => {
    const spec = fresh({
      algorithm: "weighted-least-connections",
      healthCheck: check,
      drainMs: 7_000,
      metadata: { team: "blue" },
      owner: "shop/web",
      native: {
        address: "servicenet",
        sessionPersistence: "HTTP_COOKIE",
        timeout: "45s",
        connectionLogging: true,
      },
    });
    const made = await balancers.create(spec);
    expect(cloud.calls()).toMatchObject({ CreateBalancer: 1, ListBalancers: 1 });
    const shown = await balancers.get(made.id);
    expect(shown).toMatchObject({
      name: spec.name,
      status: "active",
      listeners: [{ port: 80, protocol: "http", instancePort: 8080, pool: "default" }],
      pools: [{ algorithm: "weighted-least-connections", healthCheck: check, drainMs: 7_000, members: [] }],
      metadata: { team: "blue" },
      owner: "shop/web",
      zones: [],
      native: {
        address: "servicenet",
        sessionPersistence: "HTTP_COOKIE",
        timeout: 45_000,
        connectionLogging: true,
      },
    });
    expect(shown.addresses).toHaveLength(1);
    expect(made).toMatchObject({ ...shown, status: expect.anything() as string });
  });

  it("is found again by an equal spec, at once or later, and refused to a different one", async () => {
    const spec = fresh();
    const [first, second] = await Promise.all([balancers.create(spec), balancers.create(spec)]);
    expect(second.id).toBe(first.id);
    const other = connected(options());
    expect((await other.balancers.create(spec)).id).toBe(first.id);
    other.close();
    await expect(balancers.create({ ...spec, algorithm: "random" })).rejects.toMatchObject({
      code: "already-exists",
      message: expect.stringContaining("algorithm"),
      resource: spec.name,
    });
    expect(living(spec.name)).toHaveLength(1);
  });

  it("whose name fits two is a conflict that lists both", async () => {
    const spec = fresh();
    const { id } = await balancers.create(spec);
    const twin = { ...(raw(spec.name) as NonNullable<ReturnType<typeof raw>>), id: 990_000 + serial };
    cloud.region().balancers.push(twin);
    for (const call of [balancers.get, balancers.delete])
      await expect(call(spec.name)).rejects.toMatchObject({
        code: "conflict",
        message: expect.stringMatching(new RegExp(`${id}.*${twin.id}`)),
      });
    expect((await balancers.get(id)).id).toBe(id);
    twin.status = "DELETED";
  });

  it("is waited for while it is built, and says that it is not ready before", async () => {
    cloud.behaviour.balancerBuildMs = 300;
    const spec = fresh();
    expect((await balancers.create(spec)).status).toBe("pending");
    expect((await balancers.create(spec, { wait: true })).status).toBe("active");
  });

  it("with content caching is switched on when it is built, and gone when that fails", async () => {
    cloud.behaviour.balancerBuildMs = 200;
    const spec = fresh({ native: { contentCaching: true } });
    expect((await balancers.create(spec)).native).toMatchObject({ contentCaching: true });
    expect(raw(spec.name)?.contentCaching).toEqual({ enabled: true });
    cloud.setFaults({ kind: "broken", operations: ["SetContentCaching"] });
    const bad = fresh({ native: { contentCaching: true } });
    await expect(balancers.create(bad)).rejects.toMatchObject({ code: "unavailable" });
    expect(living(bad.name)).toEqual([]);
  });

  it("changes in as few calls as it needs, and keeps the rest", async () => {
    const { id, name } = await balancers.create(fresh({ healthCheck: check, metadata: { team: "blue" } }));
    cloud.forget();
    await balancers.update(id, { algorithm: "random", native: { timeout: "1m" } });
    const { UpdateBalancer, ...others } = cloud.calls();
    expect(UpdateBalancer).toBe(1);
    expect(Object.keys(others).filter((call) => /^(Set|Add|Remove|Delete|Update)/.test(call))).toEqual([]);
    expect(await balancers.get(name)).toMatchObject({
      pools: [{ algorithm: "random", healthCheck: check }],
      metadata: { team: "blue" },
      native: { timeout: 60_000 },
    });
  });

  it("changes of all kinds come one after the other, whatever time each takes", async () => {
    cloud.behaviour.balancerUpdateMs = 120;
    const { name } = await balancers.create(fresh({ native: { sessionPersistence: "HTTP_COOKIE" } }));
    const changes = balancers.update(
      name,
      {
        listeners: [{ port: 8000, protocol: "tcp", instancePort: 9000 }],
        healthCheck: { ...check, target: "TCP" },
        drainMs: 1_000,
        native: { sessionPersistence: undefined, connectionLogging: true },
      },
      { wait: true },
    );
    await Promise.all([changes, balancers.register(name, [one]), balancers.metadata(name, { a: "1" })]);
    expect(await balancers.get(name)).toMatchObject({
      listeners: [{ port: 8000, protocol: "tcp", instancePort: 9000 }],
      pools: [{ healthCheck: { target: "TCP" }, drainMs: 1_000, members: [{ id: "10.1.1.1:8080" }] }],
      metadata: { a: "1" },
      native: { connectionLogging: true },
    });
  });

  it("never changes who reaches it", async () => {
    const { name } = await balancers.create(fresh());
    await expect(balancers.update(name, { native: { address: "servicenet" } })).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining("native.address"),
    });
  });

  it("is deleted while it is busy, waited for, and gone for whoever asks then", async () => {
    Object.assign(cloud.behaviour, { balancerUpdateMs: 200, balancerDeleteMs: 200 });
    const { name, id } = await balancers.create(fresh());
    await balancers.update(name, { algorithm: "random" });
    await balancers.delete(name, { wait: true });
    for (const call of [
      () => balancers.get(id),
      () => balancers.delete(name),
      () => balancers.register(name, [one]),
    ])
      await expect(call()).rejects.toSatisfy((error) => isBellowsError(error, "not-found"));
  });

  it("that is in error is deleted, and takes no change", async () => {
    const { name } = await balancers.create(fresh());
    const broken = raw(name);
    if (broken) broken.status = "ERROR";
    expect((await balancers.get(name)).status).toBe("failed");
    await expect(balancers.register(name, [one])).rejects.toMatchObject({ code: "conflict", retry: "never" });
    await balancers.delete(name);
    expect(living(name)).toEqual([]);
  });

  it("shares another one's address", async () => {
    const first = await balancers.create(fresh());
    const virtualIp = String(first.native?.virtualIp);
    const second = await balancers.create(
      fresh({ listeners: [{ port: 443, protocol: "https" }], native: { virtualIp } }),
    );
    const [address] = (await balancers.get(first.id)).addresses;
    expect((await balancers.get(second.id)).addresses).toEqual([address]);
  });

  it("beyond the quota is a limit", async () => {
    const spec = fresh();
    cloud.behaviour.maxBalancers = 1;
    await expect(balancers.create(spec)).rejects.toMatchObject({ code: "limit" });
  });

  it("is listed with all others, page after page, each once", async () => {
    const template = (await balancers.create(fresh())).name;
    const found = raw(template);
    cloud.behaviour.maxBalancers = 1_000;
    const many = Array.from({ length: 150 }, (_, n) => ({
      ...(found as NonNullable<typeof found>),
      id: 500_000 + n,
      name: `many-${n}`,
      nodes: [],
    }));
    cloud.region().balancers.push(...many);
    const ids = (await collect(balancers.list())).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => Number(id) >= 500_000 && Number(id) < 500_150)).toHaveLength(150);
    expect(await collect(balancers.list({ names: ["many-3", "many-149", "nobody"] }))).toHaveLength(2);
    for (const each of many) each.status = "DELETED";
  }, 60_000);
});

describe("members", () => {
  it("come once, with port and weight, and go, and unknown ones are ignored", async () => {
    const { name } = await balancers.create(fresh({ algorithm: "weighted-round-robin" }));
    await balancers.register(name, [{ ...one, weight: 5 }]);
    await balancers.register(name, [one, two], { wait: true });
    expect(await members(name)).toMatchObject([
      { id: "10.1.1.1:8080", ...one, weight: 5, state: "enabled", health: "healthy" },
      { id: "10.1.1.2:8080", ...two },
    ]);
    await balancers.deregister(name, ["10.1.1.1:8080", "10.9.9.9:1"], { wait: true });
    await balancers.deregister(name, ["10.1.1.1:8080"]);
    expect((await members(name)).map(({ id }) => id)).toEqual(["10.1.1.2:8080"]);
  });

  it("that are servers are known by their ids, at the port where they listen", async () => {
    const launch = { image: IMAGE_ID, size: "general1-1" };
    const server = await connection.servers.create({
      name: "m",
      launch,
      labels: {},
      idempotencyKey: "member",
    });
    const { name } = await balancers.create(fresh());
    await balancers.register(name, [server.id]);
    const { addresses } = await connection.servers.get(server.id);
    expect(await members(name)).toMatchObject([{ id: server.id, address: addresses[0], port: 8080 }]);
    expect(addresses[0]).toMatch(/^10\./);
    await balancers.deregister(name, [server.id]);
    expect(await members(name)).toEqual([]);
    await expect(balancers.register(name, ["00000000-0000-4000-8000-00000000dead"])).rejects.toMatchObject({
      code: "not-found",
    });
  });

  it("more than a balancer takes are a limit, and the weights that it takes are told", async () => {
    const { name } = await balancers.create(fresh());
    const many = Array.from({ length: 26 }, (_, n) => ({ address: `10.2.0.${n}`, port: 80 }));
    await expect(balancers.register(name, many)).rejects.toMatchObject({ code: "limit" });
    await expect(balancers.register(name, [{ ...one, weight: 0 }])).rejects.toMatchObject({
      code: "config",
      message: expect.stringContaining("1 to 100"),
    });
  });

  it("leave in tens, and one that somebody else took out keeps nobody there", async () => {
    cloud.behaviour.balancerUpdateMs = 50;
    const { name } = await balancers.create(fresh());
    const many = Array.from({ length: 23 }, (_, n) => ({ address: `10.2.0.${n + 1}`, port: 80 }));
    await balancers.register(name, many);
    cloud.setFaults({ kind: "lost-answer", operations: ["RemoveNodes"], times: 1 });
    await balancers.deregister(
      name,
      many.slice(0, 21).map(({ address }) => `${address}:80`),
      { drain: false },
    );
    expect((await members(name)).map(({ address }) => address)).toEqual(["10.2.0.22", "10.2.0.23"]);
  });

  it("drain as long as the balancer says, and are taken out then", async () => {
    const { name } = await balancers.create(fresh({ drainMs: 400 }));
    await balancers.register(name, [one, two]);
    await balancers.deregister(name, ["10.1.1.1:8080"]);
    expect((await members(name)).map(({ state }) => state)).toEqual(["draining", "enabled"]);
    await vi.waitFor(
      async () => expect((await members(name)).map(({ id }) => id)).toEqual(["10.1.1.2:8080"]),
      5_000,
    );
    await vi.waitFor(() =>
      expect(raw(name)?.metadata.map(({ key }) => key)).not.toContain("bellows:leaving"),
    );
  });

  it("that were told to go by a process that has ended are taken out by the next one that looks", async () => {
    const { name } = await balancers.create(fresh({ drainMs: 200 }));
    await balancers.register(name, [one, two]);
    const closing = new AbortController();
    const dying = connected(options(), createHost({ key: "rackspace", signal: closing.signal }));
    await dying.balancers.deregister(name, ["10.1.1.1:8080"]);
    closing.abort();
    expect((await members(name)).map(({ state }) => state)).toEqual(["draining", "enabled"]);
    await vi.waitFor(
      async () => expect((await members(name)).map(({ id }) => id)).toEqual(["10.1.1.2:8080"]),
      5_000,
    );
  });

  it("that drain and are registered again stay", async () => {
    const { name } = await balancers.create(fresh({ drainMs: 300 }));
    await balancers.register(name, [one, two]);
    await balancers.deregister(name, ["10.1.1.1:8080"]);
    await balancers.register(name, [one]);
    await balancers.deregister(name, ["10.1.1.2:8080"], { wait: true });
    expect(await members(name)).toMatchObject([{ id: "10.1.1.1:8080", state: "enabled" }]);
  });

  it("that a check finds dead are unhealthy", async () => {
    const { name } = await balancers.create(fresh({ healthCheck: check }));
    cloud.region().sick.push(two.address);
    await balancers.register(name, [one, two]);
    await vi.waitFor(async () => {
      cloud.advance(60_000);
      expect((await members(name)).map(({ health }) => health)).toEqual(["healthy", "unhealthy"]);
    });
  });

  it("take a state and a weight by hand", async () => {
    const { name } = await balancers.create(fresh({ algorithm: "weighted-round-robin" }));
    await balancers.register(name, [one]);
    await connection.own.setMember(name, "10.1.1.1:8080", { state: "disabled", weight: 9 });
    expect(await members(name)).toMatchObject([{ state: "disabled", weight: 9 }]);
    await expect(connection.own.setMember(name, "nobody", { weight: 9 })).rejects.toMatchObject({
      code: "not-found",
    });
  });
});

describe("on a bad day", () => {
  it.each(["lost-answer", "lying-500"] as const)("a create with a %s makes one balancer", async (kind) => {
    cloud.setFaults({ kind, operations: ["CreateBalancer"], times: 1 });
    const spec = fresh();
    const made = await balancers.create(spec);
    expect(living(spec.name).map(({ id }) => String(id))).toEqual([made.id]);
  });

  it.each(["lost-answer", "lying-500", "immutable", "throttle", "unauthorized"] as const)(
    "members are added once through a %s",
    async (kind) => {
      const { name } = await balancers.create(fresh());
      cloud.setFaults({ kind, operations: ["AddNodes"], times: 1, retryAfterSeconds: 0 });
      await balancers.register(name, [one, two]);
      expect(raw(name)?.nodes.map(({ address }) => address)).toEqual([one.address, two.address]);
      expect(cloud.faults()).toEqual({ [kind]: 1 });
    },
  );

  it("a change is refused in the end where waiting does not help", async () => {
    const { name } = await balancers.create(fresh());
    cloud.setFaults({ kind: "immutable", operations: ["UpdateBalancer"] });
    await expect(balancers.update(name, { algorithm: "random" })).rejects.toMatchObject({ code: "conflict" });
  }, 30_000);

  it("a change that stops half-way says what it has changed", async () => {
    const { name } = await balancers.create(fresh());
    cloud.setFaults({ kind: "broken", operations: ["SetConnectionLogging"] });
    await expect(
      balancers.update(name, { algorithm: "random", native: { connectionLogging: true } }),
    ).rejects.toMatchObject({ message: expect.stringContaining("changed before that: algorithm") });
  }, 30_000);
});

describe("what only Rackspace has", () => {
  it("are algorithms, protocols and virtual IPs", async () => {
    const { name } = await balancers.create(
      fresh({ healthCheck: check, native: { sessionPersistence: "SOURCE_IP" } }),
    );
    const { own } = connection;
    expect(await own.algorithms()).toContain("weighted-round-robin");
    expect(await own.protocols()).toContainEqual({ name: "HTTPS", port: 443 });
    const added = await own.addIpv6(name);
    expect(added).toMatchObject({ version: 6, reach: "public" });
    await own.removeVirtualIp(name, added.id);
    expect((await own.virtualIps(name)).map(({ id }) => id)).not.toContain(added.id);
    await own.removeHealthCheck(name);
    await own.removeSessionPersistence(name);
    await own.removeSessionPersistence(name);
    const shown = await balancers.get(name);
    expect([shown.pools[0]?.healthCheck, shown.native?.sessionPersistence]).toEqual([undefined, undefined]);
  });

  it("are flavors and images, by name and id", async () => {
    const host = createHost({ key: "rackspace" });
    const rackspace = createRackspace(options(), host);
    const flavors = createFlavors(createPkgcloud(rackspace, host));
    expect(await flavors.get("general1-2")).toMatchObject({ ramMiB: 2_048, diskGiB: 40, cpus: 2 });
    expect((await collect(flavors.list())).length).toBeGreaterThan(3);
    const images = createImages(rackspace);
    expect((await images.get("Debian 12 (PVHVM)")).usable).toBe(true);
    expect(await images.get(IMAGE_ID)).toMatchObject({ metadata: { os_type: "linux" } });
    await expect(images.get("nothing")).rejects.toMatchObject({ code: "not-found" });
    rackspace.close();
  });
});

it("groups that core keeps stand behind a balancer on plain servers", async () => {
  const plugin = defineProvider({
    name: "rackspace",
    contract: 1,
    options: optionsSchema,
    launch: launchSchema,
    native: nativeSchema,
    capabilities: { readAfterWriteMs: 0 },
    drivers: ["servers", "loadBalancers"],
    create: (given: RackspaceOptions, host) => {
      const made = connected(given, host);
      return { servers: made.servers, loadBalancers: made.balancers, close: async () => made.close() };
    },
  });
  await using own = await connect(plugin, options(), {
    store: createMemoryStore(),
    serverKey: "k".repeat(16),
  });
  const { name: front } = await own.loadBalancers.create(fresh({ drainMs: 200 }));
  const launch = { image: IMAGE_ID, size: "general1-1", serverName: "shop" };
  await own.groups.create(
    { name: "shop", min: 1, max: 4, desired: 2, launch, loadBalancers: [front] },
    { wait: true },
  );
  const ids = (await collect(own.groups.instances("shop"))).map(({ id }) => id).sort();
  expect(ids).toHaveLength(2);
  await vi.waitFor(async () =>
    expect((await collect(own.loadBalancers.members(front))).map(({ id }) => id).sort()).toEqual(ids),
  );
  const names = cloud
    .region()
    .servers.filter(({ id }) => ids.includes(id))
    .map((server) => server.name);
  for (const each of names) expect(each).toMatch(/^as[0-9a-f]{8}-shop$/);
  await own.groups.scale("shop", 1);
  await vi.waitFor(async () => expect(await collect(own.loadBalancers.members(front))).toHaveLength(1), {
    timeout: 20_000,
    interval: 200,
  });
  await own.groups.delete("shop", { force: true });
  await vi.waitFor(async () => expect(await collect(own.loadBalancers.members(front))).toEqual([]), {
    timeout: 20_000,
    interval: 200,
  });
}, 60_000);
