import type { Clock } from "../src/clock.js";
import type { LoadBalancer, LoadBalancersDriver, Member } from "../src/contracts/load-balancer.js";
import type { Server, ServerSpec, ServersDriver } from "../src/contracts/server.js";
import { LimitError, NotFoundError, TimeoutError } from "../src/errors.js";
import { LABELS } from "../src/portable/labels.js";

/** A server of the fake, with what the fake knows beyond the contract. */
interface Kept extends Server {
  key: string;
  /** Monotonic: not listed before, and listed for so long after its end. */
  visibleAtMs: number;
  goneAtMs?: number;
}

/** What the next calls meet, first come first served. `undefined` lets one through. */
export type Fault = Error | "lost" | undefined;

/** Servers in memory that fail on request: test double, no part of the package. */
export interface FakeCloud {
  servers: ServersDriver;
  /** All that were ever made, also the ended. */
  readonly made: Kept[];
  /** Those that exist now. */
  running(group?: string): Kept[];
  /** Faults of the next calls: an error refuses; `lost` does it and loses the answer. */
  readonly faults: { create: Fault[]; delete: Fault[]; list: Fault[] };
  /** Calls so far. */
  readonly calls: { create: number; delete: number; list: number };
  /** How long the list lags behind. */
  lagMs: number;
  /** Whether new servers stay `building` until `finish`. */
  slowBuilds: boolean;
  finish(id?: string): void;
  /** Ends a server as if its program had. */
  exit(id: string, status?: Server["status"], detail?: string): void;
  /** Removes a server as if by hand. */
  vanish(id: string): void;
  /** Makes a server that no group asked for. */
  add(name: string, labels?: Record<string, string>): Kept;
}

/** Makes a fake cloud. */
export function fakeCloud(clock: Clock): FakeCloud {
  const made: Kept[] = [];
  const listeners = new Set<(server: { id: string; labels: Record<string, string> }) => void>();
  const faults: FakeCloud["faults"] = { create: [], delete: [], list: [] };
  const calls = { create: 0, delete: 0, list: 0 };
  let serial = 0;
  const exists = (server: Kept): boolean => server.goneAtMs === undefined;
  const find = (id: string): Kept | undefined => made.find((server) => server.id === id && exists(server));
  const tell = (server: Kept): void => {
    for (const listener of listeners) listener({ id: server.id, labels: { ...server.labels } });
  };
  const meet = (kind: keyof typeof faults): boolean => {
    calls[kind]++;
    const fault = faults[kind].shift();
    if (fault instanceof Error) throw fault;
    return fault === "lost";
  };
  const lost = (): never => {
    throw new TimeoutError("the answer was lost");
  };
  const make = (name: string, labels: Record<string, string>, key: string, zone?: string): Kept => {
    const server: Kept = {
      id: `s${++serial}`,
      name,
      status: cloud.slowBuilds ? "building" : "active",
      createdAtMs: clock.now(),
      labels: { ...labels },
      addresses: [`10.0.0.${serial}`],
      key,
      visibleAtMs: clock.monotonic() + cloud.lagMs,
      ...(zone === undefined ? {} : { zone }),
    };
    made.push(server);
    return server;
  };
  const plain = ({ key: _key, visibleAtMs: _visible, goneAtMs: _gone, ...server }: Kept): Server => ({
    ...server,
    labels: { ...server.labels },
  });
  const cloud: FakeCloud = {
    made,
    faults,
    calls,
    lagMs: 0,
    slowBuilds: false,
    running: (group) =>
      made.filter(
        (server) => exists(server) && (group === undefined || server.labels[LABELS.group] === group),
      ),
    finish(id) {
      for (const server of made) {
        if (!exists(server) || server.status !== "building" || (id !== undefined && id !== server.id))
          continue;
        server.status = "active";
        tell(server);
      }
    },
    exit(id, status = "stopped", detail) {
      const server = find(id);
      if (server === undefined) return;
      server.status = status;
      if (detail !== undefined) server.detail = detail;
      tell(server);
    },
    vanish(id) {
      const server = find(id);
      if (server !== undefined) server.goneAtMs = clock.monotonic() - cloud.lagMs;
    },
    add: (name, labels = {}) => make(name, labels, ""),
    servers: {
      async *list(filter) {
        meet("list");
        const nowMs = clock.monotonic();
        for (const server of [...made]) {
          if (
            server.visibleAtMs > nowMs ||
            (server.goneAtMs !== undefined && server.goneAtMs + cloud.lagMs <= nowMs)
          )
            continue;
          if (Object.entries(filter?.labels ?? {}).every(([key, value]) => server.labels[key] === value))
            yield plain(server);
        }
      },
      async create(spec: ServerSpec) {
        const isLost = meet("create");
        const known = made.find((server) => exists(server) && server.key === spec.idempotencyKey);
        const server = known ?? make(spec.name, spec.labels, spec.idempotencyKey, spec.zone);
        return isLost ? lost() : plain(server);
      },
      async delete(ref) {
        const isLost = meet("delete");
        const server = find(ref);
        if (server !== undefined) server.goneAtMs = clock.monotonic();
        if (isLost) lost();
      },
      async label(ref, labels) {
        const server = find(ref);
        if (server === undefined) throw new NotFoundError(`no server ${ref}`);
        for (const [key, value] of Object.entries(labels)) {
          if (value === "") delete server.labels[key];
          else server.labels[key] = value;
        }
        return plain(server);
      },
      onChange(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
  };
  return cloud;
}

/** Balancers in memory: one pool each, members by server id. */
export interface FakeBalancers {
  driver: LoadBalancersDriver;
  add(id: string, options?: { checked?: boolean; drains?: boolean; room?: number }): void;
  remove(id: string): void;
  members(id: string): Member[];
}

/** Makes fake balancers. Those that drain keep a leaving member as `draining` until `remove`d from `members`. */
export function fakeBalancers(): FakeBalancers {
  const all = new Map<string, { checked: boolean; drains: boolean; room: number; members: Member[] }>();
  const need = (id: string) => {
    const found = all.get(id);
    if (found === undefined) throw new NotFoundError(`no balancer ${id}`);
    return found;
  };
  const view = (id: string): LoadBalancer => {
    const { checked, members } = need(id);
    const healthCheck = { target: "TCP", intervalMs: 1_000, timeoutMs: 500, healthy: 1, unhealthy: 1 };
    return {
      id,
      name: id,
      status: "active",
      listeners: [],
      pools: [
        {
          name: "default",
          algorithm: "round-robin",
          drainMs: 10_000,
          members: members.map((member) => ({ ...member })),
          ...(checked ? { healthCheck } : {}),
        },
      ],
      addresses: [],
      zones: [],
      metadata: {},
    };
  };
  const unused = (): never => {
    throw new Error("not part of the fake");
  };
  return {
    add: (id, { checked = false, drains = false, room = 1_000 } = {}) =>
      void all.set(id, { checked, drains, room, members: [] }),
    remove: (id) => void all.delete(id),
    members: (id) => need(id).members,
    driver: {
      async *list() {
        for (const id of all.keys()) yield view(id);
      },
      get: async (id) => view(id),
      create: unused,
      update: unused,
      delete: unused,
      configureHealthCheck: unused,
      async *members(id) {
        yield* view(id).pools[0]?.members ?? [];
      },
      async register(id, members) {
        const balancer = need(id);
        for (const member of members) {
          const memberId =
            typeof member === "string" ? member : (member.id ?? `${member.address}:${member.port}`);
          if (balancer.members.some((known) => known.id === memberId)) continue;
          if (balancer.members.length + members.length > balancer.room)
            throw new LimitError(`balancer ${id} takes ${balancer.room} members`);
          balancer.members.push({
            id: memberId,
            state: "enabled",
            health: balancer.checked ? "unknown" : "healthy",
          });
        }
      },
      async deregister(id, ids, options) {
        const balancer = need(id);
        if (balancer.drains && options?.drain) {
          for (const member of balancer.members) if (ids.includes(member.id)) member.state = "draining";
        } else {
          balancer.members = balancer.members.filter((member) => !ids.includes(member.id));
        }
      },
    },
  };
}
