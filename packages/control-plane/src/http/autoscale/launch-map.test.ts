import { z } from "@bellows/core";
import { describe, expect, it } from "vitest";
import { toLaunch } from "./launch-map.js";
import { toLaunchView } from "./launch-view.js";
import { type LaunchWords, launchWordsOf } from "./launch-words.js";
import { launchBody, PUBLIC_NET, SERVICE_NET } from "./schema-launch.js";
import { describeIssues } from "./schema-text.js";

/** Words as the local provider has them. */
const local: LaunchWords = {
  known: new Set(["command", "args", "env", "cwd", "image", "metadata", "files", "serverName", "local"]),
  own: new Set(),
  images: new Set(["worker"]),
  variables: new Set(["MODE"]),
};
/** As AWS. */
const aws: LaunchWords = {
  known: new Set(["image", "size", "serverName", "keyName", "securityGroups", "userData", "metadata", "aws"]),
  own: new Set(),
  variables: new Set(),
};
/** As Rackspace. */
const rackspace: LaunchWords = {
  known: new Set([
    "image",
    "size",
    "serverName",
    "keyName",
    "networks",
    "userData",
    "metadata",
    "files",
    "diskConfig",
    "rackspace",
  ]),
  own: new Set(["configDrive", "blockDevices", "drainingTimeout"]),
  variables: new Set(),
};

const bodyOf = (server: object, args: object = {}) =>
  launchBody.parse({ type: "launch_server", args: { server, ...args } });
const faults = (body: unknown): string => {
  const read = launchBody.safeParse(body);
  return read.success ? "" : describeIssues(read.error);
};

describe("a launch configuration", () => {
  it("starts an image of the operator's on this machine; what only Rackspace acts on stays a label", () => {
    const server = {
      name: "web",
      imageRef: "worker",
      flavorRef: "general1-2",
      "OS-DCF:diskConfig": "AUTO",
      metadata: { MODE: "fast", colour: "blue" },
      networks: [{ uuid: SERVICE_NET }, { uuid: PUBLIC_NET }],
      personality: [{ path: "/etc/motd", contents: "aGVsbG8=" }],
    };
    const loadBalancers = [{ loadBalancerId: "front", port: 80 }];
    const mapped = toLaunch(bodyOf(server, { loadBalancers }), local);
    if ("problems" in mapped) throw new Error(mapped.problems.join());
    expect(mapped.launch).toEqual({
      image: "worker",
      serverName: "web",
      files: { "/etc/motd": "hello" },
      env: { MODE: "fast" },
      metadata: {
        MODE: "fast",
        colour: "blue",
        "autoscale:flavorRef": "general1-2",
        "autoscale:diskConfig": "AUTO",
        "autoscale:networks": `${SERVICE_NET} ${PUBLIC_NET}`,
      },
    });
    expect(mapped.loadBalancers).toEqual([{ id: "front", port: 80 }]);
    expect(toLaunchView(mapped.launch, mapped.loadBalancers)).toEqual({
      type: "launch_server",
      args: { server, loadBalancers },
    });
  });

  it("starts an instance on AWS, with its type, key, security groups and script", () => {
    const server = {
      imageRef: "ami-1",
      flavorRef: "t3.small",
      key_name: "kp",
      security_groups: [{ name: "sg-1" }],
      user_data: Buffer.from("#!/bin/sh\n").toString("base64"),
      metadata: {},
    };
    const mapped = toLaunch(bodyOf(server), aws);
    if ("problems" in mapped) throw new Error(mapped.problems.join());
    expect(mapped.launch).toEqual({
      image: "ami-1",
      size: "t3.small",
      keyName: "kp",
      securityGroups: ["sg-1"],
      userData: "#!/bin/sh\n",
    });
    expect(toLaunchView(mapped.launch, []).args.server).toEqual(server);
  });

  it("says all of it to Rackspace", () => {
    const server = {
      imageRef: "i",
      flavorRef: "2",
      config_drive: true,
      networks: [{ uuid: SERVICE_NET }],
      metadata: {},
    };
    const args = { draining_timeout: 60, loadBalancers: [{ loadBalancerId: 1234, port: 80 }] };
    const mapped = toLaunch(bodyOf(server, args), rackspace);
    if ("problems" in mapped) throw new Error(mapped.problems.join());
    expect(mapped.launch).toMatchObject({
      size: "2",
      networks: [SERVICE_NET],
      rackspace: { configDrive: true, drainingTimeout: "60s" },
    });
    expect(mapped.loadBalancers).toEqual([{ id: "1234", port: 80 }]);
    expect(toLaunchView(mapped.launch, mapped.loadBalancers)).toEqual({
      type: "launch_server",
      args: { server, ...args },
    });
  });

  it("that cannot be had here is refused with every reason", () => {
    const mapped = toLaunch(
      bodyOf({
        imageRef: "rm -rf /",
        flavorRef: "2",
        key_name: "kp",
        user_data: "aGVsbG8=",
        config_drive: "True",
        networks: [{ uuid: "another" }],
        personality: [{ path: "/x", contents: "not base64!" }],
        "OS-SCH-HNT:scheduler_hints": {},
        command: "sh",
      }),
      local,
    );
    expect("problems" in mapped && mapped.problems).toEqual([
      '"OS-SCH-HNT:scheduler_hints" has no meaning to this provider',
      '"command" has no meaning to this provider',
      'Invalid imageRef "rm -rf /" in launchConfiguration',
      '"key_name" has no meaning to this provider',
      '"user_data" has no meaning to this provider',
      'Invalid base64 encoding for contents of path "/x"',
      '"config_drive" has no meaning to this provider',
      '"networks" have no meaning to this provider',
    ]);
  });

  it("takes what clients send for nothing", () => {
    const mapped = toLaunch(
      bodyOf({ imageRef: "worker", flavorRef: "2", networks: null, key_name: null, config_drive: false }),
      local,
    );
    expect("launch" in mapped && mapped.launch).toEqual({
      image: "worker",
      metadata: { "autoscale:flavorRef": "2" },
    });
  });

  it("boots from a volume only where that means something", () => {
    const body = bodyOf({
      flavorRef: "compute1-4",
      block_device_mapping_v2: [
        { source_type: "image", destination_type: "volume", uuid: "i", volume_size: 100, boot_index: 0 },
      ],
    });
    const mapped = toLaunch(body, rackspace);
    expect("launch" in mapped && mapped.launch.rackspace).toEqual({
      blockDevices: [{ source: "image", destination: "volume", id: "i", sizeGiB: 100, bootIndex: 0 }],
    });
    expect(toLaunch(body, local)).toHaveProperty("problems");
  });

  it.each([
    [{ type: "launch_server", args: { server: { flavorRef: 2, imageRef: "i" } } }, "args.server.flavorRef"],
    [{ type: "launch_server", args: { server: { flavorRef: "2" } } }, "args.server.imageRef: is needed"],
    [{ type: "launch_server", args: {} }, "args.server"],
    [{ type: "launch_servers", args: {} }, "type"],
    [
      {
        type: "launch_server",
        args: { server: { flavorRef: "2", imageRef: "i" }, loadBalancers: [[1_234, 80]] },
      },
      "args.loadBalancers.0",
    ],
    [
      {
        type: "launch_server",
        args: {
          server: { flavorRef: "2", imageRef: "i", networks: [{ uuid: PUBLIC_NET }] },
          loadBalancers: [{ loadBalancerId: 1, port: 80 }],
        },
      },
      "ServiceNet network must be present if one or more Cloud Load Balancers are configured.",
    ],
    [
      {
        type: "launch_server",
        args: {
          server: { flavorRef: "2", imageRef: "i" },
          loadBalancers: [
            { loadBalancerId: 1, port: 80 },
            { loadBalancerId: 1, port: 80 },
          ],
        },
      },
      "args.loadBalancers: has the same entry twice",
    ],
  ])("%j is refused", (body, complaint) => {
    expect(faults(body)).toContain(complaint);
  });
});

it("words, images and variables are told from a provider's schema and options", () => {
  const launch = z.strictObject({ image: z.string(), size: z.never().optional() });
  const words = launchWordsOf({ launch }, { images: { worker: {} }, envAllow: ["MODE"], other: 1 });
  expect([...words.known]).toEqual(["image"]);
  expect([...(words.images ?? [])]).toEqual(["worker"]);
  expect([...words.variables]).toEqual(["MODE"]);
  expect(launchWordsOf({ launch }, {}).images).toBeUndefined();
});
