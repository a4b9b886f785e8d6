/** Forms of Cloud Servers: how it shows what it has, refuses, and cuts lists into pages. */
import type { Flavor, Image, Server } from "./state.js";
import { type Answer, type Call, type Reason, Refusal, type Shown, STATUS_OF } from "./wire.js";
import { isoSecondsOf, type Place, TENANT } from "./world.js";

/** Names of faults, which wrap their bodies. */
const FAULT_OF: Readonly<Record<number, string>> = {
  400: "badRequest",
  401: "unauthorized",
  403: "forbidden",
  404: "itemNotFound",
  405: "badMethod",
  409: "conflictingRequest",
  413: "overLimit",
  500: "computeFault",
  503: "serviceUnavailable",
};

/** Most that a page holds. */
const MOST_PER_PAGE = 1_000;

/** A refusal of Cloud Servers. */
export function refused(code: number, message: string): Refusal {
  return new Refusal(
    { status: code, body: { [FAULT_OF[code] ?? "computeFault"]: { code, message } } },
    message,
  );
}

/** How Cloud Servers refuse what they have not looked at. */
export function refuseServers(reason: Reason, retryAfterSeconds: number): Answer {
  const { answer } = refused(STATUS_OF[reason], `The request was refused: ${reason}.`);
  if (reason !== "throttled" && reason !== "unavailable") return answer;
  const retryAfter = String(retryAfterSeconds);
  const body = { overLimit: { code: 413, message: "OverLimit Retry...", retryAfter } };
  const headers = { "retry-after": retryAfter };
  return reason === "throttled" ? { status: 413, headers, body } : { ...answer, headers };
}

function linksOf({ world, region }: Place, path: string): Shown {
  return [
    { rel: "self", href: world.url(`servers/${region}/v2/${TENANT}/${path}`) },
    { rel: "bookmark", href: world.url(`servers/${region}/${TENANT}/${path}`) },
  ];
}

/** Links to a server. */
export function serverLinks(place: Place, id: string): Shown {
  return linksOf(place, `servers/${id}`);
}

/** A server in a short list. */
export function shortServer(place: Place, { id, name }: Server): Shown {
  return { id, name, links: serverLinks(place, id) };
}

/** A server with its details. */
export function shownServer(place: Place, server: Server): Shown {
  const { addresses, given } = server;
  const first = (version: 4 | 6): string =>
    (addresses.public ?? []).find((one) => one.version === version)?.addr ?? "";
  return {
    id: server.id,
    name: server.name,
    status: server.status,
    created: isoSecondsOf(server.createdAtMs),
    updated: isoSecondsOf(server.updatedAtMs),
    tenant_id: TENANT,
    user_id: "172157",
    progress: server.status === "BUILD" ? 0 : 100,
    image:
      server.imageId === undefined
        ? ""
        : { id: server.imageId, links: linksOf(place, `images/${server.imageId}`) },
    flavor: { id: server.flavorId, links: linksOf(place, `flavors/${server.flavorId}`) },
    metadata: server.metadata,
    addresses,
    accessIPv4: first(4),
    accessIPv6: first(6),
    hostId: server.status === "BUILD" ? "" : "b7a1c0de",
    key_name: typeof given.key_name === "string" ? given.key_name : null,
    config_drive: given.config_drive === true ? "True" : "",
    "OS-DCF:diskConfig": diskConfigOf(server),
    "OS-EXT-STS:task_state": server.taskState,
    "OS-EXT-STS:vm_state": server.status.toLowerCase(),
    "OS-EXT-STS:power_state": server.status === "ACTIVE" ? 1 : 0,
    fault:
      server.fault === undefined ? undefined : { ...server.fault, created: isoSecondsOf(server.updatedAtMs) },
    links: serverLinks(place, server.id),
  };
}

/** AUTO or MANUAL. */
export function diskConfigOf({ given }: Server): string {
  return given["OS-DCF:diskConfig"] === "AUTO" ? "AUTO" : "MANUAL";
}

/** A flavor with its details. */
export function shownFlavor(place: Place, { id, name, ramMiB, diskGiB, cpus }: Flavor): Shown {
  return {
    id,
    name,
    ram: ramMiB,
    disk: diskGiB,
    vcpus: cpus,
    swap: "",
    rxtx_factor: 200,
    "OS-FLV-EXT-DATA:ephemeral": 0,
    links: linksOf(place, `flavors/${id}`),
  };
}

/** An image with its details. */
export function shownImage(place: Place, { id, name, status, metadata }: Image): Shown {
  return {
    id,
    name,
    status,
    progress: status === "SAVING" ? 50 : 100,
    minRam: 512,
    minDisk: 20,
    metadata,
    links: linksOf(place, `images/${id}`),
  };
}

/**
 * A page of a list as `{ KIND: […], KIND_links: […] }`. The marker is the last id of the page before; a full page has a
 * next one, which may be empty.
 */
export function listed<T extends { id: string }>(
  { world, region }: Place,
  { query }: Call,
  { kind, path, items, show }: { kind: string; path: string; items: readonly T[]; show: (item: T) => Shown },
): Answer {
  const asked = query.get("limit");
  if (asked !== null && !/^\d+$/.test(asked)) throw refused(400, "limit param must be an integer");
  const limit = Math.min(asked === null ? MOST_PER_PAGE : Number(asked), MOST_PER_PAGE);
  const marker = query.get("marker");
  const start = marker === null ? 0 : items.findIndex(({ id }) => id === marker) + 1;
  if (marker !== null && start === 0) throw refused(400, `marker [${marker}] not found`);
  const page = items.slice(start, start + limit);
  const last = page.at(-1);
  const next = new URLSearchParams(query);
  if (last !== undefined) next.set("marker", last.id);
  const href = world.url(`servers/${region}/v2/${TENANT}/${path}?${next}`);
  const links =
    last !== undefined && page.length === limit ? { [`${kind}_links`]: [{ rel: "next", href }] } : {};
  return { status: 200, body: { [kind]: page.map(show), ...links } };
}
