import { createHash } from "node:crypto";
import { join } from "node:path";
import type { CallOptions, Metadata, Server, ServerSpec, ServersDriver } from "@bellows/core";
import { ConfigError } from "@bellows/core";
import { adoptProcess, asProcess, isOutlived, strangerOf } from "./adoption.js";
import type { LocalContext } from "./context.js";
import { fillArguments, serverEnvironment } from "./environment.js";
import { ambiguous, noServer, storageFault } from "./errors.js";
import type { Keeper, Settled } from "./keeper.js";
import { forget } from "./keeper.js";
import type { Start } from "./launch.js";
import { readLaunch } from "./launch.js";
import { ownIdentity } from "./processes.js";
import type { ServerEntry, ServerRecord } from "./records.js";
import { standingOf, toServer } from "./standing.js";
import type { Gated } from "./start.js";
import { findProgram, StartFault, startGated } from "./start.js";

/** Label that says which group a server was made for. */
export const GROUP_LABEL = "bellows:group";

/** The driver, with every optional method. */
export type LocalServers = Required<ServersDriver>;

/** Servers that are processes of this machine. */
export function createServers(context: LocalContext, keeper: Keeper): LocalServers {
  const { folders } = context;
  const creating = new Map<string, Promise<Server>>();
  let sweepAtMs = 0;

  const find = (ref: string): string | undefined => {
    const entry = folders.read(ref);
    if (entry !== undefined && isOutlived(entry)) return void forget(context, entry);
    if (entry !== undefined) return ref;
    const ids = folders.ids().filter((id) => folders.read(id)?.record.name === ref);
    if (ids.length > 1) throw ambiguous(ref, ids, context.key);
    return ids[0];
  };

  return {
    async *list(filter = {}, options = {}) {
      if (context.clock.monotonic() >= sweepAtMs) {
        sweepAtMs = context.clock.monotonic() + SWEEP_MS;
        sweepPorts(context);
      }
      const wanted = Object.entries(filter.labels ?? {});
      const ids = folders.ids().filter((id) => carries(folders.read(id)?.labels, wanted));
      const settled = await Promise.all(ids.map((id) => keeper.settle(id)));
      for (const each of settled) {
        options.signal?.throwIfAborted();
        if (each !== undefined) yield show(each);
      }
    },
    create(spec, options) {
      const running = creating.get(spec.idempotencyKey);
      if (running !== undefined) return running;
      const made = createServer(context, keeper, spec, options)
        .catch((error: unknown) => {
          throw storageFault(error, context.stateDir, context.key);
        })
        .finally(() => creating.delete(spec.idempotencyKey));
      creating.set(spec.idempotencyKey, made);
      return made;
    },
    async delete(ref, options = {}) {
      options.signal?.throwIfAborted();
      const id = find(ref);
      const entry = id === undefined ? undefined : folders.read(id);
      if (id === undefined || entry === undefined) return;
      if (entry.deletion === undefined) {
        const graceMs = options.graceMs ?? entry.record.stopTimeoutMs;
        stored(context, () =>
          folders.write(id, "deletion", { atMs: context.clock.now(), graceMs, by: ownIdentity() }),
        );
      }
      keeper.finish(id);
    },
    async get(ref, options = {}) {
      options.signal?.throwIfAborted();
      const id = find(ref);
      const settled = id === undefined ? undefined : await keeper.settle(id);
      if (settled !== undefined) return show(settled);
      const pid = asProcess(ref);
      if (pid === undefined) throw noServer(ref, context.key);
      return strangerOf(context, pid);
    },
    async label(ref, labels, options = {}) {
      options.signal?.throwIfAborted();
      const id = find(ref) ?? stored(context, () => adopt(context, ref, labels));
      const settled = await keeper.settle(id);
      if (settled === undefined) throw noServer(ref, context.key);
      return stored(context, () => relabel(context, settled, labels));
    },
    onChange: (listener) => keeper.onChange(listener),
  };
}

const show = ({ entry, standing }: Settled): Server => toServer(entry, standing);

/** @throws UnavailableError when what is to be kept cannot be written. */
function stored<T>(context: LocalContext, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw storageFault(error, context.stateDir, context.key);
  }
}

function carries(labels: Metadata | undefined, wanted: readonly [string, string][]): boolean {
  return labels !== undefined && wanted.every(([name, value]) => labels[name] === value);
}

function adopt(context: LocalContext, ref: string, labels: Metadata): string {
  const pid = asProcess(ref);
  if (pid === undefined) throw noServer(ref, context.key);
  return adoptProcess(context, pid, labels);
}

/** Writes labels. A process that was taken in and has none left is no server of ours any more; it runs on. */
function relabel(context: LocalContext, { entry, standing }: Settled, changes: Metadata): Server {
  const all = Object.entries({ ...entry.labels, ...changes }).filter(([, value]) => value !== "");
  const labels = Object.fromEntries(all);
  if (all.length === 0 && entry.record.adopted) forget(context, entry);
  else context.folders.write(entry.record.id, "labels", labels);
  return toServer({ ...entry, labels }, standing);
}

/** How often reservations of ports are looked through. */
const SWEEP_MS = 60_000;

function sweepPorts({ folders, ports }: LocalContext): void {
  const used = folders.ids().flatMap((id) => folders.read(id)?.record.port ?? []);
  ports.sweep(new Set(used));
}

/**
 * An id that anybody works out from the key alone, so that two creates with one key meet at one folder. Beyond the
 * first generation come those made after an earlier one was deleted.
 */
export function idOf(key: string, generation: number): string {
  const words = key
    .replace(/[^A-Za-z0-9]+/g, "-")
    .replace(/^-|-$/g, "")
    .slice(-48);
  const hash = createHash("sha256").update(key).digest("hex").slice(0, 8);
  return `${words === "" ? "server" : words}-${hash}${generation === 1 ? "" : `.${generation}`}`;
}

async function createServer(
  context: LocalContext,
  keeper: Keeper,
  spec: ServerSpec,
  options: CallOptions = {},
): Promise<Server> {
  options.signal?.throwIfAborted();
  const start = readLaunch(spec.launch, context.options, context.baseFolder);
  checkZone(context, spec.zone);
  for (let generation = 1; ; generation++) {
    const id = idOf(spec.idempotencyKey, generation);
    if (context.folders.isBuried(id)) continue;
    const there = await keeper.settle(id);
    if (there !== undefined && there.entry.deletion === undefined) return show(there);
    if (there !== undefined || context.folders.exists(id)) continue;
    const entry = await claim(context, id, spec, start);
    if (entry === undefined) {
      generation--;
      continue;
    }
    await startServer(context, keeper, entry, start);
    const made = context.folders.read(id) ?? entry;
    return toServer(made, standingOf(made));
  }
}

function checkZone({ options, key }: LocalContext, zone: string | undefined): void {
  if (zone === undefined || options.zones.includes(zone)) return;
  const hint =
    options.zones.length === 0 ? "list zones under the provider" : `zones: ${options.zones.join(", ")}`;
  throw new ConfigError(`there is no zone ${JSON.stringify(zone)} on this machine`, { provider: key, hint });
}

/** Writes the intent: the server's folder with all but its process. Undefined when somebody else was faster. */
async function claim(
  context: LocalContext,
  id: string,
  spec: ServerSpec,
  start: Start,
): Promise<ServerEntry | undefined> {
  const port = await context.ports.reserve();
  const record: ServerRecord = {
    version: 1,
    id,
    name: spec.name,
    key: spec.idempotencyKey,
    port,
    ...(spec.zone === undefined ? {} : { zone: spec.zone }),
    image: start.image,
    ready: start.ready,
    stopTimeoutMs: start.stopTimeoutMs,
    createdAtMs: context.clock.now(),
    creator: ownIdentity(),
  };
  const labels = { ...start.metadata, ...spec.labels };
  let claimed = false;
  try {
    claimed = context.folders.claim({ record, labels, files: start.files });
  } finally {
    if (!claimed) context.ports.release(port);
  }
  return claimed ? { record, labels } : undefined;
}

async function startServer(
  context: LocalContext,
  keeper: Keeper,
  entry: ServerEntry,
  start: Start,
): Promise<void> {
  const { id } = entry.record;
  let gated: Gated | undefined;
  try {
    gated = await gate(context, entry, start);
    context.folders.write(id, "process", gated.identity);
    keeper.watch(id, gated.child);
    gated.open();
  } catch (error) {
    gated?.child.kill("SIGKILL");
    if (error instanceof StartFault) {
      context.folders.write(id, "end", { atMs: context.clock.now(), failed: true, text: error.message });
      return;
    }
    forget(context, entry);
    throw error;
  }
}

function gate(context: LocalContext, { record, labels }: ServerEntry, start: Start): Promise<Gated> {
  const folder = context.folders.path(record.id);
  const group = labels[GROUP_LABEL];
  const facts = {
    instance: record.id,
    port: record.port ?? 0,
    folder: join(folder, "files"),
    ...(group === undefined ? {} : { group }),
  };
  const env = serverEnvironment(process.env, start.env, facts);
  const program = findProgram(start.command, start.cwd, env.PATH);
  return startGated({ program, args: fillArguments(start.args, facts), env, cwd: start.cwd, folder });
}
