import type { z } from "@bellows/core";
import { createHost } from "@bellows/core";
import { describe, expect, it } from "vitest";
import rackspace from "./index.js";

/** What is wrong with a value, as `path: message`. */
function faults(schema: z.ZodType, value: unknown): string[] {
  const read = schema.safeParse(value);
  return read.success ? [] : read.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
}

describe("options of Rackspace", () => {
  it("take a region in any case, and the rest from the public cloud", () => {
    expect(rackspace.options.parse({ region: "dfw", username: "shop", apiKey: "k" })).toEqual({
      region: "DFW",
      username: "shop",
      apiKey: "k",
      identityUrl: "https://identity.api.rackspacecloud.com/v2.0",
      groups: "autoscale",
      serverNameStyle: "prefix",
    });
  });

  it.each([
    [
      { region: "Dallas", username: "shop", apiKey: "a" },
      ["region: must be one of DFW, HKG, IAD, LON, ORD, SYD"],
    ],
    [{ region: "DFW", username: "shop" }, [": needs either apiKey or password"]],
    [{ region: "DFW", username: "shop", apiKey: "a", password: "b" }, [": needs either apiKey or password"]],
  ])("%j are refused", (options, messages) => expect(faults(rackspace.options, options)).toEqual(messages));
});

describe("launches on Rackspace", () => {
  const image = "0d589460-f177-4b0f-81c1-8ab8903ac7d8";

  it.each([
    [{ serverName: "web", image, size: "general1-2", diskConfig: "AUTO", metadata: { "my key": "v" } }],
    [{ size: "compute1-4", rackspace: { blockDevices: [{ source: "image", id: image, bootIndex: 0 }] } }],
    [
      {
        image,
        size: "3",
        files: { "/etc/motd": "hello" },
        rackspace: { drainingTimeout: "5m", configDrive: true },
      },
    ],
  ])("%j are right", (launch) => expect(faults(rackspace.launch, launch)).toEqual([]));

  it.each([
    [{ size: "3" }, [": needs an image, or rackspace: { blockDevices: … }"]],
    [{ image, size: "general 1" }, ["size: must be a flavor's id, without blanks"]],
    [
      { image, size: "3", files: { a: "", b: "", c: "", d: "", e: "", f: "" } },
      ["files: takes at most 5 entries"],
    ],
    [{ image, size: "3", rackspace: { drainingTimeout: "5s" } }, ["rackspace.drainingTimeout: is too short"]],
    [{ image }, ["size: is missing: the id of a flavor"]],
    [
      { image, rackspace: { configDrive: true, stack: { template: "t" } } },
      ["image: does not go with rackspace.stack", "rackspace.configDrive: does not go with rackspace.stack"],
    ],
  ])("%j are refused", (launch, messages) => expect(faults(rackspace.launch, launch)).toEqual(messages));
});

it("launches that were read once can be read again, and networks have one name each", () => {
  const image = "0d589460-f177-4b0f-81c1-8ab8903ac7d8";
  const networks = ["ServiceNet", "00000000-0000-0000-0000-000000000000", "2b55377c"];
  const once = rackspace.launch.parse({ image, size: "3", networks, rackspace: { drainingTimeout: "60s" } });
  expect(once).toMatchObject({
    networks: ["private", "public", "2b55377c"],
    rackspace: { drainingTimeout: "1m" },
  });
  expect(rackspace.launch.parse(once)).toEqual(once);
});

it("rounds and cools down as Otter does", () => {
  expect(rackspace.capabilities).toMatchObject({
    rounding: "otter",
    cooldown: "from-execution",
    pausable: [],
  });
});

it("brings Autoscale's drivers, or with groups: servers only what core needs to keep the groups itself", () => {
  const given = { region: "DFW", username: "shop", apiKey: "k" };
  const driversWith = async (more: object): Promise<string[]> => {
    const provider = await rackspace.create(
      rackspace.options.parse({ ...given, ...more }),
      createHost({ key: "dfw" }),
    );
    return rackspace.drivers.filter((noun) => provider[noun] !== undefined);
  };
  return Promise.all([
    expect(driversWith({})).resolves.toEqual(rackspace.drivers),
    expect(driversWith({ groups: "servers" })).resolves.toEqual([
      "alarms",
      "loadBalancers",
      "metrics",
      "servers",
      "regions",
    ]),
  ]);
});
