import type {
  HealthCheck,
  Listener,
  LoadBalancer,
  LoadBalancerPatch,
  Member,
  NewMember,
} from "@bellows/core";
import { ConfigError } from "@bellows/core";
import type { Context } from "../context.js";
import type { Globals } from "../globals.js";
import { printRows, printThing } from "../output.js";
import { given } from "./option-values.js";
import {
  findBalancer,
  type WriteOptions,
  waitOptions,
  withProvider,
  withTarget,
  write,
} from "./provider-call.js";

interface HealthOptions {
  target?: string;
  interval?: number;
  checkTimeout?: number;
  healthy?: number;
  unhealthy?: number;
}

interface ListenerOptions {
  listener?: Listener[];
  certificate?: string;
}

interface ShapeOptions extends WriteOptions, HealthOptions, ListenerOptions {
  type?: string;
  zone?: string[];
  subnet?: string[];
  algorithm?: string;
  drain?: number;
  metadata?: Record<string, string>;
  native?: Record<string, unknown>;
}

interface PoolOptions extends WriteOptions {
  pool?: string;
}

/** `bellows lbs list [NAMES…]`. */
export async function list(context: Context, options: Globals, names: string[]): Promise<void> {
  const filter = names.length === 0 ? {} : { names };
  const found = await withProvider(context, options, (provider) =>
    provider.invoke<LoadBalancer[]>("loadBalancers.list", filter),
  );
  printRows(context, options, found, [
    ["BALANCER", (balancer) => balancer.name],
    ["ID", (balancer) => balancer.id],
    ["STATUS", (balancer) => balancer.status],
    ["ADDRESSES", (balancer) => balancer.addresses],
    ["LISTENERS", (balancer) => balancer.listeners.map(listenerText)],
    ["MEMBERS", (balancer) => balancer.pools.reduce((sum, pool) => sum + pool.members.length, 0)],
  ]);
}

function listenerText({ port, instancePort, protocol }: Listener): string {
  return `${port}${instancePort === undefined ? "" : `:${instancePort}`}/${protocol}`;
}

/** `bellows lbs get LB`. */
export async function get(context: Context, options: Globals, name: string): Promise<void> {
  printThing(context, options, await read(context, options, name));
}

function read(context: Context, options: Globals, name: string): Promise<LoadBalancer> {
  return withTarget(context, options, findBalancer, name, (provider, ref) =>
    provider.invoke<LoadBalancer>("loadBalancers.get", ref),
  );
}

/** `bellows lbs create LB`. */
export async function create(context: Context, options: ShapeOptions, name: string): Promise<void> {
  if (options.listener === undefined)
    throw new ConfigError("a load balancer needs a listener", { hint: "add --listener 80:8080/http" });
  const spec = { name, ...given({ type: options.type }), ...shapeOf(options) };
  await write<LoadBalancer>(context, options, {
    find: findBalancer,
    name,
    method: "loadBalancers.create",
    args: () => [spec, waitOptions(context, options)],
    done: (balancer) => `${balancer.name}: created, ${balancer.addresses.join(", ") || balancer.status}`,
  });
}

/** `bellows lbs update LB`. */
export async function update(context: Context, options: ShapeOptions, name: string): Promise<void> {
  await write<LoadBalancer>(context, options, {
    find: findBalancer,
    name,
    method: "loadBalancers.update",
    args: [shapeOf(options), waitOptions(context, options)],
    done: (balancer) => `${balancer.name}: updated`,
  });
}

const SECURE: readonly string[] = ["https", "ssl", "tls"];

function listenersOf({ listener, certificate }: ListenerOptions): Listener[] | undefined {
  return listener?.map((one) =>
    certificate !== undefined && SECURE.includes(one.protocol) ? { ...one, certificate } : one,
  );
}

function shapeOf(options: ShapeOptions): LoadBalancerPatch {
  return given({
    listeners: listenersOf(options),
    healthCheck: options.target === undefined ? undefined : checkOf(options),
    zones: options.zone,
    subnets: options.subnet,
    algorithm: options.algorithm,
    drainMs: options.drain,
    metadata: options.metadata,
    native: options.native,
  }) as LoadBalancerPatch;
}

/** The check that options describe; what they leave out stays as it is, or usual. */
function checkOf(options: HealthOptions, before?: HealthCheck): HealthCheck {
  const target = options.target ?? before?.target;
  if (target === undefined)
    throw new ConfigError("a health check needs a target", { hint: "add --target HTTP:8080/health, or TCP" });
  const check: HealthCheck = {
    target,
    intervalMs: options.interval ?? before?.intervalMs ?? 10_000,
    timeoutMs: options.checkTimeout ?? before?.timeoutMs ?? 5_000,
    healthy: options.healthy ?? before?.healthy ?? 2,
    unhealthy: options.unhealthy ?? before?.unhealthy ?? 3,
  };
  const tooLong = options.checkTimeout === undefined && check.timeoutMs > check.intervalMs;
  return tooLong ? { ...check, timeoutMs: check.intervalMs } : check;
}

/** `bellows lbs delete LB`. */
export async function remove(context: Context, options: WriteOptions, name: string): Promise<void> {
  const waiting = waitOptions(context, options);
  await write<undefined>(context, options, {
    find: findBalancer,
    name,
    method: "loadBalancers.delete",
    args: [waiting],
    question: `Delete load balancer ${name}?`,
    done: () => `${name}: ${waiting.wait ? "deleted" : "being deleted"}`,
    document: () => ({ loadBalancer: name, result: waiting.wait ? "deleted" : "accepted" }),
  });
}

/** `bellows lbs members LB`. */
export async function members(context: Context, options: PoolOptions, name: string): Promise<void> {
  const found = await withTarget(context, options, findBalancer, name, (provider, ref) =>
    provider.invoke<Member[]>("loadBalancers.members", ref, given({ pool: options.pool })),
  );
  printRows(context, options, found, [
    ["MEMBER", (member) => member.id],
    ["ADDRESS", ({ address, port }) => (port === undefined ? address : `${address ?? ""}:${port}`)],
    ["STATE", (member) => member.state],
    ["HEALTH", (member) => member.health],
    ["ACTIVE", (member) => member.active],
    ["DETAIL", (member) => member.detail],
  ]);
}

/** `bellows lbs register LB MEMBERS…`. */
export async function register(
  context: Context,
  options: PoolOptions,
  name: string,
  ids: string[],
): Promise<void> {
  const more = { ...waitOptions(context, options), ...given({ pool: options.pool }) };
  await write<undefined>(context, options, {
    find: findBalancer,
    name,
    method: "loadBalancers.register",
    args: [ids.map(readMember), more],
    done: () => `${name}: ${ids.join(", ")} registered`,
    document: () => ({ loadBalancer: name, members: ids, result: "registered" }),
  });
}

/** An instance's id, or `address:port` of what is none. */
function readMember(text: string): NewMember {
  const match = /^(\[[0-9a-f:]+\]|[\w-]+(?:\.[\w-]+)+|localhost):(\d+)$/i.exec(text);
  return match?.[1] === undefined ? text : { address: match[1], port: Number(match[2]) };
}

/** `bellows lbs deregister LB MEMBERS…`. */
export async function deregister(
  context: Context,
  options: PoolOptions & { drain?: boolean },
  name: string,
  ids: string[],
): Promise<void> {
  const more = { ...waitOptions(context, options), ...given({ pool: options.pool }) };
  await write<undefined>(context, options, {
    find: findBalancer,
    name,
    method: "loadBalancers.deregister",
    args: [ids, { ...more, drain: options.drain !== false }],
    done: () => `${name}: ${ids.join(", ")} deregistered`,
    document: () => ({ loadBalancer: name, members: ids, result: "deregistered" }),
  });
}

/** `bellows lbs health-check LB`: shows the check, or sets what options give. */
export async function healthCheck(
  context: Context,
  options: PoolOptions & HealthOptions,
  name: string,
): Promise<void> {
  const { target, interval, timeout, healthy, unhealthy } = options;
  const { pools } = await read(context, options, name);
  const pool = pools.find((one) => options.pool === undefined || one.name === options.pool);
  if ([target, interval, timeout, healthy, unhealthy].every((value) => value === undefined)) {
    printThing(context, options, pool?.healthCheck ?? {});
    return;
  }
  const check = checkOf({ ...options, ...given({ checkTimeout: timeout }) }, pool?.healthCheck);
  await write<HealthCheck>(context, options, {
    find: findBalancer,
    name,
    method: "loadBalancers.configureHealthCheck",
    args: [check, given({ pool: options.pool })],
    done: () => `${name}: members are checked at ${check.target}`,
  });
}

/** `bellows lbs listeners LB`: shows them, or replaces them. */
export async function listeners(
  context: Context,
  options: WriteOptions & ListenerOptions,
  name: string,
): Promise<void> {
  const wanted = listenersOf(options);
  if (wanted !== undefined) {
    await write<LoadBalancer>(context, options, {
      find: findBalancer,
      name,
      method: "loadBalancers.update",
      args: [{ listeners: wanted }],
      done: (balancer) => `${name}: listens on ${balancer.listeners.map(listenerText).join(", ")}`,
      document: (balancer) => balancer.listeners,
    });
    return;
  }
  const balancer = await read(context, options, name);
  printRows(context, options, balancer.listeners, [
    ["PORT", (listener) => listener.port],
    ["PROTOCOL", (listener) => listener.protocol],
    ["INSTANCE PORT", (listener) => listener.instancePort],
    ["POOL", (listener) => listener.pool],
    ["CERTIFICATE", (listener) => listener.certificate],
  ]);
}

/** `bellows lbs enable-zones LB ZONES…`. */
export async function enableZones(
  context: Context,
  options: WriteOptions,
  name: string,
  zones: string[],
): Promise<void> {
  await changeZones(context, options, name, zones, "loadBalancers.enableZones");
}

/** `bellows lbs disable-zones LB ZONES…`. */
export async function disableZones(
  context: Context,
  options: WriteOptions,
  name: string,
  zones: string[],
): Promise<void> {
  await changeZones(context, options, name, zones, "loadBalancers.disableZones");
}

async function changeZones(
  context: Context,
  options: WriteOptions,
  name: string,
  zones: string[],
  method: string,
): Promise<void> {
  await write<string[]>(context, options, {
    find: findBalancer,
    name,
    method,
    args: [zones],
    done: (all) => `${name}: zones ${all.join(", ") || "none"}`,
  });
}
