/** Launch configurations of Autoscale, to and from the contract's words. Pure. */
import { formatDuration, type LaunchConfiguration, parseDuration } from "@bellows/core";
import type { WireLaunch } from "./autoscale.js";
import type { RackspaceLaunch } from "./launch-schema.js";
import { serverArgs } from "./server-args.js";

type Own = NonNullable<RackspaceLaunch["rackspace"]>;
type Stack = NonNullable<Own["stack"]>;

/** ServiceNet, over which load balancers reach servers. */
const SERVICE_NET = "private";

const NETWORKS: Readonly<Record<string, string>> = {
  "00000000-0000-0000-0000-000000000000": "public",
  "11111111-1111-1111-1111-111111111111": SERVICE_NET,
};

/**
 * A launch configuration in Autoscale's words, without the ties to balancers, which belong to the group.
 * @param launch - checked by the schema.
 */
export function launchToWire(launch: RackspaceLaunch): WireLaunch {
  const { stack } = launch.rackspace ?? {};
  const draining = drainingArgs(launch.rackspace);
  if (stack !== undefined) return { type: "launch_stack", args: { stack: stackToWire(stack), ...draining } };
  return { type: "launch_server", args: { server: serverToWire(launch), ...draining } };
}

function serverToWire(launch: RackspaceLaunch): Record<string, unknown> {
  return { ...(launch.serverName === undefined ? {} : { name: launch.serverName }), ...serverArgs(launch) };
}

function drainingArgs(own: Partial<Own> = {}): Pick<WireLaunch["args"], "draining_timeout"> {
  const { drainingTimeout } = own;
  return drainingTimeout === undefined
    ? {}
    : { draining_timeout: parseDuration(drainingTimeout, "drainingTimeout") / 1_000 };
}

function stackToWire(stack: Stack): Record<string, unknown> {
  const { template, templateUrl, parameters, environment, files, disableRollback, timeoutMinutes } = stack;
  return given({
    template,
    template_url: templateUrl,
    parameters,
    environment,
    files,
    disable_rollback: disableRollback,
    timeout_mins: timeoutMinutes,
  });
}

/**
 * Lays some words over a launch configuration as Autoscale keeps it. What else stands there stays as it is, letter by
 * letter: nothing is encoded twice, and words that Bellows does not know are kept.
 * @param words - those that change, checked together with the others.
 */
export function patchedWire(wire: WireLaunch, words: Partial<RackspaceLaunch>): WireLaunch {
  const { args } = wire;
  const { stack } = words.rackspace ?? {};
  const draining = drainingArgs(words.rackspace);
  if (wire.type === "launch_stack")
    return {
      ...wire,
      args: { ...args, ...draining, ...(stack === undefined ? {} : { stack: stackToWire(stack) }) },
    };
  const server = { ...args.server, ...serverToWire(words) };
  return { ...wire, args: { ...args, ...draining, server } };
}

/** What servers are made from, in the contract's words. */
export function launchOf({ type, args }: WireLaunch): LaunchConfiguration {
  const draining =
    args.draining_timeout === undefined
      ? {}
      : { drainingTimeout: formatDuration(args.draining_timeout * 1_000) };
  if (type === "launch_stack") return { rackspace: { stack: stackOf(args.stack ?? {}), ...draining } };
  const server = args.server ?? {};
  const own = given({
    configDrive: booleanIn(server.config_drive),
    blockDevices: blockDevicesIn(server.block_device_mapping_v2),
    ...draining,
  });
  return given({
    serverName: textIn(server.name),
    image: textIn(server.imageRef),
    size: textIn(server.flavorRef),
    keyName: textIn(server.key_name),
    networks: networksIn(server.networks),
    userData: userDataIn(server.user_data),
    metadata: recordIn(server.metadata),
    files: filesIn(server.personality),
    diskConfig: diskConfigIn(server["OS-DCF:diskConfig"]),
    rackspace: Object.keys(own).length === 0 ? undefined : own,
  });
}

function stackOf(stack: Record<string, unknown>): Record<string, unknown> {
  const { template_url, disable_rollback, timeout_mins, ...others } = stack;
  return given({
    ...others,
    templateUrl: template_url,
    disableRollback: disable_rollback,
    timeoutMinutes: timeout_mins,
  });
}

function given<T extends Record<string, unknown>>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}

function textIn(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function booleanIn(value: unknown): boolean | undefined {
  return typeof value === "boolean" ? value : undefined;
}

function diskConfigIn(value: unknown): "AUTO" | "MANUAL" | undefined {
  return value === "AUTO" || value === "MANUAL" ? value : undefined;
}

/** None of it, null and nothing at all are the same. */
function recordIn(value: unknown): Record<string, string> | undefined {
  if (typeof value !== "object" || value === null || Object.keys(value).length === 0) return undefined;
  return { ...(value as Record<string, string>) };
}

function networksIn(value: unknown): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return (value as { uuid?: string }[]).flatMap(({ uuid }) =>
    uuid === undefined ? [] : [NETWORKS[uuid] ?? uuid],
  );
}

function filesIn(value: unknown): Record<string, string> | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  return Object.fromEntries(
    (value as { path: string; contents: string }[]).map(({ path, contents }) => [path, decoded(contents)]),
  );
}

function userDataIn(value: unknown): string | undefined {
  return typeof value === "string" ? decoded(value) : undefined;
}

function decoded(text: string): string {
  return Buffer.from(text, "base64").toString("utf8");
}

function blockDevicesIn(value: unknown): Record<string, unknown>[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  return (value as Record<string, unknown>[]).map((device) =>
    given({
      source: device.source_type,
      destination: device.destination_type,
      id: device.uuid,
      sizeGiB: device.volume_size,
      bootIndex: device.boot_index,
      deleteOnTermination: device.delete_on_termination,
    }),
  );
}

/**
 * What only shows when a launch and the group's ties are looked at together.
 * @see facts of Autoscale v1.0, 2.4: balancers need ServiceNet
 */
export function networkFaults(launch: Pick<RackspaceLaunch, "networks">, hasBalancers: boolean): string[] {
  if (!hasBalancers || launch.networks === undefined || launch.networks.includes(SERVICE_NET)) return [];
  return [`launch.networks: needs ${SERVICE_NET} (ServiceNet), over which load balancers reach the servers`];
}
