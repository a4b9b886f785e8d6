/** A launch configuration in the words of Cloud Servers. Pure. */
import type { RackspaceLaunch } from "./launch-schema.js";

/** Networks that every account has. @see docs.rackspace.com, Cloud Networks: PublicNet and ServiceNet */
const NETWORK_IDS: Readonly<Record<string, string>> = {
  public: "00000000-0000-0000-0000-000000000000",
  private: "11111111-1111-1111-1111-111111111111",
};

/** What a new server is made from, as Cloud Servers (and Autoscale, in a launch configuration) take it. */
export interface ServerArgs {
  flavorRef?: string;
  imageRef?: string;
  "OS-DCF:diskConfig"?: "AUTO" | "MANUAL";
  metadata?: Record<string, string>;
  networks?: { uuid: string }[];
  personality?: { path: string; contents: string }[];
  key_name?: string;
  config_drive?: boolean;
  user_data?: string;
  block_device_mapping_v2?: Record<string, string | number | boolean>[];
}

/**
 * Puts a launch configuration into the words of Cloud Servers. Files and user data are encoded here, and nowhere else.
 * @param launch - checked by the schema; what belongs to groups alone (`serverName`, `drainingTimeout`) is left out.
 */
export function serverArgs(launch: RackspaceLaunch): ServerArgs {
  const { image, diskConfig, metadata, networks, files, keyName, userData, rackspace = {} } = launch;
  const { configDrive, blockDevices } = rackspace;
  return {
    ...(launch.size === undefined ? {} : { flavorRef: launch.size }),
    ...(image === undefined ? {} : { imageRef: image }),
    ...(diskConfig === undefined ? {} : { "OS-DCF:diskConfig": diskConfig }),
    ...(metadata === undefined ? {} : { metadata: { ...metadata } }),
    ...(networks === undefined
      ? {}
      : { networks: networks.map((name) => ({ uuid: NETWORK_IDS[name] ?? name })) }),
    ...(files === undefined ? {} : { personality: Object.entries(files).map(personality) }),
    ...(keyName === undefined ? {} : { key_name: keyName }),
    ...(configDrive === undefined ? {} : { config_drive: configDrive }),
    ...(userData === undefined ? {} : { user_data: base64(userData) }),
    ...(blockDevices === undefined ? {} : { block_device_mapping_v2: blockDevices.map(blockDevice) }),
  };
}

function personality([path, text]: [string, string]): { path: string; contents: string } {
  return { path, contents: base64(text) };
}

function base64(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}

type BlockDevice = NonNullable<NonNullable<RackspaceLaunch["rackspace"]>["blockDevices"]>[number];

/** @see docs.openstack.org, Block Device Mapping in Nova, version 2 */
function blockDevice(device: BlockDevice): Record<string, string | number | boolean> {
  const { source, destination = "volume", id, sizeGiB, bootIndex, deleteOnTermination } = device;
  return {
    source_type: source,
    destination_type: destination,
    ...(id === undefined ? {} : { uuid: id }),
    ...(sizeGiB === undefined ? {} : { volume_size: sizeGiB }),
    ...(bootIndex === undefined ? {} : { boot_index: bootIndex }),
    ...(deleteOnTermination === undefined ? {} : { delete_on_termination: deleteOnTermination }),
  };
}
