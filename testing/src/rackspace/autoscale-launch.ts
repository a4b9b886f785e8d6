/** What Autoscale looks at in a launch configuration beyond its form, and what servers it makes from it. */
import { refused } from "./autoscale-form.js";
import type { Group, LaunchConfiguration } from "./autoscale-state.js";
import { isObject, type Json, type JsonObject } from "./json.js";
import { MOST_FILE_BYTES, MOST_FILES, makeServer } from "./servers-making.js";
import type { Server } from "./state.js";
import type { Place } from "./world.js";

/** Metadata by which a group knows its servers; the older key comes second. */
export const GROUP_KEYS = ["rax:autoscale:group:id", "rax:auto_scaling_group_id"] as const;
/** Metadata that name a server's balancers, with their ports, begin with it. */
const TIE_KEY = "rax:autoscale:lb:CloudLoadBalancer:";
/** Metadata of a server that finishes its requests. */
export const STATE_KEY = "rax:autoscale:server:state";

/** A value's first 128 characters. */
function brief(value: Json | undefined): string {
  return String(value).slice(0, 128);
}

function filesFaults(personality: Json | undefined): string[] {
  const files = Array.isArray(personality) ? personality.filter(isObject) : [];
  const many = `Number of files "${files.length}" in personality exceeds maximum limit "${MOST_FILES}"`;
  return [
    ...(files.length > MOST_FILES ? [many] : []),
    ...files.flatMap(({ path, contents }) => {
      if (!/^[+/=a-zA-Z0-9]+$/.test(String(contents)))
        return [`Invalid base64 encoding for contents of path "${brief(path)}"`];
      const isBig = Buffer.from(String(contents), "base64").length > MOST_FILE_BYTES;
      return isBig ? [`File "${brief(path)}" content's size exceeds maximum size "${MOST_FILE_BYTES}"`] : [];
    }),
  ];
}

/** @throws Refusal that names each problem: image, flavor, files. */
export function requireLaunch({ state }: Place, { type, args }: LaunchConfiguration): void {
  if (type === "launch_stack" || !isObject(args.server)) return;
  const { imageRef, flavorRef, personality } = args.server;
  const image = state.images.find(({ id, status }) => id === imageRef && status !== "DELETED");
  const hasImage = typeof imageRef === "string" && imageRef !== "";
  const faults = [
    ...(hasImage && image === undefined
      ? [`Invalid imageRef "${brief(imageRef)}" in launchConfiguration`]
      : []),
    ...(image !== undefined && image.status !== "ACTIVE"
      ? [`Inactive imageRef "${brief(imageRef)}" in launchConfiguration`]
      : []),
    ...(state.flavors.some(({ id }) => id === flavorRef)
      ? []
      : [`Invalid flavorRef "${brief(flavorRef)}" in launchConfiguration`]),
    ...filesFaults(personality),
  ];
  if (faults.length > 0)
    throw refused(
      "InvalidLaunchConfiguration",
      ["Following problems with launch configuration:", ...faults].join("\n"),
    );
}

/** A launch configuration as it is kept: metadata that is null is dropped. */
export function keptLaunch({ type, args }: LaunchConfiguration): LaunchConfiguration {
  if (!isObject(args.server) || args.server.metadata !== null) return { type, args };
  const { metadata: _none, ...server } = args.server;
  return { type, args: { ...args, server } };
}

/** A balancer that a group's servers go behind. */
export interface Tie {
  balancerId: number;
  port: number;
}

/** The balancers of Cloud Load Balancers that a group's new servers go behind. */
function tiesOf({ launch }: Group): Tie[] {
  const { loadBalancers } = launch.args;
  const items = Array.isArray(loadBalancers) ? loadBalancers.filter(isObject) : [];
  return items
    .filter(({ type }) => type !== "RackConnectV3")
    .map(({ loadBalancerId, port }) => ({ balancerId: Number(loadBalancerId), port: Number(port) }));
}

/** The balancers that a server was made for; later changes of the group's launch configuration do not touch it. */
export function tiesOfServer({ metadata }: Server): Tie[] {
  return Object.entries(metadata).flatMap(([key, value]) => {
    if (!key.startsWith(TIE_KEY)) return [];
    const ports = JSON.parse(value) as { port: number }[];
    return ports.map(({ port }) => ({ balancerId: Number(key.slice(TIE_KEY.length)), port }));
  });
}

/** How long a group's servers may finish their requests, in milliseconds. */
export function drainingMsOf({ launch }: Group): number {
  return Number(launch.args.draining_timeout ?? 0) * 1_000;
}

/** Makes a server of a group. @throws Refusal in the words of Cloud Servers. */
export function launchServer(place: Place, group: Group): Server {
  const given = isObject(group.launch.args.server) ? group.launch.args.server : {};
  const metadata = { ...(isObject(given.metadata) ? given.metadata : {}), ...membershipOf(group) };
  return makeServer(place, { ...given, name: nameOf(place, given), metadata });
}

function membershipOf(group: Group): JsonObject {
  const ports = new Map<number, JsonObject[]>();
  for (const { balancerId, port } of tiesOf(group))
    ports.set(balancerId, [...(ports.get(balancerId) ?? []), { port }]);
  return Object.fromEntries([
    ...GROUP_KEYS.map((key) => [key, group.id]),
    ...[...ports].map(([id, list]) => [`${TIE_KEY}${id}`, JSON.stringify(list)]),
  ]) as JsonObject;
}

/** `as` and 8 hex digits, before or after the name that was given. */
function nameOf({ world }: Place, { name }: JsonObject): string {
  // Fibonacci hashing, so that numbers in a row look like chance.
  const digits = (Math.imul(world.number(), 0x9e3779b1) >>> 0).toString(16).padStart(8, "0");
  const parts = [`as${digits}`, ...(typeof name === "string" && name !== "" ? [name] : [])];
  return (world.behaviour.serverNames === "prefix" ? parts : parts.toReversed()).join("-").slice(0, 255);
}
