import type { Cloud, LaunchConfiguration } from "@bellows/core";
import { IMAGE_ID, type RackspaceStandIn, startRackspace } from "@bellows/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { RackspaceProvider } from "../src/index.js";
import { connected } from "./standing.js";

let standIn: RackspaceStandIn;
let cloud: Cloud<RackspaceProvider>;
beforeAll(async () => {
  standIn = await startRackspace();
  cloud = await connected(standIn);
});
afterEach(() => standIn.setFaults());
afterAll(async () => {
  await cloud.close();
  await standIn.stop();
});

const launch = { image: IMAGE_ID, size: "general1-2", serverName: "web" };
let serial = 0;
/** Makes a group. @returns its id. */
async function group(words: LaunchConfiguration = launch): Promise<string> {
  serial += 1;
  return (await cloud.groups.create({ name: `group-${serial}`, min: 0, max: 4, launch: words })).id;
}
const argsOf = (id: string) => {
  const found = standIn.region().groups.find((one) => one.id === id);
  return found?.launch.args as { server: Record<string, unknown>; loadBalancers: unknown; stack: unknown };
};

describe("a launch configuration", () => {
  it.each<[string, LaunchConfiguration]>([
    ["of a server", launch],
    [
      "with everything",
      {
        ...launch,
        keyName: "mine",
        networks: ["public", "private", "2b55377c-95b6-4f7f-a1c5-4d2c2a2f2f2f"],
        userData: "#cloud-config\npackages: [nginx]\n",
        metadata: { "my key": "ü" },
        files: { "/etc/motd": "Grüße\n" },
        diskConfig: "MANUAL",
        rackspace: { configDrive: true, drainingTimeout: "90s" },
      },
    ],
    [
      "that boots from a volume",
      {
        size: "compute1-4",
        rackspace: {
          blockDevices: [{ source: "image", destination: "volume", id: IMAGE_ID, sizeGiB: 50, bootIndex: 0 }],
        },
      },
    ],
    [
      "of a stack",
      {
        rackspace: {
          stack: {
            template: { heat_template_version: "2015-04-30", resources: {} },
            parameters: { flavor: "general1-2" },
            disableRollback: true,
            timeoutMinutes: 30,
          },
        },
      },
    ],
  ])("is read as it was written: %s", async (_what, words) => {
    const id = await group(words);
    expect(await cloud.launch.get(id)).toEqual(words);
    await cloud.launch.set(id, words);
    expect(await cloud.launch.get(id)).toEqual(words);
  });

  it("keeps what a patch does not name, letter by letter, and encodes nothing twice", async () => {
    const id = await group({ ...launch, files: { "/etc/motd": "hello" }, userData: "#!/bin/sh\n" });
    const { server } = argsOf(id);
    Object.assign(server, { networks: null, "OS-EXT:unknown": { deep: [1] }, metadata: { a: "1" } });
    const before = structuredClone(server);
    const answer = await cloud.launch.patch(id, { size: "general1-4", rackspace: { configDrive: true } });
    expect(argsOf(id).server).toEqual({ ...before, flavorRef: "general1-4", config_drive: true });
    expect(answer).toEqual(await cloud.launch.get(id));
    await cloud.launch.patch(id, { files: { "/etc/issue": "new" } });
    expect((await cloud.launch.get(id)).files).toEqual({ "/etc/issue": "new" });
  });

  it("keeps the group's load balancers, whatever is set", async () => {
    const balancer = await cloud.loadBalancers.create({
      name: "front",
      listeners: [{ port: 80, protocol: "http", instancePort: 8_080 }],
    });
    const id = await group();
    await cloud.groups.update(id, { loadBalancers: [{ id: balancer.id, port: 80 }] });
    await cloud.launch.set(id, { ...launch, size: "general1-4" });
    expect(argsOf(id).loadBalancers).toEqual([{ loadBalancerId: Number(balancer.id), port: 80 }]);
    await expect(cloud.launch.patch(id, { networks: ["public"] })).rejects.toMatchObject({
      code: "config",
      message: expect.stringContaining("launch.networks"),
    });
    const stack = { rackspace: { stack: { templateUrl: "https://example.com/stack.yaml" } } };
    await expect(cloud.launch.set(id, stack)).rejects.toMatchObject({
      code: "config",
      message: expect.stringContaining("a stack ties its servers itself"),
    });
  });

  it("takes metadata of servers by merging and by replacing, re-read each time", async () => {
    const id = await group({ ...launch, metadata: { a: "1" } });
    argsOf(id).server.metadata = { a: "1", theirs: "kept" };
    expect(await cloud.launch.metadata?.merge(id, { b: "" })).toEqual({ a: "1", theirs: "kept", b: "" });
    expect(await cloud.launch.metadata?.replace(id, {})).toEqual({});
    expect((await cloud.launch.get(id)).metadata).toBeUndefined();
    await expect(cloud.launch.metadata?.merge(id, { "a/b": "1" })).rejects.toMatchObject({ code: "config" });
  });

  it("is written once more when the answer is lost: twice is as once", async () => {
    const id = await group();
    standIn.setFaults({ kind: "lost-answer", operations: ["UpdateLaunchConfig"], times: 1 });
    await cloud.launch.patch(id, { size: "general1-4" });
    expect(argsOf(id).server.flavorRef).toBe("general1-4");
  });

  it.each<[LaunchConfiguration, string]>([
    [{ image: IMAGE_ID }, "launch.size: is missing"],
    [{ ...launch, networks: [""] }, "launch.networks.0"],
    [{ ...launch, metadata: { "a/b": "1" } }, "launch.metadata"],
    [
      { ...launch, rackspace: { stack: { template: "a", templateUrl: "b" } } },
      "launch.size: does not go with",
    ],
    [{ rackspace: { stack: {} } }, "needs either template or templateUrl"],
    [{ ...launch, rackspace: { drainingTimeout: "2h" } }, "launch.rackspace.drainingTimeout: is too long"],
  ])("that can't be is refused, and the old one stays: %j", async (words, fault) => {
    const id = await group();
    await expect(cloud.launch.set(id, words)).rejects.toMatchObject({
      code: "config",
      resource: id,
      message: expect.stringContaining(fault),
    });
    expect(await cloud.launch.get(id)).toEqual(launch);
  });
});
