import {
  type Clock,
  type DecisionRecord,
  type GroupStatus,
  type LogEntry,
  NotFoundError,
  type StateStore,
  UnsupportedError,
} from "@bellows/core";
import type { GroupRuntime, Line } from "@bellows/core/line";
import type { Tokens } from "./access/tokens.js";
import type { Control, GroupReport, HoldRequest, PlanReport, RecordRange, StatusReport } from "./control.js";
import { fromNothing, imagine } from "./foresee.js";
import type { Guests } from "./guests.js";
import { applyPlan, planResources } from "./resources/plan.js";
import { type Session, unusableGroups } from "./session.js";

/** What a control over this process's own state is made from. */
export interface LocalControlOptions {
  session: Session;
  /** Groups beside the file's that are run too; absent where no controller runs. */
  guests?: Guests;
  line: Line;
  store: StateStore;
  tokens: Tokens;
  clock: Clock;
  version: string;
  files: readonly string[];
  /** Present while a daemon runs rounds. */
  startedAtMs?: number;
  ready: () => boolean;
  reload: () => Promise<string[]>;
  close: () => Promise<void>;
}

/** Control over the state that this process holds itself. */
export function createLocalControl(options: LocalControlOptions): Control {
  const { line, store, tokens, clock } = options;
  const running = (): ReadonlyMap<string, GroupRuntime> =>
    options.guests?.groups() ?? options.session.groups();
  const runtimeOf = (group: string): GroupRuntime => {
    const groups = running();
    const runtime = groups.get(group);
    if (runtime !== undefined) return runtime;
    throw new NotFoundError(`no group ${JSON.stringify(group)} in ${options.files.join(", ")}`, {
      resource: group,
      hint: groups.size === 0 ? "it declares no group" : `groups there: ${[...groups.keys()].join(", ")}`,
    });
  };
  const holdOf = (
    hold: HoldRequest,
  ): { reason?: string; by?: string; sinceMs: number; untilMs?: number } => ({
    sinceMs: clock.now(),
    ...(hold.reason === undefined ? {} : { reason: hold.reason }),
    ...(hold.by === undefined ? {} : { by: hold.by }),
    ...(hold.forMs === undefined ? {} : { untilMs: clock.now() + hold.forMs }),
  });
  return {
    async status(names) {
      const runtimes = names === undefined ? [...running().values()] : names.map(runtimeOf);
      return statusReport(options, await reportGroups(runtimes, options));
    },
    async *records(group, range) {
      // What no file declares and nothing runs now may have a past all the same.
      let isKnown = running().has(group);
      for await (const entry of readRecords(store, group, range)) {
        isKnown = true;
        yield entry;
      }
      if (!isKnown) runtimeOf(group);
    },
    async order(group, order) {
      runtimeOf(group);
      return line.order(group, order);
    },
    async pause(group, hold) {
      runtimeOf(group);
      await line.pause(group, holdOf(hold));
    },
    async resume(group) {
      runtimeOf(group);
      await line.resume(group);
    },
    async pin(group, to, hold) {
      runtimeOf(group);
      await line.pin(group, { to, hold: holdOf(hold) });
    },
    async unpin(group) {
      runtimeOf(group);
      await line.unpin(group);
    },
    async createToken(name, role) {
      const { id, secret } = await tokens.create(name, role);
      return { id, secret };
    },
    listTokens: () => tokens.list(),
    revokeToken: (idOrName) => tokens.revoke(idOrName),
    async invoke(provider, method, args) {
      const result = await invokeDriver(options.session, provider, method, args);
      if (CHANGES.test(method)) await options.guests?.refresh(provider, subject(args));
      return result;
    },
    plan: (names, wanted) =>
      plan(
        options,
        names?.map((name) => runtimeOf(name).spec.name),
        wanted,
      ),
    apply: async ({ prune = false } = {}) => applyPlan(await planResources(options.session, { prune })),
    once: (names) => line.once(names?.map((name) => runtimeOf(name).spec.name)),
    reload: options.reload,
    close: options.close,
  };
}

/** Calls that make a group one that is run here, change what is run of it, or end it. */
const CHANGES = /^(groups|policies|webhooks)\.(create|update|delete)$/;

/** The group that a call is about: named first, or made from what is given. */
function subject([first]: readonly unknown[]): string {
  if (typeof first === "string") return first;
  return String((first as { name?: unknown } | null | undefined)?.name ?? "");
}

/** Resources, and what the next round would decide; groups that are still to be made are foreseen. */
async function plan(
  options: LocalControlOptions,
  names: readonly string[] | undefined,
  { prune = false, decide = true }: { prune?: boolean; decide?: boolean } = {},
): Promise<PlanReport> {
  const { session, line } = options;
  const planned = await planResources(session, { prune, ...(names === undefined ? {} : { groups: names }) });
  const resources = planned.map(({ run: _run, ...change }) => change);
  const unusable = unusableGroups(session);
  if (!decide) return { resources, decisions: [], unusable };
  const made = new Set(
    resources
      .filter(({ kind, action }) => kind === "group" && action === "create")
      .map(({ name, provider }) => `${provider}/${name}`),
  );
  const ready = session.groups();
  const all = Object.values(session.config.groups).filter(
    ({ key }) => ready.has(key) && (names?.includes(key) ?? true),
  );
  const missing = all.filter(({ provider, scaling }) => made.has(`${provider}/${scaling.ref}`));
  const suppose = new Map(missing.map((group) => [group.key, imagine(group, options.clock.now())]));
  const records = await line.decide(
    all.map(({ key }) => key),
    { suppose },
  );
  const decisions = records.map((record) => (suppose.has(record.group) ? fromNothing(record) : record));
  return { resources, decisions, unusable };
}

function statusReport(options: LocalControlOptions, groups: GroupReport[]): StatusReport {
  const session = options.session;
  return {
    name: session.config.name,
    version: options.version,
    ...(options.startedAtMs === undefined ? {} : { startedAtMs: options.startedAtMs }),
    running: options.startedAtMs !== undefined,
    ready: options.ready(),
    files: options.files,
    groups,
    broken: Object.fromEntries(session.broken),
  };
}

/** Reads the groups with one call a provider, and lays what Bellows knows beside it. */
async function reportGroups(
  runtimes: readonly GroupRuntime[],
  options: LocalControlOptions,
): Promise<GroupReport[]> {
  const byDrivers = new Map<GroupRuntime["drivers"], GroupRuntime[]>();
  for (const runtime of runtimes)
    byDrivers.set(runtime.drivers, [...(byDrivers.get(runtime.drivers) ?? []), runtime]);
  const seen = new Map<string, GroupStatus | string>();
  await Promise.all(
    [...byDrivers].map(async ([drivers, members]) => {
      const answers = await drivers.groups?.observe(members.map((member) => member.spec.ref)).catch(String);
      members.forEach((member, index) => {
        const answer =
          typeof answers === "object"
            ? answers[index]
            : { unavailable: answers ?? "the provider keeps no groups" };
        seen.set(
          member.spec.name,
          answer === undefined ? "no answer" : "status" in answer ? answer.status : answer.unavailable,
        );
      });
    }),
  );
  return Promise.all(
    runtimes.map((runtime) => reportGroup(runtime, seen.get(runtime.spec.name) ?? "no answer", options)),
  );
}

async function reportGroup(
  runtime: GroupRuntime,
  seen: GroupStatus | string,
  options: LocalControlOptions,
): Promise<GroupReport> {
  const { spec } = runtime;
  const view = await options.line.view(spec.name);
  const last = view.lastRecord;
  return {
    group: spec.name,
    provider: spec.provider,
    mode: spec.mode,
    ...(typeof seen === "string" ? { unavailable: seen } : countsOf(seen)),
    ...(view.pause === undefined ? {} : { pause: view.pause }),
    ...(view.pin === undefined ? {} : { pin: view.pin }),
    ...(view.keeps.length === 0 ? {} : { keeps: view.keeps }),
    ...(last === undefined ? {} : { last }),
    metrics: (last?.metrics ?? []).map((reading) => ({
      name: reading.name,
      ...(reading.value === undefined ? {} : { value: reading.value }),
      ...(reading.unavailable === undefined ? {} : { unavailable: reading.unavailable }),
      ...(reading.observedAtMs === undefined
        ? {}
        : { ageMs: Math.max(0, options.clock.now() - reading.observedAtMs) }),
    })),
  };
}

function countsOf(status: GroupStatus): Partial<GroupReport> {
  const { group, instances } = status;
  const count = (lifecycle: string): number =>
    instances.filter((instance) => instance.lifecycle === lifecycle).length;
  const problems = [...(group.problems ?? []), ...(group.paused ? ["paused at the provider"] : [])];
  return {
    min: group.min,
    max: group.max,
    desired: group.desired,
    inService: count("in-service"),
    pending: count("pending"),
    draining: count("draining") + count("terminating"),
    ...(problems.length === 0 ? {} : { problems }),
  };
}

function readRecords(
  store: StateStore,
  group: string,
  range: RecordRange = {},
): AsyncIterable<LogEntry<DecisionRecord>> {
  return store.read<DecisionRecord>(group, range);
}

/** Calls `driver.method` (or `driver.part.method`) of a provider; a list is read to its end. */
export async function invokeDriver(
  session: Session,
  provider: string,
  method: string,
  args: readonly unknown[],
): Promise<unknown> {
  const cloud = session.clouds.get(provider);
  if (cloud === undefined) {
    const why = session.broken.get(provider);
    throw new NotFoundError(`no provider ${JSON.stringify(provider)}${why === undefined ? "" : `: ${why}`}`, {
      hint: `providers: ${[...session.clouds.keys()].join(", ") || "none"}`,
    });
  }
  let owner: unknown;
  let target: unknown = cloud;
  for (const part of method.split(".")) {
    owner = target;
    target =
      typeof target === "object" && target !== null && Object.hasOwn(target, part)
        ? (target as Record<string, unknown>)[part]
        : protoMethod(target, part);
  }
  if (typeof target !== "function")
    throw new UnsupportedError(`provider ${provider} has no ${method}`, { provider, operation: method });
  const result: unknown = await (target as (...args: unknown[]) => unknown).apply(owner, [...args]);
  return isAsyncIterable(result) ? collect(result) : result;
}

/** A method of a driver that is a class; never one of Object's own. */
function protoMethod(target: unknown, name: string): unknown {
  if (typeof target !== "object" || target === null || name in Object.prototype) return undefined;
  return (target as Record<string, unknown>)[name];
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

async function collect(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const item of items) all.push(item);
  return all;
}
