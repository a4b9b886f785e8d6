import {
  type Clock,
  type Cloud,
  type Config,
  ConfigError,
  connect,
  createHost,
  createRedaction,
  type Execute,
  errorLine,
  type GroupConfig,
  type Logger,
  type MetricSource,
  type ProviderConfig,
  type Redaction,
  type SourceConfig,
  type StateStore,
} from "@bellows/core";
import type { GroupRuntime } from "@bellows/core/line";
import { stateFiles } from "./state-folder.js";

/** What a session is made from. */
export interface SessionOptions {
  config: Config;
  store: StateStore;
  folder: string;
  clock: Clock;
  logger: Logger;
  /** Values to blank out of logs and errors: what `${env:…}` and `${file:…}` brought in. */
  secrets?: readonly string[];
  userAgent: string;
  /** Key under which webhook links are made. */
  serverKey?: Buffer;
  /** False: providers repair nothing by themselves; for commands that promise to change nothing (default true). */
  background?: boolean;
  /** Makes what runs the executions of policies of a provider's groups. */
  execute?: (provider: string) => Execute;
}

/** A config file, connected: its providers and sources, ready to use. */
export interface Session {
  readonly config: Config;
  readonly clouds: ReadonlyMap<string, Cloud>;
  readonly sources: ReadonlyMap<string, MetricSource>;
  /** Plugins and groups that could not be made ready, by key, and why. The others work. */
  readonly broken: ReadonlyMap<string, string>;
  /** Groups as the line takes them; those of broken providers are left out. */
  groups(): ReadonlyMap<string, GroupRuntime>;
  /**
   * Goes over to another config. What did not change stays connected; what changed or went is closed before its
   * successor is opened, so that no two of one kind ever work at the same time.
   */
  renew(config: Config, secrets: readonly string[]): Promise<void>;
  /** Closes providers and sources. Servers and groups go on. */
  close(): Promise<void>;
}

/** Something connected, and what it was connected from. */
interface Connected<T> {
  thing: T;
  print: string;
  close: () => Promise<void>;
}

/** Connects what a config file declares. Never throws for one plugin: it is listed as broken. */
export async function openSession(options: SessionOptions): Promise<Session> {
  const session = new OpenSession(options);
  await session.renew(options.config, options.secrets ?? []);
  return session;
}

class OpenSession implements Session {
  config: Config;
  readonly broken = new Map<string, string>();
  readonly #options: SessionOptions;
  readonly #redaction: Redaction;
  readonly #clouds = new Map<string, Connected<Cloud>>();
  readonly #sources = new Map<string, Connected<MetricSource>>();
  #runtimes = new Map<string, GroupRuntime>();

  constructor(options: SessionOptions) {
    this.#options = options;
    this.config = options.config;
    this.#redaction = createRedaction(options.secrets);
  }

  get clouds(): ReadonlyMap<string, Cloud> {
    return new Map([...this.#clouds].map(([key, { thing }]) => [key, thing]));
  }

  get sources(): ReadonlyMap<string, MetricSource> {
    return new Map([...this.#sources].map(([key, { thing }]) => [key, thing]));
  }

  readonly groups = (): ReadonlyMap<string, GroupRuntime> => this.#runtimes;

  async renew(config: Config, secrets: readonly string[]): Promise<void> {
    for (const secret of secrets) this.#redaction.add(secret);
    this.config = config;
    this.broken.clear();
    await Promise.all([
      this.#exchange(this.#clouds, config.providers, (provider) => this.#openCloud(provider)),
      this.#exchange(this.#sources, config.sources, (source) => this.#openSource(source)),
    ]);
    this.#runtimes = await this.#makeRuntimes(config);
  }

  /** Closes what changed or went, then opens what is new. */
  async #exchange<T, C extends { key: string; use: string; options: unknown }>(
    connected: Map<string, Connected<T>>,
    declared: Readonly<Record<string, C>>,
    open: (declaration: C) => Promise<{ thing: T; close: () => Promise<void> }>,
  ): Promise<void> {
    const gone = [...connected].filter(([key, { print }]) => printOf(declared[key]) !== print);
    await Promise.allSettled(gone.map(([, { close }]) => close()));
    for (const [key] of gone) connected.delete(key);
    const fresh = Object.values(declared).filter(({ key }) => !connected.has(key));
    await Promise.all(
      fresh.map((declaration) =>
        this.#guard(declaration.key, async () => {
          connected.set(declaration.key, { ...(await open(declaration)), print: printOf(declaration) });
        }),
      ),
    );
  }

  async #openCloud({
    key,
    plugin,
    options: own,
  }: ProviderConfig): Promise<{ thing: Cloud; close: () => Promise<void> }> {
    const { serverKey, execute, background } = this.#options;
    const url = linkBase(this.config);
    const cloud = await connect(plugin, own as never, {
      ...this.#common(),
      key,
      checked: true,
      declared: (group) => this.#groupOf(key, group)?.scaling.policies ?? [],
      ...(url === undefined ? {} : { webhookUrl: url }),
      ...(serverKey === undefined ? {} : { serverKey: serverKey.toString("hex") }),
      ...(execute === undefined ? {} : { execute: execute(key) }),
      ...(background === undefined ? {} : { background }),
    });
    return { thing: cloud, close: () => cloud.close() };
  }

  async #openSource({
    key,
    plugin,
    options: own,
  }: SourceConfig): Promise<{ thing: MetricSource; close: () => Promise<void> }> {
    const controller = new AbortController();
    const source = await plugin.create(
      own as never,
      createHost({ ...this.#common(), key, signal: controller.signal }),
    );
    const close = async (): Promise<void> => {
      controller.abort();
      await source.close?.();
    };
    return { thing: source, close };
  }

  #common() {
    const { clock, logger, store, folder, userAgent } = this.#options;
    return {
      clock,
      logger,
      store,
      userAgent,
      redaction: this.#redaction,
      baseFolder: this.config.baseFolder,
      stateFolder: stateFiles(folder).plugins,
    };
  }

  #groupOf(provider: string, ref: string): GroupConfig | undefined {
    return Object.values(this.config.groups).find(
      (group) => group.provider === provider && group.scaling.ref === ref,
    );
  }

  /** A definition that did not change stays the same object: the line makes ready what is new to it. */
  async #makeRuntimes(config: Config): Promise<Map<string, GroupRuntime>> {
    const before = this.#runtimes;
    const runtimes = new Map<string, GroupRuntime>();
    await Promise.all(
      Object.values(config.groups).map(async (group) => {
        const drivers = this.#clouds.get(group.provider)?.thing;
        if (drivers === undefined) return;
        await this.#guard(group.key, async () => {
          const spec = group.boundsFromCloud ? await withCloudBounds(group, drivers) : group.scaling;
          const old = before.get(group.key);
          const same =
            old !== undefined && old.drivers === drivers && JSON.stringify(old.spec) === JSON.stringify(spec);
          runtimes.set(group.key, same ? old : { spec, drivers, capabilities: drivers.capabilities });
        });
      }),
    );
    return new Map(
      Object.keys(config.groups).flatMap((key) => {
        const runtime = runtimes.get(key);
        return runtime === undefined ? [] : [[key, runtime]];
      }),
    );
  }

  async #guard(key: string, run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      this.broken.set(key, errorLine(error));
      this.#options.logger.error({ key }, `${key} could not be made ready: ${errorLine(error)}`);
    }
  }

  async close(): Promise<void> {
    const all = [...this.#clouds.values(), ...this.#sources.values()];
    await Promise.allSettled(all.map(({ close }) => close()));
    this.#clouds.clear();
    this.#sources.clear();
  }
}

/** Groups of the file that cannot be worked on, and why: their provider, or they themselves, could not be made ready. */
export function unusableGroups({ config, broken, groups }: Session): Record<string, string> {
  const ready = groups();
  const rest = Object.values(config.groups).filter(({ key }) => !ready.has(key));
  return Object.fromEntries(
    rest.map(({ key, provider }) => [
      key,
      broken.get(provider) ?? broken.get(key) ?? "it could not be made ready",
    ]),
  );
}

/** What tells two declarations apart. */
function printOf(declaration: { use: string; options: unknown } | undefined): string {
  return declaration === undefined ? "" : JSON.stringify([declaration.use, declaration.options]);
}

/** Bounds that a file leaves out are the cloud's; those that it states must lie inside them. */
async function withCloudBounds(group: GroupConfig, cloud: Cloud): Promise<GroupConfig["scaling"]> {
  const there = await cloud.groups.get(group.scaling.ref);
  const min = group.bounds.min ?? there.min;
  const max = group.bounds.max ?? there.max;
  if (min < there.min || max > there.max || min > max) {
    throw new ConfigError(
      `the bounds ${min}..${max} of group ${group.key} do not lie inside those of ${there.name}, ${there.min}..${there.max}`,
      {
        resource: group.key,
        hint: "change them in the file or at the provider",
      },
    );
  }
  return { ...group.scaling, min, max };
}

/** What webhook links begin with: `server.url`, else where the controller listens, if that port is fixed. */
function linkBase({ server }: Config): string | undefined {
  const { host, port } = server.listen;
  if (server.url !== undefined || port === 0) return server.url;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
