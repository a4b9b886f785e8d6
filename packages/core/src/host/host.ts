import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, systemClock } from "../clock.js";
import type { HttpClient } from "../contracts/http.js";
import type { Host, Logger } from "../contracts/provider.js";
import type { StateStore } from "../contracts/state-store.js";
import { createHttpClient } from "./http.js";
import { createRedaction, type Redaction } from "./redaction.js";

/** A logger that says nothing. */
export const silentLogger: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** What a host is made from; all but `key` have defaults. */
export interface HostOptions {
  /** Key of the provider or source in the config. */
  key: string;
  clock?: Clock;
  logger?: Logger;
  signal?: AbortSignal;
  userAgent?: string;
  /** Parent of the plugin's own folder (default: a folder for this user under the system's temporary one). */
  stateFolder?: string;
  baseFolder?: string;
  store?: StateStore;
  redaction?: Redaction;
}

/** Makes what a plugin gets from whoever loads it. Nothing is opened or written until the plugin uses it. */
export function createHost(options: HostOptions): Host {
  const clock = options.clock ?? systemClock;
  const redaction = options.redaction ?? createRedaction();
  const userAgent = options.userAgent ?? "bellows";
  let http: HttpClient | undefined;
  let folder: string | undefined;
  return {
    key: options.key,
    clock,
    logger: redacted(options.logger ?? silentLogger, redaction, options.key),
    signal: options.signal ?? new AbortController().signal,
    userAgent,
    baseFolder: options.baseFolder ?? process.cwd(),
    ...(options.store === undefined ? {} : { store: options.store }),
    get http() {
      http ??= createHttpClient({ clock, userAgent, redaction, key: options.key });
      return http;
    },
    get folder() {
      folder ??= makeFolder(options);
      return folder;
    },
    secret: (value) => redaction.add(value),
  };
}

function makeFolder(options: HostOptions): string {
  const parent = options.stateFolder ?? join(tmpdir(), `bellows-${process.getuid?.() ?? "user"}`);
  const folder = join(parent, options.key.replace(/[^A-Za-z0-9._-]/g, "_"));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

function redacted(logger: Logger, redaction: Redaction, key: string): Logger {
  const level = (name: keyof Logger) => (data: object, message: string) =>
    logger[name](redaction.data({ plugin: key, ...data }), redaction.text(message));
  return { debug: level("debug"), info: level("info"), warn: level("warn"), error: level("error") };
}
