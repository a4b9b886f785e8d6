/** Servers of Cloud Servers (Nova v2) in the contract's words. Pure. */
import { createHash } from "node:crypto";
import type { Metadata, Server, ServerSpec } from "@bellows/core";
import type { RackspaceLaunch } from "./launch-schema.js";
import { type ServerArgs, serverArgs } from "./server-args.js";

/** Label of the key that a server was made for; Nova has no idempotency tokens. */
export const KEY_LABEL = "bellows:key";
/** Labels of members of groups that core keeps. */
const GROUP_LABEL = "bellows:group";
const SLOT_LABEL = "bellows:slot";

/** Most items of metadata. @see docs.rackspace.com, Cloud Servers, absolute limits: maxServerMeta */
const MOST_LABELS = 40;
/** Longest value of metadata, and longest name of a server. */
const LONGEST = 255;
const LABEL = /^[a-zA-Z0-9\-_:. ]{1,255}$/;

/** A server as `GET /servers/detail` shows it, as far as it is read here. */
export interface NovaServer {
  id: string;
  name: string;
  status?: string;
  created?: string;
  image?: { id?: string } | "";
  flavor?: { id?: string };
  metadata?: Record<string, string>;
  addresses?: Record<string, { addr: string; version: 4 | 6 }[]>;
  fault?: { message?: string };
  "OS-EXT-STS:task_state"?: string | null;
}

/**
 * What each status means. Rebooting, resizing and rescued servers are `unknown`: they come back by themselves or by
 * hand, and are not to be replaced.
 * @see docs.rackspace.com, Cloud Servers, server statuses
 */
const STATUSES: Readonly<Record<string, Server["status"]>> = {
  ACTIVE: "active",
  BUILD: "building",
  REBUILD: "building",
  SHUTOFF: "stopped",
  DELETED: "stopped",
  ERROR: "error",
};

/** Whether a server is gone, or is being deleted: it will never run again. */
export function isEnded(server: NovaServer): boolean {
  return server.status === "DELETED" || server["OS-EXT-STS:task_state"] === "deleting";
}

/** A server in the contract's words. The first address is the one that load balancers reach: that of ServiceNet. */
export function serverOf(server: NovaServer): Server {
  const { id, name, created, image, flavor, metadata = {}, fault } = server;
  const ending = isEnded(server) && server.status !== "DELETED";
  const status = ending ? "stopping" : (STATUSES[server.status ?? ""] ?? "unknown");
  const detail = fault?.message ?? (status === "unknown" ? server.status : undefined);
  const imageId = image === "" ? undefined : image?.id;
  return {
    id,
    name,
    status,
    createdAtMs: Date.parse(created ?? "") || 0,
    labels: { ...metadata },
    addresses: addressesOf(server),
    ...(imageId === undefined ? {} : { image: imageId }),
    ...(flavor?.id === undefined ? {} : { size: flavor.id }),
    ...(detail === undefined ? {} : { detail }),
  };
}

/** Addresses: ServiceNet's first, then other IPv4, then IPv6. */
function addressesOf({ addresses = {} }: NovaServer): string[] {
  const all = Object.entries(addresses).flatMap(([network, list]) =>
    list.map(({ addr, version }) => ({ addr, rank: version === 6 ? 2 : network === "private" ? 0 : 1 })),
  );
  return all.sort((a, b) => a.rank - b.rank).map(({ addr }) => addr);
}

/** Whether a server has all of these labels. */
export function hasLabels({ metadata = {} }: NovaServer, labels: Metadata): boolean {
  return Object.entries(labels).every(([key, value]) => metadata[key] === value);
}

/** What is wrong with labels that are to become metadata. */
export function labelFaults(labels: Metadata): string[] {
  return Object.entries(labels).flatMap(([key, value]) => {
    if (!LABEL.test(key))
      return [
        `labels.${key.slice(0, 40)}: takes letters, digits, blanks and -_:. in names, at most ${LONGEST}`,
      ];
    return value.length > LONGEST ? [`labels.${key}: is longer than ${LONGEST} characters`] : [];
  });
}

/** What is wrong with the metadata of a server that is to be made: that of its launch, its labels and its key. */
export function serverLabelFaults(spec: ServerSpec, launch: Pick<RackspaceLaunch, "metadata">): string[] {
  const count = Object.keys(metadataOf(spec, launch)).length;
  return [
    ...labelFaults(spec.labels),
    ...(count > MOST_LABELS
      ? [`labels: at most ${MOST_LABELS} together with launch.metadata, not ${count}`]
      : []),
  ];
}

function metadataOf(spec: ServerSpec, launch: Pick<RackspaceLaunch, "metadata">): Metadata {
  return { ...launch.metadata, ...spec.labels, [KEY_LABEL]: keyOf(spec.idempotencyKey) };
}

/** A key as metadata takes it; one that is too long as its digest. */
export function keyOf(idempotencyKey: string): string {
  return idempotencyKey.length <= LONGEST
    ? idempotencyKey
    : createHash("sha256").update(idempotencyKey).digest("hex");
}

/** Whether core's portable groups ask for the server, whose names have a part that is made here. */
export function isMember({ labels }: Pick<ServerSpec, "labels">): boolean {
  return labels[GROUP_LABEL] !== undefined && labels[SLOT_LABEL] !== undefined;
}

/**
 * The generated part of a member's name: `as` and eight hexadecimal digits, as Autoscale has it. It comes from the key, so
 * that a server whose create got no answer can be looked for by name.
 */
export function generatedPart(idempotencyKey: string): string {
  return `as${createHash("sha256").update(idempotencyKey).digest("hex").slice(0, 8)}`;
}

/** The name of a server: as asked for, and of a group's member as the account's style has it. */
export function nameOf(spec: ServerSpec, launch: RackspaceLaunch, style: "prefix" | "suffix"): string {
  if (!isMember(spec)) return spec.name;
  const part = generatedPart(spec.idempotencyKey);
  const base = (launch.serverName ?? spec.labels[GROUP_LABEL] ?? spec.name).slice(
    0,
    LONGEST - part.length - 1,
  );
  return style === "prefix" ? `${part}-${base}` : `${base}-${part}`;
}

/** The body of the call that makes a server. */
export function createBody(
  spec: ServerSpec,
  launch: RackspaceLaunch,
  style: "prefix" | "suffix",
): ServerArgs & { name: string; metadata: Metadata } {
  return { ...serverArgs(launch), name: nameOf(spec, launch, style), metadata: metadataOf(spec, launch) };
}
