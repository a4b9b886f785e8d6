import { serversSuite } from "@bellows/conformance";
import { collect, createHost, isBellowsError, type Metadata, type ServerSpec } from "@bellows/core";
import { IMAGE_ID, type RackspaceStandIn, startRackspace } from "@bellows/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from "vitest";
import { createRackspace, type Rackspace } from "../src/client.js";
import { optionsSchema } from "../src/options.js";
import { createPkgcloud } from "../src/pkgcloud.js";
import { createServers, type RackspaceServers } from "../src/servers.js";

const launch = { image: IMAGE_ID, size: "general1-2" };

let cloud: RackspaceStandIn;
let rackspace: Rackspace;
let servers: RackspaceServers;
beforeAll(async () => {
  cloud = await startRackspace();
  [rackspace, servers] = connection();
});
afterEach(() => {
  cloud.setFaults();
  cloud.forget();
});
afterAll(async () => {
  rackspace.close();
  await cloud.stop();
});

function connection(nameStyle: "prefix" | "suffix" = "prefix"): [Rackspace, RackspaceServers] {
  const host = createHost({ key: "rackspace" });
  const made = createRackspace(optionsSchema.parse(cloud.providerOptions), host);
  return [made, createServers({ rackspace: made, pkgcloud: createPkgcloud(made, host), host, nameStyle })];
}

let serial = 0;
/** A spec that nobody else has. */
function fresh(more: Partial<ServerSpec> = {}): ServerSpec {
  serial += 1;
  return { name: `one-${serial}`, idempotencyKey: `key-${serial}`, launch, labels: {}, ...more };
}

/** Labels that core gives to members. */
function member(group: string): Metadata {
  return { "bellows:group": group, "bellows:slot": "1", "bellows:generation": "1" };
}

const alive = () => cloud.region().servers.filter(({ status }) => status !== "DELETED");

serversSuite(
  { describe, test },
  {
    create: async () => ({ servers: connection()[1] }),
    launch,
    launchRefused: { ...launch, command: "node" },
    settleMs: 5_000,
  },
);

describe("a server", () => {
  it("is made with everything that its launch says, each part once encoded", async () => {
    const { id } = await servers.create(
      fresh({
        launch: {
          image: IMAGE_ID,
          size: "general1-2",
          diskConfig: "MANUAL",
          keyName: "deploy",
          networks: ["public", "private", "6a7b6a7b-0000-4000-8000-000000000000"],
          files: { "/etc/motd": "grüß" },
          userData: "#cloud-config",
          metadata: { team: "blue" },
          rackspace: { configDrive: true },
        },
      }),
    );
    expect(cloud.region().servers.find((one) => one.id === id)?.given).toMatchObject({
      "OS-DCF:diskConfig": "MANUAL",
      key_name: "deploy",
      config_drive: true,
      networks: [
        { uuid: "00000000-0000-0000-0000-000000000000" },
        { uuid: "11111111-1111-1111-1111-111111111111" },
        { uuid: "6a7b6a7b-0000-4000-8000-000000000000" },
      ],
      personality: [{ path: "/etc/motd", contents: Buffer.from("grüß").toString("base64") }],
      user_data: Buffer.from("#cloud-config").toString("base64"),
      metadata: { team: "blue" },
    });
  });

  it("boots from a volume without an image of its own", async () => {
    const blockDevices = [
      { source: "image", id: IMAGE_ID, sizeGiB: 50, bootIndex: 0, deleteOnTermination: true },
    ];
    const { id } = await servers.create(
      fresh({ launch: { size: "compute1-4", rackspace: { blockDevices } } }),
    );
    expect((await servers.get(id)).image).toBeUndefined();
    expect(cloud.region().servers.find((one) => one.id === id)?.given).toMatchObject({
      block_device_mapping_v2: [
        {
          source_type: "image",
          destination_type: "volume",
          uuid: IMAGE_ID,
          volume_size: 50,
          boot_index: 0,
          delete_on_termination: true,
        },
      ],
    });
  });

  it("that is a group's member is named as Autoscale names, before or behind", async () => {
    const named = { ...launch, serverName: "testgroup" };
    const spec = fresh({ labels: member("web"), launch: named });
    expect((await servers.create(spec)).name).toMatch(/^as[0-9a-f]{8}-testgroup$/);
    const [other, behind] = connection("suffix");
    expect(await behind.create(fresh({ labels: member("web"), launch })).then(({ name }) => name)).toMatch(
      /^web-as[0-9a-f]{8}$/,
    );
    other.close();
  });

  it("is found by a name that only one has, and a name of two is refused with both ids", async () => {
    const [one, two] = [
      await servers.create(fresh({ name: "a.b" })),
      await servers.create(fresh({ name: "a.b" })),
    ];
    await servers.create(fresh({ name: "axb" }));
    await expect(servers.get("a.b")).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringMatching(new RegExp(`${one.id}|${two.id}`)),
    });
    await servers.delete(one.id);
    expect((await servers.get("a.b")).id).toBe(two.id);
  });

  it("of a key that has ended is made anew", async () => {
    const spec = fresh();
    const first = await servers.create(spec);
    await servers.delete(first.id);
    const second = await servers.create(spec);
    expect(second.id).not.toBe(first.id);
    expect((await servers.create(spec)).id).toBe(second.id);
  });

  it("that failed to build says why, and one that is told to end is stopping", async () => {
    cloud.setFaults({ kind: "build-error", times: 1 });
    const { id } = await servers.create(fresh());
    expect(await servers.get(id)).toMatchObject({
      status: "error",
      detail: expect.stringContaining("No valid host"),
    });
    cloud.behaviour.deleteMs = 60_000;
    await servers.delete(id);
    expect(await servers.get(id)).toMatchObject({ status: "stopping" });
    cloud.behaviour.deleteMs = 0;
    cloud.advance(60_000);
    await expect(servers.get(id)).rejects.toSatisfy((error) => isBellowsError(error, "not-found"));
  });

  it("with too many labels, or bad ones, is refused with every fault before anything is asked", async () => {
    const labels = {
      ...Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`l${n}`, "x"])),
      "b/d": "1",
    };
    await expect(servers.create(fresh({ labels, zone: "a" }))).rejects.toMatchObject({
      code: "config",
      message: expect.stringMatching(/labels\.b\/d.*at most 40.*zone/),
    });
    expect(cloud.calls()).toEqual({});
  });

  it("beyond the quota is refused as a limit", async () => {
    cloud.behaviour.maxServers = alive().length;
    await expect(servers.create(fresh())).rejects.toMatchObject({ code: "limit" });
    cloud.behaviour.maxServers = 200;
  });
});

describe("the list", () => {
  it("has every page", async () => {
    await Promise.all(Array.from({ length: 20 }, () => servers.create(fresh({ labels: { many: "yes" } }))));
    // 100 a page, all of which are read.
    while (alive().length <= 100)
      await Promise.all(Array.from({ length: 20 }, () => servers.create(fresh({ labels: { many: "yes" } }))));
    const listed = await collect(servers.list());
    expect(listed.map(({ id }) => id).sort()).toEqual(
      alive()
        .map(({ id }) => id)
        .sort(),
    );
  });
});

describe("on a bad day", () => {
  it.each(["lost-answer", "lying-500"] as const)("a create with a %s makes one server", async (kind) => {
    cloud.setFaults({ kind, operations: ["CreateServer"], times: 1 });
    for (const labels of [{}, member("web")]) {
      cloud.setFaults({ kind, operations: ["CreateServer"], times: 1 });
      const spec = fresh({ labels });
      const made = await servers.create(spec);
      const twins = alive().filter(({ metadata }) => metadata["bellows:key"] === spec.idempotencyKey);
      expect(twins.map(({ id }) => id)).toEqual([made.id]);
    }
  });

  it("a member is looked for by its name, without reading the whole list", async () => {
    await servers.create(fresh({ labels: member("web") }));
    expect(cloud.calls()).toMatchObject({ ListServersDetail: 1, CreateServer: 1 });
  });

  it.each(["unauthorized", "throttle", "html", "reset", "unavailable"] as const)(
    "what pkgcloud carries outlives a %s",
    async (kind) => {
      const made = await servers.create(fresh());
      const faulty = { kind, times: 1, retryAfterSeconds: 0 };
      cloud.setFaults({ ...faulty, operations: ["GetServer"] });
      expect((await servers.get(made.id)).id).toBe(made.id);
      cloud.setFaults({ ...faulty, operations: ["DeleteServer"] });
      await servers.delete(made.id);
      expect(cloud.faults()[kind]).toBe(2);
      expect(alive().some(({ id }) => id === made.id)).toBe(false);
    },
  );

  it("one token serves got and pkgcloud", async () => {
    const [own, fresher] = connection();
    const { id } = await fresher.create(fresh());
    await Promise.all([fresher.get(id), fresher.get(id), collect(fresher.list())]);
    expect(cloud.calls()).toMatchObject({ Authenticate: 1 });
    own.close();
  });
});
