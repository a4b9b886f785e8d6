import type { Metadata, Server } from "@bellows/core";
import { ConflictError, NotFoundError, PermissionError } from "@bellows/core";
import type { ProcessIdentity } from "./balancer/identity.js";
import { identifyProcess, isRunning } from "./balancer/identity.js";
import type { LocalContext } from "./context.js";
import { listeningPort } from "./listening.js";
import { ownIdentity, userOf } from "./processes.js";
import type { ServerEntry } from "./records.js";
import { toServer } from "./standing.js";

/**
 * Processes that somebody else started can be taken in (`groups attach`): `pid:1234` names them, before and after.
 * They are signalled alone, never as a process group: that may be the terminal they were started from.
 */
const REFERENCE = /^pid:([1-9]\d{0,9})$/;

/** The pid in `pid:1234`; undefined for other references. */
export function asProcess(ref: string): number | undefined {
  const pid = REFERENCE.exec(ref)?.[1];
  return pid === undefined ? undefined : Number(pid);
}

/**
 * A process that could be taken in, as a server without labels.
 * @throws NotFoundError @throws PermissionError for another user's @throws ConflictError for one that is a server.
 */
export function strangerOf(context: LocalContext, pid: number): Server {
  return toServer(entryOf(context, pid, {}), "running");
}

/**
 * Takes a running process in as a server. Returned: durable.
 * @returns its id.
 * @throws NotFoundError @throws PermissionError for another user's @throws ConflictError for one that is a server.
 */
export function adoptProcess(context: LocalContext, pid: number, labels: Metadata): string {
  const entry = entryOf(context, pid, labels);
  const { id } = entry.record;
  if (!context.folders.claim(entry)) throw taken(context, pid, id);
  context.folders.write(id, "process", identify(context, pid));
  context.folders.write(id, "ready", { atMs: context.clock.now() });
  return id;
}

/** Whether a server's process is gone and its pid, which is its id, names another one now. */
export function isOutlived({ record, process: known }: ServerEntry): boolean {
  if (record.adopted !== true || known === undefined || isRunning(known)) return false;
  return identifyProcess(known.pid) !== undefined;
}

function entryOf(context: LocalContext, pid: number, labels: Metadata): ServerEntry {
  const identity = identify(context, pid);
  const uid = process.getuid?.();
  if (uid !== undefined && userOf(pid) !== uid) {
    throw new PermissionError(`process ${pid} belongs to another user`, {
      provider: context.key,
      resource: `pid:${pid}`,
    });
  }
  const owner = ownerOf(context, identity);
  if (owner !== undefined) throw taken(context, pid, owner);
  const port = listeningPort(pid);
  const record: ServerEntry["record"] = {
    version: 1,
    id: `pid:${pid}`,
    name: `pid:${pid}`,
    ...(port === undefined ? {} : { port }),
    image: "process",
    ready: "none",
    stopTimeoutMs: context.options.stopTimeout,
    createdAtMs: context.clock.now(),
    creator: ownIdentity(),
    adopted: true,
  };
  return { record, labels, process: identity, ready: { atMs: record.createdAtMs } };
}

function identify(context: LocalContext, pid: number): ProcessIdentity {
  const identity = identifyProcess(pid);
  if (identity !== undefined && pid !== process.pid) return identity;
  throw new NotFoundError(`there is no process ${pid} to take in`, {
    provider: context.key,
    resource: `pid:${pid}`,
  });
}

function ownerOf({ folders }: LocalContext, identity: ProcessIdentity): string | undefined {
  return folders.ids().find((id) => {
    const known = folders.read(id)?.process;
    return (
      known?.pid === identity.pid &&
      known.startedAt === identity.startedAt &&
      known.bootId === identity.bootId
    );
  });
}

function taken(context: LocalContext, pid: number, id: string): ConflictError {
  return new ConflictError(`process ${pid} is server ${id} already`, { provider: context.key, resource: id });
}
