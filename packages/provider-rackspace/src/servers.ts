/**
 * Cloud Servers (Nova v2) as plain servers, for groups that core keeps.
 *
 * Note [Once]: Nova has no idempotency tokens. A create looks for a server whose label has the key, then makes it. When
 * the answer is lost it looks again, for as long as lists may lag, before it makes it a second time. What this connection
 * has made lately it knows even while lists do not show it. A group's members have names that come from their key, so
 * that a look needs one page; other servers are looked for in the whole list.
 */
import {
  type CallOptions,
  ConfigError,
  type Host,
  isBellowsError,
  LimitError,
  type Metadata,
  NotFoundError,
  type Page,
  pages,
  resolveRef,
  type Server,
  type ServerSpec,
  type ServersDriver,
} from "@bellows/core";
import type { Call, Rackspace } from "./client.js";
import { retold } from "./errors.js";
import { launchSchema, type RackspaceLaunch } from "./launch-schema.js";
import { makeOnce } from "./making.js";
import type { Pkgcloud } from "./pkgcloud.js";
import {
  createBody,
  generatedPart,
  hasLabels,
  isEnded,
  isMember,
  KEY_LABEL,
  keyOf,
  labelFaults,
  type NovaServer,
  serverLabelFaults,
  serverOf,
} from "./server-map.js";

/** The servers driver of Rackspace. Nova tells nobody when a server has changed. */
export type RackspaceServers = Required<Omit<ServersDriver, "onChange">>;

/** How long a server just made may be missing from lists, in milliseconds. */
export const READ_AFTER_WRITE_MS = 10_000;
/** Servers a page; Nova's own limit may be lower, and is followed. */
const PER_PAGE = 100;
const SERVER_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What the driver is made from. */
export interface ServerParts {
  rackspace: Rackspace;
  pkgcloud: Pkgcloud;
  host: Host;
  /** Where the generated part of a member's name stands. */
  nameStyle: "prefix" | "suffix";
  /** Told of every server that a whole list shows. */
  listed?: (servers: readonly NovaServer[]) => void;
}

interface Context extends ServerParts {
  /** Servers made by this connection, by their key, until lists show them. */
  young: Map<string, { id: string; untilMs: number }>;
}

/** Makes the driver. Nothing is asked before the first call. */
export function createServers(parts: ServerParts): RackspaceServers {
  const context: Context = { ...parts, young: new Map() };
  const making = new Map<string, Promise<Server>>();
  return {
    async *list({ labels = {} } = {}, options) {
      for await (const server of allServers(context, callOf("list", undefined, options)))
        if (hasLabels(server, labels)) yield serverOf(server);
    },
    async create(spec, options) {
      const call = callOf("create", spec.name, options);
      const running = making.get(spec.idempotencyKey);
      if (running !== undefined) return running;
      const made = create(context, spec, call).finally(() => making.delete(spec.idempotencyKey));
      making.set(spec.idempotencyKey, made);
      return made;
    },
    async get(ref, options) {
      return serverOf(await find(context, ref, callOf("get", ref, options)));
    },
    async delete(ref, options) {
      await end(context, ref, callOf("delete", ref, options));
    },
    async label(ref, labels, options) {
      return label(context, ref, labels, callOf("label", ref, options));
    },
  };
}

function callOf(method: string, resource: string | undefined, options: CallOptions = {}): Call {
  options.signal?.throwIfAborted();
  return { operation: `servers.${method}`, resource, signal: options.signal };
}

interface ServersPage {
  servers?: NovaServer[];
  servers_links?: { rel?: string; href?: string }[];
}

/**
 * All servers, a page after the other.
 * @param name - a regular expression that their names must match.
 */
async function* allServers(context: Context, call: Call, name?: string): AsyncGenerator<NovaServer> {
  const seen: NovaServer[] = [];
  const list = pages<NovaServer>(
    async (marker): Promise<Page<NovaServer>> => {
      const query = { limit: PER_PAGE, marker, name };
      const { body } = await context.rackspace.request<ServersPage | undefined>(
        "cloudServersOpenStack",
        "/servers/detail",
        { ...call, query },
      );
      const next = markerIn(body);
      return { items: body?.servers ?? [], ...(next === undefined ? {} : { next }) };
    },
    { ...(call.signal && { signal: call.signal }) },
  );
  for await (const server of list) {
    seen.push(server);
    if (server.status !== "DELETED") yield server;
  }
  if (name === undefined) context.listed?.(seen);
}

function markerIn(page: ServersPage | undefined): string | undefined {
  const href = page?.servers_links?.find(({ rel }) => rel === "next")?.href;
  return href === undefined
    ? undefined
    : (new URL(href, "http://next").searchParams.get("marker") ?? undefined);
}

async function create(context: Context, spec: ServerSpec, call: Call): Promise<Server> {
  const { host, young } = context;
  const launch = checked(spec, call);
  const earlier = await withKey(context, spec, call);
  if (earlier !== undefined) return serverOf(earlier);
  const body = createBody(spec, launch, context.nameStyle);
  const id = await makeOnce(
    host,
    () => post(context, body, call),
    async () => (await withKey(context, spec, call))?.id,
    call.signal,
  );
  young.set(spec.idempotencyKey, { id, untilMs: host.clock.monotonic() + READ_AFTER_WRITE_MS });
  return {
    id,
    name: body.name,
    status: "building",
    createdAtMs: host.clock.now(),
    labels: { ...body.metadata },
    addresses: [],
    ...(body.flavorRef === undefined ? {} : { size: body.flavorRef }),
    ...(body.imageRef === undefined ? {} : { image: body.imageRef }),
  };
}

/** @throws ConfigError that lists every fault. */
function checked(spec: ServerSpec, { operation }: Call): RackspaceLaunch {
  const read = launchSchema.safeParse(spec.launch);
  const faults = [
    ...(read.success
      ? serverLabelFaults(spec, read.data)
      : [
          ...read.error.issues.map(({ path, message }) => `${["launch", ...path].join(".")}: ${message}`),
          ...labelFaults(spec.labels),
        ]),
    ...(read.success && read.data.rackspace?.stack !== undefined
      ? ["launch.rackspace.stack: is for groups that Autoscale keeps; give a server its size and image"]
      : []),
    ...(spec.zone === undefined ? [] : ["zone: a region of Rackspace is one zone"]),
  ];
  if (read.success && faults.length === 0) return read.data;
  throw new ConfigError(`server ${spec.name} cannot be made: ${faults.join("; ")}`, {
    operation,
    resource: spec.name,
  });
}

/** The server that was made for this key, as far as there is one that has not ended. */
async function withKey(context: Context, spec: ServerSpec, call: Call): Promise<NovaServer | undefined> {
  const { young, host } = context;
  for (const [key, { untilMs }] of young) if (untilMs < host.clock.monotonic()) young.delete(key);
  const made = young.get(spec.idempotencyKey);
  if (made !== undefined) {
    const server = await seek(context, made.id, call);
    if (server !== undefined && !isEnded(server)) return server;
  }
  const name = isMember(spec) ? generatedPart(spec.idempotencyKey) : undefined;
  const labels = { [KEY_LABEL]: keyOf(spec.idempotencyKey) };
  for await (const server of allServers(context, call, name))
    if (hasLabels(server, labels) && !isEnded(server)) return server;
  return undefined;
}

type Body = ReturnType<typeof createBody>;

/** Words of a create that pkgcloud leaves out. */
const BEYOND_PKGCLOUD = [
  "OS-DCF:diskConfig",
  "config_drive",
  "block_device_mapping_v2",
  "user_data",
] as const;

/** Makes a server. @returns its id: there is nothing else in the answer. */
async function post({ rackspace, pkgcloud }: Context, body: Body, call: Call): Promise<string> {
  try {
    if (body.imageRef === undefined || BEYOND_PKGCLOUD.some((word) => body[word] !== undefined)) {
      const answer = await rackspace.request<{ server: { id: string } }>(
        "cloudServersOpenStack",
        "/servers",
        {
          ...call,
          method: "POST",
          json: { server: body },
        },
      );
      return answer.body.server.id;
    }
    const { flavorRef: flavor, imageRef: image, key_name: keyname, ...rest } = body;
    const details = { ...rest, flavor, image, ...(keyname === undefined ? {} : { keyname }) };
    const made = await pkgcloud.servers<{ id: string }>("POST /servers", call, (client, done) =>
      client.createServer(details, done),
    );
    return made.id;
  } catch (error) {
    throw noRoom(error);
  }
}

/** A quota that is used up is told by 403, and so is a user who may not make servers; only their words differ. */
function noRoom(error: unknown): unknown {
  if (!isBellowsError(error, "permission") || error.vendorCode !== "forbidden") return error;
  const hint = "free a quota that is used up, or let the user make servers";
  return retold(error, { hint }, LimitError);
}

/** The server with that id, or undefined. */
async function seek({ pkgcloud }: Context, id: string, call: Call): Promise<NovaServer | undefined> {
  try {
    const { original } = await pkgcloud.servers<{ original: unknown }>(
      `GET /servers/${id}`,
      call,
      (client, done) => client.getServer(id, done),
    );
    return original as NovaServer;
  } catch (error) {
    if (isBellowsError(error, "not-found")) return undefined;
    throw error;
  }
}

/** The server with that id, else the only one of that name. */
async function find(context: Context, ref: string, call: Call): Promise<NovaServer> {
  if (SERVER_ID.test(ref)) {
    const server = await seek(context, ref, call);
    if (server !== undefined && server.status !== "DELETED") return server;
  }
  const named: NovaServer[] = [];
  const pattern = `^${ref.replace(/[^\w -]/g, "\\$&")}$`;
  for await (const server of allServers(context, call, pattern)) if (server.name === ref) named.push(server);
  if (named.length > 0) return resolveRef(named, ref, "server");
  throw new NotFoundError(`there is no server "${ref}"`, {
    provider: context.rackspace.key,
    operation: call.operation,
    resource: ref,
    hint: "bellows servers list shows what there is",
  });
}

/** Deletes a server. Nova gives it no time to end by itself: drain it first. */
async function end(context: Context, ref: string, call: Call): Promise<void> {
  try {
    const id = SERVER_ID.test(ref) ? ref : (await find(context, ref, call)).id;
    await context.pkgcloud.servers<unknown>(`DELETE /servers/${id}`, call, (client, done) =>
      client.destroyServer(id, done),
    );
  } catch (error) {
    if (!isBellowsError(error, "not-found")) throw error;
  }
}

async function label(context: Context, ref: string, labels: Metadata, call: Call): Promise<Server> {
  const faults = labelFaults(labels);
  if (faults.length > 0)
    throw new ConfigError(faults.join("; "), { operation: call.operation, resource: ref });
  const server = serverOf(await find(context, ref, call));
  const path = `/servers/${server.id}/metadata`;
  const entries = Object.entries(labels);
  const set = Object.fromEntries(entries.filter(([, value]) => value !== ""));
  const gone = entries.flatMap(([key, value]) => (value === "" && key in server.labels ? [key] : []));
  const ask = (more: Pick<Call, "method" | "json" | "repeatable">, item = ""): Promise<unknown> =>
    context.rackspace.request("cloudServersOpenStack", `${path}${item}`, { ...call, ...more });
  if (Object.keys(set).length > 0) await ask({ method: "POST", json: { metadata: set }, repeatable: true });
  for (const key of gone)
    await ask({ method: "DELETE" }, `/${encodeURIComponent(key)}`).catch((error: unknown) => {
      if (!isBellowsError(error, "not-found")) throw error;
    });
  const all = Object.entries({ ...server.labels, ...labels }).filter(([, value]) => value !== "");
  return { ...server, labels: Object.fromEntries(all) };
}
