import { toWire } from "@bellows/control-plane/wire";
import {
  type Activity,
  type Attachment,
  delay,
  formatDuration,
  type Group,
  type GroupPatch,
  type GroupSpec,
  type GroupState,
  type Instance,
  isBellowsError,
  type Metadata,
  type Observation,
} from "@bellows/core";
import { type Context, say } from "../context.js";
import type { Globals } from "../globals.js";
import { printDocument, printRows, printThing } from "../output.js";
import { type LaunchOptions, launchOf } from "./launch-options.js";
import { editMetadata, type MetadataOptions } from "./metadata.js";
import { given } from "./option-values.js";
import {
  findGroup,
  type Provider,
  type WriteOptions,
  waitOptions,
  withProvider,
  withTarget,
  write,
} from "./provider-call.js";

interface ShapeOptions extends WriteOptions {
  min?: number;
  max?: number;
  desired?: number;
  cooldown?: number;
  zone?: string[];
  subnet?: string[];
  lb?: string[] | boolean;
  native?: Record<string, unknown>;
}

/** `bellows groups list`. */
export async function list(context: Context, options: Globals): Promise<void> {
  const groups = await withProvider(context, options, (provider) => provider.invoke<Group[]>("groups.list"));
  printRows(context, options, groups, [
    ["GROUP", (group) => group.name],
    ["ID", (group) => group.id],
    ["DESIRED", (group) => group.desired],
    ["MIN", (group) => group.min],
    ["MAX", (group) => group.max],
    ["PAUSED", (group) => (group.paused ? "yes" : "no")],
    ["BALANCERS", (group) => group.loadBalancers.map(attachmentText)],
    ["OWNER", (group) => group.owner],
  ]);
}

/** `bellows groups get GROUP`: the group, with its counts under `state`. */
export async function get(context: Context, options: Globals, name: string): Promise<void> {
  const group = await withTarget(context, options, findGroup, name, async (provider, ref) => ({
    ...(await provider.invoke<Group>("groups.get", ref)),
    state: await stateOf(provider, ref),
  }));
  printThing(context, options, group);
}

async function stateOf(provider: Provider, ref: string): Promise<GroupState> {
  try {
    return await provider.invoke<GroupState>("groups.state", ref);
  } catch (error) {
    if (!isBellowsError(error, "unsupported")) throw error;
  }
  const group = await provider.invoke<Group>("groups.get", ref);
  const instances = await provider.invoke<Instance[]>("groups.instances", ref);
  const activeIds = instances.filter(({ lifecycle }) => lifecycle === "in-service").map(({ id }) => id);
  return {
    activeIds,
    activeCapacity: activeIds.length,
    desiredCapacity: group.desired,
    pendingCapacity: group.desired - activeIds.length,
    paused: group.paused,
  };
}

/** `bellows groups create GROUP`. */
export async function create(
  context: Context,
  options: ShapeOptions & LaunchOptions & { metadata?: Record<string, string> },
  name: string,
): Promise<void> {
  const spec = {
    name,
    ...shapeOf(options),
    ...given({ metadata: options.metadata }),
    launch: launchOf(context, options),
  } as GroupSpec;
  await write<Group>(context, options, {
    find: findGroup,
    name,
    method: "groups.create",
    args: () => [spec, waitOptions(context, options)],
    done: (group) => `${group.name}: created, ${group.desired} wanted`,
  });
}

/** `bellows groups update GROUP`. */
export async function update(context: Context, options: ShapeOptions, name: string): Promise<void> {
  const patch: GroupPatch = shapeOf(options);
  await write<Group>(context, options, {
    find: findGroup,
    name,
    method: "groups.update",
    args: [patch, waitOptions(context, options)],
    done: (group) => `${group.name}: min ${group.min}, max ${group.max}, desired ${group.desired}`,
  });
}

function shapeOf(options: ShapeOptions): GroupPatch {
  const { min, max, desired, cooldown, zone, subnet, lb, native } = options;
  const attachments = Array.isArray(lb) ? lb.map(readAttachment) : lb === false ? [] : undefined;
  return given({
    min,
    max,
    desired,
    cooldownMs: cooldown,
    zones: zone,
    subnets: subnet,
    loadBalancers: attachments,
    native,
  }) as GroupPatch;
}

/** `my-lb`, or `1234:80` with the port of the instances. */
function readAttachment(text: string): Attachment {
  const match = /^(.+):(\d+)$/.exec(text);
  return match?.[1] === undefined ? { id: text } : { id: match[1], port: Number(match[2]) };
}

function attachmentText({ id, port }: Attachment): string {
  return port === undefined ? id : `${id}:${port}`;
}

/** `bellows groups delete GROUP`. */
export async function remove(
  context: Context,
  options: WriteOptions & { force?: boolean },
  name: string,
): Promise<void> {
  const waiting = waitOptions(context, options);
  await write<undefined>(context, options, {
    find: findGroup,
    name,
    method: "groups.delete",
    args: [{ ...waiting, force: options.force === true }],
    question: `Delete group ${name}${options.force ? " and end its instances" : ""}?`,
    done: () => `${name}: ${waiting.wait ? "deleted" : "being deleted"}`,
    document: () => ({ group: name, result: waiting.wait ? "deleted" : "accepted" }),
  });
}

/** `bellows groups instances GROUP`. */
export async function instances(
  context: Context,
  options: Globals & { zone?: string },
  name: string,
): Promise<void> {
  const zone = given({ zone: options.zone });
  const found = await withTarget(context, options, findGroup, name, (provider, ref) =>
    provider.invoke<Instance[]>("groups.instances", ref, zone),
  );
  const nowMs = context.clock.now();
  printRows(context, options, found, [
    ["INSTANCE", (instance) => instance.id],
    ["LIFECYCLE", (instance) => instance.lifecycle],
    ["HEALTH", (instance) => instance.health],
    ["ADDRESS", (instance) => addressOf(instance)],
    ["ZONE", (instance) => instance.zone],
    ["AGE", (instance) => ageOf(instance, nowMs)],
  ]);
}

function ageOf({ launchedAtMs }: Instance, nowMs: number): string | undefined {
  if (launchedAtMs === undefined) return undefined;
  return formatDuration(Math.max(0, Math.floor((nowMs - launchedAtMs) / 1_000)) * 1_000);
}

function addressOf({ addresses, port }: Instance): string | undefined {
  const [first] = addresses;
  return first === undefined || port === undefined ? first : `${first}:${port}`;
}

/** `bellows groups attach GROUP INSTANCES…`. */
export async function attach(
  context: Context,
  options: WriteOptions,
  name: string,
  ids: string[],
): Promise<void> {
  await changeInstances(context, options, { name, ids, method: "groups.attach", word: "attached" });
}

/** `bellows groups detach GROUP INSTANCES…`. */
export async function detach(
  context: Context,
  options: WriteOptions & { replace?: boolean },
  name: string,
  ids: string[],
): Promise<void> {
  const more = { replace: options.replace === true };
  await changeInstances(context, options, { name, ids, method: "groups.detach", word: "detached", more });
}

async function changeInstances(
  context: Context,
  options: WriteOptions,
  change: { name: string; ids: string[]; method: string; word: string; more?: object },
): Promise<void> {
  const { name, ids, method, word, more } = change;
  await write<undefined>(context, options, {
    find: findGroup,
    name,
    method,
    args: [ids, { ...waitOptions(context, options), ...more }],
    done: () => `${name}: ${ids.join(", ")} ${word}`,
    document: () => ({ group: name, instances: ids, result: word }),
  });
}

/** `bellows groups terminate GROUP INSTANCE`. */
export async function terminate(
  context: Context,
  options: WriteOptions & { replace?: boolean },
  name: string,
  id: string,
): Promise<void> {
  const waiting = waitOptions(context, options);
  await write<undefined>(context, options, {
    find: findGroup,
    name,
    method: "groups.terminate",
    args: [id, { ...waiting, replace: options.replace !== false }],
    question: `End instance ${id} of ${name}?`,
    done: () => `${name}: ${id} ${waiting.wait ? "ended" : "is being ended"}`,
    document: () => ({ group: name, instance: id, result: waiting.wait ? "terminated" : "accepted" }),
  });
}

/** `bellows groups shutdown GROUP`. */
export async function shutdown(context: Context, options: WriteOptions, name: string): Promise<void> {
  const waiting = waitOptions(context, options);
  await write<undefined>(context, options, {
    find: findGroup,
    name,
    method: "groups.shutdown",
    args: [waiting],
    question: `End all instances of ${name}?`,
    done: () => `${name}: ${waiting.wait ? "empty" : "being emptied"}`,
    document: () => ({ group: name, result: waiting.wait ? "empty" : "accepted" }),
  });
}

/** `bellows groups pause GROUP`. */
export async function pause(
  context: Context,
  options: WriteOptions & { process?: string[]; reason?: string },
  name: string,
): Promise<void> {
  await write<undefined>(context, options, {
    find: findGroup,
    name,
    method: "groups.pause",
    args: [given({ processes: options.process, reason: options.reason })],
    done: () => `${name}: paused at the provider`,
    document: () => ({ group: name, result: "paused" }),
  });
}

/** `bellows groups resume GROUP`. */
export async function resume(
  context: Context,
  options: WriteOptions & { process?: string[] },
  name: string,
): Promise<void> {
  await write<undefined>(context, options, {
    find: findGroup,
    name,
    method: "groups.resume",
    args: [given({ processes: options.process })],
    done: () => `${name}: resumed at the provider`,
    document: () => ({ group: name, result: "resumed" }),
  });
}

/** How often `--watch` looks, in milliseconds. */
const WATCH_MS = 2_000;

/** `bellows groups activities GROUP [--watch]`. */
export async function activities(
  context: Context,
  options: Globals & { watch?: boolean; last?: number },
  name: string,
): Promise<void> {
  const read = (): Promise<Activity[]> =>
    withTarget(context, options, findGroup, name, async (provider, ref) =>
      (await provider.invoke<Activity[]>("activities.list", ref)).slice(0, options.last),
    );
  if (options.watch) await watchActivities(context, options, read);
  else
    printRows(context, options, await read(), [
      ["STARTED", (activity) => new Date(activity.startedAtMs).toISOString()],
      ["STATUS", (activity) => activity.status],
      ["WHAT", (activity) => activity.text],
      ["CAUSE", (activity) => activity.cause],
    ]);
}

/**
 * Each activity once, and again when its status changes; ends with Ctrl-C. Each look opens anew: between them the state
 * is free for other commands.
 */
async function watchActivities(
  context: Context,
  options: Globals,
  read: () => Promise<Activity[]>,
): Promise<void> {
  context.signalHandled = true;
  const shown = new Map<string, string>();
  while (!context.signal.aborted) {
    for (const activity of (await read()).reverse()) {
      if (shown.get(activity.id) === activity.status) continue;
      shown.set(activity.id, activity.status);
      const { startedAtMs, status, text } = activity;
      if (options.json) say(context, JSON.stringify(toWire(activity)));
      else say(context, `${new Date(startedAtMs).toISOString()}  ${status}  ${text}`);
    }
    await delay(context.clock, WATCH_MS, context.signal).catch(() => {});
  }
}

/** `bellows groups metadata GROUP`. */
export async function metadata(context: Context, options: MetadataOptions, name: string): Promise<void> {
  await editMetadata(context, options, {
    find: findGroup,
    name,
    noun: "groups",
    read: async (provider, ref): Promise<Metadata> =>
      (await provider.invoke<Group>("groups.get", ref)).metadata,
  });
}

/** `bellows groups observe GROUPS…`. */
export async function observe(context: Context, options: Globals, names: string[]): Promise<void> {
  const seen = await withTarget(
    context,
    options,
    findGroup,
    names[0] ?? "",
    async (provider, first, loaded) => {
      const refs = names.map((name, index) =>
        index === 0 || loaded === undefined ? first : findGroup(loaded, options, name).ref,
      );
      return provider.invoke<Observation[]>("groups.observe", refs);
    },
  );
  const named = seen.map((observation, index) => ({ name: names[index], ...observation }));
  if (!printDocument(context, options, named)) for (const one of named) printThing(context, options, one);
}
