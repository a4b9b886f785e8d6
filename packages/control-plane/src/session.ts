import {
  type Clock,
  type Cloud,
  type Config,
  connect,
  createHost,
  createRedaction,
  type Execute,
  errorLine,
  type Logger,
  type MetricSource,
  type StateStore,
} from "@bellows/core";
import type { GroupRuntime } from "@bellows/core/line";
import { stateFiles } from "./state-folder.js";

/** What a session is made from. */
export interface SessionOptions {
  config: Config;
  /** Absent: nothing that needs state can be done (`plan` on a machine without any). */
  store?: StateStore;
  folder: string;
  clock: Clock;
  logger: Logger;
  /** Values to blank out of logs and errors: what `${env:…}` and `${file:…}` brought in. */
  secrets?: readonly string[];
  userAgent: string;
  /** Key under which webhook links are made. */
  serverKey?: Buffer;
  /** Runs executions of policies as orders of the line. */
  execute?: Execute;
}

/** A config file, connected: its providers and sources, ready to use. */
export interface Session {
  readonly config: Config;
  readonly clouds: ReadonlyMap<string, Cloud>;
  readonly sources: ReadonlyMap<string, MetricSource>;
  /** Plugins that could not be made ready, by key, and why. The others work. */
  readonly broken: ReadonlyMap<string, string>;
  /** Groups as the line takes them; those of broken providers are left out. */
  groups(): ReadonlyMap<string, GroupRuntime>;
  /** Closes providers and sources. Servers and groups go on. */
  close(): Promise<void>;
}

/** Connects what a config file declares. Never throws for one plugin: it is listed as broken. */
export async function openSession(options: SessionOptions): Promise<Session> {
  const { config, store, clock, logger } = options;
  const redaction = createRedaction(options.secrets);
  const clouds = new Map<string, Cloud>();
  const sources = new Map<string, MetricSource>();
  const broken = new Map<string, string>();
  const controller = new AbortController();
  const common = {
    clock,
    logger,
    redaction,
    userAgent: options.userAgent,
    baseFolder: config.baseFolder,
    stateFolder: stateFiles(options.folder).plugins,
    ...(store === undefined ? {} : { store }),
    ...(options.execute === undefined ? {} : { execute: options.execute }),
  };
  await Promise.all([
    ...Object.values(config.providers).map(async ({ key, plugin, options: own }) => {
      const webhookUrl = config.server.url;
      const settings = {
        ...common,
        key,
        checked: true,
        declared: (group: string) => config.groups[group]?.scaling.policies ?? [],
        ...(webhookUrl === undefined ? {} : { webhookUrl }),
        ...(options.serverKey === undefined ? {} : { serverKey: options.serverKey.toString("hex") }),
      };
      await guard(
        key,
        broken,
        logger,
        async () => void clouds.set(key, await connect(plugin, own as never, settings)),
      );
    }),
    ...Object.values(config.sources).map(async ({ key, plugin, options: own }) => {
      await guard(
        key,
        broken,
        logger,
        async () =>
          void sources.set(
            key,
            await plugin.create(own as never, createHost({ ...common, key, signal: controller.signal })),
          ),
      );
    }),
  ]);
  const groups = new Map<string, GroupRuntime>();
  for (const group of Object.values(config.groups)) {
    const cloud = clouds.get(group.provider);
    if (cloud !== undefined)
      groups.set(group.key, { spec: group.scaling, drivers: cloud, capabilities: cloud.capabilities });
  }
  return {
    config,
    clouds,
    sources,
    broken,
    groups: () => groups,
    async close() {
      controller.abort();
      await Promise.allSettled([
        ...[...clouds.values()].map((cloud) => cloud.close()),
        ...[...sources.values()].map((source) => source.close?.()),
      ]);
    },
  };
}

async function guard(
  key: string,
  broken: Map<string, string>,
  logger: Logger,
  run: () => Promise<void>,
): Promise<void> {
  try {
    await run();
  } catch (error) {
    broken.set(key, errorLine(error));
    logger.error({ plugin: key, error }, "a plugin could not be made ready");
  }
}
