import {
  AlreadyExistsError,
  type Cloud,
  ConfigError,
  connect,
  createMemoryStore,
  defineProvider,
  type LoadBalancer,
  type LoadBalancerSpec,
  type LoadBalancersDriver,
  loadBalancerSpecSchema,
  type Member,
  type Metadata,
  NotFoundError,
  type Server,
  type ServersDriver,
  z,
} from "@bellows/core";

/** Servers and balancers that live in this process: the unbroken double that broken ones are made from. */
export const memoryProvider = defineProvider({
  name: "memory",
  contract: 1,
  options: z.strictObject({}),
  launch: z.strictObject({
    size: z.enum(["small", "large"]),
    image: z.string().optional(),
    metadata: z.record(z.string(), z.string()).optional(),
  }),
  capabilities: { readAfterWriteMs: 0, rounding: "otter", metricPeriodMs: 1_000, buildTimeoutMs: 1_000 },
  drivers: ["servers", "loadBalancers"],
  create() {
    const servers = memoryServers();
    return { servers, loadBalancers: memoryBalancers(servers), close: async () => {} };
  },
});

/** Connects to a new one. */
export async function connectMemory(): Promise<Cloud> {
  const cloud = await connect(
    memoryProvider,
    {},
    { store: createMemoryStore(), serverKey: "sixteen characters", webhookUrl: "https://scale.example.com" },
  );
  return cloud as unknown as Cloud;
}

/** Servers in memory; they are active as soon as they are made. */
export function memoryServers(): Required<ServersDriver> {
  const servers = new Map<string, Server & { key: string }>();
  const listeners = new Set<(server: { id: string; labels: Metadata }) => void>();
  let serial = 0;
  const shown = ({ key: _, ...server }: Server & { key: string }): Server => structuredClone(server);
  const find = (ref: string): Server & { key: string } => {
    const found = servers.get(ref);
    if (found === undefined) throw new NotFoundError(`there is no server "${ref}"`, { resource: ref });
    return found;
  };
  return {
    async *list(filter = {}, options = {}) {
      options.signal?.throwIfAborted();
      const wanted = Object.entries(filter.labels ?? {});
      for (const server of [...servers.values()])
        if (wanted.every(([name, value]) => server.labels[name] === value)) yield shown(server);
    },
    async create(spec, options = {}) {
      options.signal?.throwIfAborted();
      if (spec.launch.size === undefined) throw new ConfigError("launch: size is missing");
      const there = [...servers.values()].find(({ key }) => key === spec.idempotencyKey);
      if (there) return shown(there);
      const id = `s${++serial}`;
      const server: Server & { key: string } = {
        id,
        key: spec.idempotencyKey,
        name: spec.name,
        status: "active",
        createdAtMs: 1_000 + serial,
        labels: { ...spec.labels },
        addresses: ["127.0.0.1"],
        port: 10_000 + serial,
        ...(spec.zone === undefined ? {} : { zone: spec.zone }),
      };
      servers.set(id, server);
      return shown(server);
    },
    async delete(ref, options = {}) {
      options.signal?.throwIfAborted();
      const server = servers.get(ref);
      if (server === undefined) return;
      servers.delete(ref);
      for (const listener of listeners) listener({ id: ref, labels: { ...server.labels } });
    },
    async get(ref, options = {}) {
      options.signal?.throwIfAborted();
      return shown(find(ref));
    },
    async label(ref, labels, options = {}) {
      options.signal?.throwIfAborted();
      const server = find(ref);
      const all = Object.entries({ ...server.labels, ...labels }).filter(([, value]) => value !== "");
      server.labels = Object.fromEntries(all);
      return shown(server);
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** Balancers in memory, one pool each; every member is healthy at once. */
function memoryBalancers(servers: Required<ServersDriver>): LoadBalancersDriver {
  const balancers = new Map<string, { spec: LoadBalancerSpec; text: string; members: Map<string, Member> }>();
  const find = (ref: string) => {
    const found = balancers.get(ref);
    if (found === undefined) throw new NotFoundError(`there is no balancer "${ref}"`, { resource: ref });
    return found;
  };
  const show = (ref: string): LoadBalancer => {
    const { spec, members } = find(ref);
    const pool = {
      name: "default",
      algorithm: spec.algorithm ?? ("round-robin" as const),
      ...(spec.healthCheck && { healthCheck: spec.healthCheck }),
      members: [...members.values()],
    };
    const { name, listeners, zones = [], metadata = {} } = spec;
    const addresses = ["127.0.0.1:80"];
    return structuredClone({
      name,
      id: name,
      status: "active",
      listeners,
      pools: [pool],
      addresses,
      zones,
      metadata,
    });
  };
  const setZones = (ref: string, change: (zones: string[]) => string[]): string[] => {
    const entry = find(ref);
    entry.spec = { ...entry.spec, zones: change(entry.spec.zones ?? []) };
    return [...(entry.spec.zones ?? [])];
  };
  return {
    async *list(options = {}) {
      for (const name of [...balancers.keys()]) if (options.names?.includes(name) ?? true) yield show(name);
    },
    get: async (ref) => show(ref),
    async create(spec) {
      const text = JSON.stringify(loadBalancerSpecSchema.parse(spec));
      const there = balancers.get(spec.name);
      if (there && there.text !== text)
        throw new AlreadyExistsError(`there is another balancer "${spec.name}"`, { resource: spec.name });
      if (!there) balancers.set(spec.name, { spec: structuredClone(spec), text, members: new Map() });
      return show(spec.name);
    },
    async update(ref, patch) {
      const entry = find(ref);
      entry.spec = { ...entry.spec, ...structuredClone(patch) };
      return show(ref);
    },
    async delete(ref) {
      find(ref);
      balancers.delete(ref);
    },
    async configureHealthCheck(ref, check) {
      const entry = find(ref);
      entry.spec = { ...entry.spec, healthCheck: { ...check } };
      return { ...check };
    },
    async *members(ref) {
      yield* show(ref).pools[0]?.members ?? [];
    },
    async register(ref, members) {
      const entry = find(ref);
      for (const member of members) {
        const {
          id,
          address = "127.0.0.1",
          port = 1,
        } = typeof member === "string"
          ? { id: member, port: (await servers.get(member)).port }
          : { id: `${member.address}:${member.port}`, ...member };
        if (!entry.members.has(id))
          entry.members.set(id, { id, address, port, state: "enabled", health: "healthy" });
      }
    },
    async deregister(ref, ids) {
      const { members } = find(ref);
      for (const id of ids) members.delete(id);
    },
    enableZones: async (ref, zones) => setZones(ref, (old) => [...new Set([...old, ...zones])]),
    disableZones: async (ref, zones) => setZones(ref, (old) => old.filter((zone) => !zones.includes(zone))),
  };
}
