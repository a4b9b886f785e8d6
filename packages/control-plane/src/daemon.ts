import { type FSWatcher, watch } from "node:fs";
import { basename, dirname, isAbsolute, resolve } from "node:path";
import {
  type Clock,
  type Config,
  ConfigError,
  ConflictError,
  delay,
  errorLine,
  type Fault,
  isBellowsError,
  type Logger,
  renderFaults,
  type StateStore,
  UnavailableError,
  UnsupportedError,
} from "@bellows/core";
import { createLine, type Line } from "@bellows/core/line";
import type { FastifyInstance } from "fastify";
import { loadServerKey } from "./access/server-key.js";
import { createTokens } from "./access/tokens.js";
import { createAccess } from "./access/users.js";
import type { Control } from "./control.js";
import { doorsOf } from "./doors.js";
import { executeAsOrders } from "./execute.js";
import { createGuests } from "./guests.js";
import { keepHouse } from "./housekeeping.js";
import { openDirectory } from "./http/autoscale/index.js";
import { HTTP_LIMITS, type HttpLimits } from "./http/limits.js";
import type { HttpOptions } from "./http/options.js";
import { createInbox } from "./inbox.js";
import { createLocalControl } from "./local-control.js";
import { serveLocally } from "./local-server.js";
import { forgiveReboot } from "./reboot.js";
import { openSession, type Session, unusableGroups } from "./session.js";
import { socketPath } from "./socket.js";
import { readHolder, removeHolder, stateFiles, writeHolder } from "./state-folder.js";
import { createSteward } from "./steward.js";
import { storeFault } from "./store/sqlite-faults.js";
import { openSqliteStore } from "./store/sqlite-store.js";

/** A config file, loaded or refused. */
export type Loaded =
  | { config: Config; warnings: Fault[]; secrets: string[] }
  | { faults: Fault[]; warnings: Fault[] };

/** What a daemon is made from. */
export interface DaemonOptions {
  /** The config file, for messages and for watching it. */
  file: string;
  load: () => Promise<Loaded>;
  /** State folder; see `stateFolder`. */
  folder: string;
  clock: Clock;
  logger: Logger;
  version: string;
  newId: () => string;
  /** Called once providers are connected, before rounds: `--apply`. */
  prepare?: (session: Session) => Promise<void>;
  /** Reload when the file changes (SIGHUP is the caller's). */
  watch?: boolean;
  /** Serve HTTP as the config says (default true). */
  http?: boolean;
  /** How much of it, where that differs from the usual. */
  httpLimits?: Partial<HttpLimits>;
}

/** A running Bellows. */
export interface Daemon {
  readonly control: Control;
  readonly line: Line;
  /** Address of the HTTP API, when it serves one. */
  readonly url?: string;
  session(): Session;
  /** Stops rounds, lets what was acknowledged finish, closes all. Instances and balancers go on. */
  stop(deadlineMs: number): Promise<void>;
}

/** The state folder's parts, held by this process. */
interface Held {
  store: StateStore;
  serverKey: Buffer;
}

/**
 * Starts rounds, schedules and HTTP over one config file and one state folder.
 * Order: take the state, connect, settle open intents, apply, then rounds and HTTP. Returned: ready.
 * @throws ConfigError for a bad file, ConflictError (naming the holder) when another controller has the state folder.
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const loaded = await options.load();
  if ("faults" in loaded) throw new ConfigError(renderFaults(loaded.faults), { resource: options.file });
  const held = await takeState(options, loaded.config);
  try {
    // Who comes now is told about this process, not about the one before.
    noteHolder(options);
    return await run(options, loaded, held);
  } catch (error) {
    removeHolder(options.folder);
    await held.store.close();
    throw error;
  }
}

function keyBeside(store: StateStore, file: string): Buffer {
  try {
    return loadServerKey(file);
  } catch (error) {
    void store.close();
    throw storeFault(error, file, "store.open");
  }
}

function noteHolder({ folder, file, clock }: DaemonOptions, startedAtMs = clock.now(), url = {}): void {
  try {
    writeHolder(folder, { pid: process.pid, startedAtMs, files: [file], ...url });
  } catch (error) {
    throw storeFault(error, stateFiles(folder).holder, "store.open");
  }
}

/** How long a command may have the state folder that a controller is to take, and the distance of two looks, in ms. */
const PATIENCE_MS = 10_000;
const LOOK_MS = 50;

/** Takes the state folder. A command that has it will be done soon and is waited for; another controller is not. */
async function takeState({ folder, clock }: DaemonOptions, config: Config): Promise<Held> {
  for (const startMs = clock.monotonic(); ; await delay(clock, LOOK_MS)) {
    try {
      return holdState(folder, config);
    } catch (error) {
      const isLast = clock.monotonic() - startMs > PATIENCE_MS;
      if (!isBellowsError(error, "conflict") || readHolder(folder) !== undefined || isLast) throw error;
    }
  }
}

/** Takes the state folder, or names who has it. */
export function holdState(folder: string, config?: Config): Held {
  const files = stateFiles(folder);
  try {
    const store = openSqliteStore({ file: databaseFile(config) ?? files.database });
    return { store, serverKey: keyBeside(store, config?.server.keyFile ?? files.serverKey) };
  } catch (error) {
    const holder = readHolder(folder);
    if (!(error instanceof ConflictError) || holder === undefined) throw error;
    const at = holder.url === undefined ? "" : ` at ${holder.url}`;
    throw new ConflictError(
      `state folder ${folder} is held by process ${holder.pid}${at}, running ${holder.files.join(", ")} since ${new Date(holder.startedAtMs).toISOString()}`,
      {
        resource: folder,
        hint: "stop that one first, or give this one its own folder in BELLOWS_STATE_DIR",
        cause: error,
      },
    );
  }
}

/**
 * The state file that `store.url` names; absent: the state folder's own.
 * @throws UnsupportedError for stores that are not in this version, rather than keeping state where nobody looks for it.
 */
function databaseFile(config: Config | undefined): string | undefined {
  const url = config?.store.url ?? "sqlite:";
  const path = /^sqlite:(.*)$/s.exec(url)?.[1];
  if (path === undefined) {
    throw new UnsupportedError(`store ${/^[a-z]+/.exec(url)?.[0] ?? ""} is not part of this version`, {
      operation: "store.open",
      hint: 'leave out store.url, or write "sqlite:" with or without a path',
    });
  }
  return path === "" || config === undefined ? undefined : resolve(config.baseFolder, path);
}

async function run(
  options: DaemonOptions,
  loaded: Extract<Loaded, { config: Config }>,
  held: Held,
): Promise<Daemon> {
  const { clock, logger, folder } = options;
  const startedAtMs = clock.now();
  const session = await openSession({
    ...held,
    config: loaded.config,
    secrets: loaded.secrets,
    folder,
    clock,
    logger,
    userAgent: `bellows/${options.version}`,
    execute: (provider) =>
      executeAsOrders(
        () => line,
        () => guests.groups(),
        provider,
      ),
  });
  const directory = openDirectory(held.store);
  const guests = createGuests({
    session: () => session,
    known: async (provider) => (await directory.all(provider)).map(({ ref }) => ref),
    forget: (name) => line.forget(name),
    logger,
  });
  let ready = false;
  const line: Line = createLine({
    clock,
    store: held.store,
    logger,
    holder: options.newId(),
    newId: options.newId,
    groups: () => guests.groups(),
    sources: () => session.sources,
  });
  // Commands that only take the state folder do not pay for what serves HTTP.
  const { createNumbers } = await import("./http/prometheus.js");
  const numbers = createNumbers();
  const inbox = createInbox({
    store: held.store,
    serverKey: held.serverKey.toString("hex"),
    clock,
    logger,
    line,
    guests,
    newId: options.newId,
    clouds: () => session.clouds,
    hasProvider: (key) => Object.hasOwn(session.config.providers, key),
    onUnknown: numbers.unknownWebhook,
  });
  const reload = async (): Promise<string[]> => {
    const next = await options.load();
    if ("faults" in next) {
      logger.error(
        { file: options.file, faults: next.faults.length },
        "the changed config is refused; the old one stays in force",
      );
      return [renderFaults(next.faults)];
    }
    await session.renew(next.config, next.secrets);
    await guests.gather();
    await options.prepare?.(session);
    logger.info({ file: options.file, groups: session.groups().size }, "reloaded the config");
    return [];
  };
  const tokens = createTokens(held.store, clock);
  const access = createAccess(tokens, () => session.config.server.users);
  const control = createLocalControl({
    session,
    guests,
    line,
    store: held.store,
    tokens,
    clock,
    version: options.version,
    files: [options.file],
    startedAtMs,
    ready: () => ready,
    reload,
    close: async () => {},
  });
  const closers: (() => unknown)[] = [() => session.close()];
  const closeAll = async (deadlineMs = CLOSE_MS): Promise<void> => {
    const endsAtMs = clock.monotonic() + deadlineMs;
    for (const close of closers.reverse())
      await within(clock, Math.max(CLOSE_MS, endsAtMs - clock.monotonic()), close());
  };
  try {
    const counting = numbers.follow(line.records);
    closers.push(() => counting.unsubscribe());
    const local = await serveLocally(control, socketPath(folder), logger);
    closers.push(() => local.close());
    refuseNothing(session, options.file);
    await guests.gather();
    await forgiveReboot(held.store, session.clouds.values(), clock, logger);
    await line.recover();
    await options.prepare?.(session);
    await inbox.recover();
    const { registry } = numbers;
    const steward = createSteward({ session: () => session, guests, line: () => line });
    const http = {
      control,
      records: line.records,
      registry,
      access,
      accept: inbox.accept,
      ready: () => ready,
      ...doorsOf({ session: () => session, tokens, clock, directory, steward }),
      limits: { ...HTTP_LIMITS, ...options.httpLimits },
      url: session.config.server.url,
    };
    const served =
      options.http === false ? undefined : await serveHttp({ ...options, ...http, config: session.config });
    closers.push(() => served?.server.close());
    const url = served === undefined ? {} : { url: served.url };
    noteHolder(options, startedAtMs, url);
    closers.push(keepHouse(held.store, clock, logger, () => session.config.store.keepMs));
    if (options.watch === true) closers.push(watchFile(options, reload));
    line.start();
    ready = true;
    let stopping: Promise<void> | undefined;
    const stop = async (deadlineMs: number): Promise<void> => {
      ready = false;
      const endsAtMs = clock.monotonic() + deadlineMs;
      const emptied = inbox.close();
      await line.stop(deadlineMs);
      await within(clock, CLOSE_MS, emptied);
      await closeAll(endsAtMs - clock.monotonic());
      removeHolder(folder);
      await held.store.close();
    };
    return {
      control,
      line,
      ...url,
      session: () => session,
      stop(deadlineMs) {
        stopping ??= stop(deadlineMs);
        return stopping;
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** What closing one thing is given however late it is, in milliseconds: a caller that hangs must not hold up the end. */
const CLOSE_MS = 1_000;

/** Waits for something to end, but no longer than `ms`. */
function within(clock: Clock, ms: number, ended: unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, resolve, { keepAlive: true });
    Promise.resolve(ended)
      .then(() => resolve(), reject)
      .finally(cancel);
  });
}

async function serveHttp(
  parts: Omit<HttpOptions, "loopback"> & { config: Config },
): Promise<{ server: FastifyInstance; url: string }> {
  const { listen, users } = parts.config.server;
  const { host, port } = listen;
  const loopback = isLoopback(host);
  if (!loopback && users.length === 0) {
    throw new ConfigError(`server.listen is ${host}, which others can reach, and server.users is empty`, {
      hint: "listen on 127.0.0.1, or declare users",
    });
  }
  const { createHttpServer } = await import("./http/server.js");
  const server = await createHttpServer({ ...parts, loopback });
  try {
    return { server, url: await server.listen({ host, port }) };
  } catch (error) {
    await server.close();
    if ((error as { code?: string }).code !== "EADDRINUSE") throw error;
    throw new ConflictError(`port ${port} of ${host} is taken`, {
      hint: "set another in server.listen, or 127.0.0.1:0 for any free one",
      cause: error,
    });
  }
}

/** A file none of whose groups can be worked on is an error; one that is broken fails alone. */
function refuseNothing(session: Session, file: string): void {
  const [first] = Object.entries(unusableGroups(session));
  if (first === undefined || session.groups().size > 0) return;
  const [group, why] = first;
  throw new UnavailableError(`no group of ${file} can be run: ${group}: ${why}`, {
    retry: "never",
    resource: group,
  });
}

/** Whether an address is reachable from this machine alone. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\./.test(host);
}

/** How long a file must have been quiet before it is read: editors write in several steps. */
const QUIET_MS = 200;

/** Watches the folder, since editors replace the file; @returns a way to stop. */
function watchFile(options: DaemonOptions, reload: () => Promise<string[]>): () => void {
  let cancel = (): void => {};
  const again = (): void => {
    reload().then(
      (faults) => {
        for (const fault of faults) options.logger.error({ file: options.file }, fault);
      },
      (error: unknown) =>
        options.logger.error(
          { file: options.file },
          `the changed config could not be used: ${errorLine(error)}`,
        ),
    );
  };
  const watcher: FSWatcher | undefined = isAbsolute(options.file)
    ? watch(dirname(options.file), { persistent: false }, (_event, name) => {
        if (name !== basename(options.file)) return;
        cancel();
        cancel = options.clock.after(QUIET_MS, again);
      })
    : undefined;
  return () => {
    cancel();
    watcher?.close();
  };
}
