/**
 * Note [Guests]: groups that no file declares, and that Bellows works for all the same: those made through the
 * Autoscale API, and those for which it keeps policies or webhooks. The line runs them beside the file's groups, so
 * that their orders, schedules, repairs and records are like anybody's. Their bounds are the cloud's own, and scaling
 * in waits for nothing, as in Otter. A guest that a file declares becomes the file's.
 */
import {
  type Cloud,
  errorLine,
  type Group,
  isBellowsError,
  type Logger,
  type Policy,
  type ScalingSpec,
} from "@bellows/core";
import type { GroupRuntime } from "@bellows/core/line";
import type { Session } from "./session.js";

/** What guests are kept from. */
export interface GuestsOptions {
  session: () => Session;
  /** Ids at their cloud of groups of a provider that were made from outside. */
  known: (provider: string) => Promise<readonly string[]>;
  /** Forgets what the line remembers of a group that is gone. */
  forget: (name: string) => Promise<void>;
  logger: Logger;
}

/** The groups that are run: the file's, and guests. */
export interface Guests {
  /** All of them, by the names under which the line has them. */
  groups(): ReadonlyMap<string, GroupRuntime>;
  /** Looks for guests of all providers. Never throws: what cannot be read is left out and logged. */
  gather(): Promise<void>;
  /** Looks at one group anew: it was made, changed or deleted. */
  refresh(provider: string, ref: string): Promise<void>;
  /** It is gone: it is run no longer, and forgotten. */
  dismiss(provider: string, ref: string): Promise<void>;
}

/** The most instances that a line allows; the cloud's own bounds are narrower. */
const NO_BOUND = 100_000;

/** Keeps guests. There are none before they are gathered. */
export function createGuests({ session, known, forget, logger }: GuestsOptions): Guests {
  const guests = new Map<string, GroupRuntime>();
  let merged: { of: ReadonlyMap<string, GroupRuntime>; all: ReadonlyMap<string, GroupRuntime> } | undefined;

  const put = (cloud: Cloud, group: Group, policies: readonly Policy[]): void => {
    const key = keyOf(cloud.key, group.id);
    const spec = specOf(cloud.key, group, policies, session().config.everyMs);
    const old = guests.get(key);
    if (old?.drivers === cloud && JSON.stringify(old.spec) === JSON.stringify(spec)) return;
    guests.set(key, { spec, drivers: cloud, capabilities: cloud.capabilities });
    merged = undefined;
  };
  const drop = (provider: string, ref: string): void => {
    if (guests.delete(keyOf(provider, ref))) merged = undefined;
  };
  const dismiss = async (provider: string, ref: string): Promise<void> => {
    const runtime = guests.get(keyOf(provider, ref));
    if (runtime === undefined) return;
    const name = [...all()].find(([, { spec }]) => spec.provider === provider && spec.ref === ref)?.[0];
    if (name !== undefined) await forget(name);
    drop(provider, ref);
  };
  const all = (): ReadonlyMap<string, GroupRuntime> => {
    const own = session().groups();
    if (guests.size === 0) return own;
    if (merged?.of !== own) merged = { of: own, all: merge(session(), own, guests) };
    return merged.all;
  };
  const gatherOf = async (cloud: Cloud): Promise<void> => {
    const wanted = new Map<string, readonly Policy[]>();
    for (const ref of await known(cloud.key)) wanted.set(ref, []);
    for await (const { id, policies } of cloud.portable?.kept() ?? []) wanted.set(id, policies);
    const refs = [...wanted.keys()].filter(
      (ref) => fileGroup(session(), cloud.key, { id: ref }) === undefined,
    );
    const seen = refs.length === 0 ? [] : await cloud.groups.observe(refs);
    refs.forEach((ref, index) => {
      const status = seen[index];
      if (status !== undefined && "status" in status) put(cloud, status.status.group, wanted.get(ref) ?? []);
      else if (!guests.has(keyOf(cloud.key, ref)))
        logger.warn(
          { group: ref, provider: cloud.key },
          `a group is not run: ${status?.unavailable ?? "no answer"}`,
        );
    });
  };
  return {
    groups: all,
    async gather() {
      const clouds = session().clouds;
      for (const [key, { spec }] of guests) if (!clouds.has(spec.provider)) guests.delete(key);
      merged = undefined;
      for (const cloud of clouds.values()) {
        await gatherOf(cloud).catch((error: unknown) =>
          logger.warn(
            { provider: cloud.key },
            `groups that no file declares are not run: ${errorLine(error)}`,
          ),
        );
      }
    },
    async refresh(provider, ref) {
      const cloud = session().clouds.get(provider);
      if (cloud === undefined) return;
      try {
        const group = await cloud.groups.get(ref);
        if (fileGroup(session(), provider, group) !== undefined) return;
        const isKnown = (await known(provider)).includes(group.id);
        let kept: { policies: readonly Policy[] } | undefined;
        for await (const found of cloud.portable?.kept(group) ?? []) kept = found;
        if (isKnown || kept !== undefined) put(cloud, group, kept?.policies ?? []);
        else drop(provider, group.id);
      } catch (error) {
        if (!isBellowsError(error, "not-found")) throw error;
        await dismiss(provider, ref);
      }
    },
    dismiss,
  };
}

const keyOf = (provider: string, ref: string): string => `${provider}\0${ref}`;

/** The group of the file that a cloud's group is, if it is one. */
export function fileGroup(
  { config }: Pick<Session, "config">,
  provider: string,
  group: { id: string; name?: string },
): string | undefined {
  const names = [group.id, group.name];
  const declared = Object.values(config.groups).find(
    (each) => each.provider === provider && names.includes(each.scaling.ref),
  );
  const cluster = Object.values(config.clusters).find(
    (each) => each.provider === provider && names.includes(each.existing),
  );
  return declared?.key ?? cluster?.key;
}

/** A guest's definition. Policies that look at metrics need a file: only the others can be ordered. */
function specOf(provider: string, group: Group, policies: readonly Policy[], everyMs: number): ScalingSpec {
  return {
    name: group.name,
    provider,
    ref: group.id,
    min: 0,
    max: NO_BOUND,
    everyMs,
    cooldownMs: group.cooldownMs,
    mode: "act",
    metrics: [],
    signals: [],
    policies: policies.filter(({ when, signal }) => when === undefined && signal === undefined),
    windows: [],
    scaleOut: { stabilizationMs: 0, rates: [] },
    scaleIn: { stabilizationMs: 0, rates: [] },
    combine: "largest",
    onMissing: { kind: "hold" },
    waitsForOwnSteps: false,
  };
}

/** The file's groups go first; a guest whose name is taken has its provider before it. */
function merge(
  session: Pick<Session, "config">,
  own: ReadonlyMap<string, GroupRuntime>,
  guests: ReadonlyMap<string, GroupRuntime>,
): ReadonlyMap<string, GroupRuntime> {
  const all = new Map(own);
  for (const runtime of guests.values()) {
    const { name, provider, ref } = runtime.spec;
    if (fileGroup(session, provider, { id: ref, name }) !== undefined) continue;
    const isTaken = all.has(name) || name in session.config.groups;
    const free = isTaken ? `${provider}/${ref}` : name;
    if (!all.has(free))
      all.set(free, isTaken ? { ...runtime, spec: { ...runtime.spec, name: free } } : runtime);
  }
  return all;
}

/** The runtime of a cloud's group among those that are run. */
export function runtimeOf(
  groups: ReadonlyMap<string, GroupRuntime>,
  provider: string,
  group: { id: string; name: string },
): GroupRuntime | undefined {
  for (const runtime of groups.values()) {
    const { spec } = runtime;
    if (spec.provider === provider && (spec.ref === group.id || spec.ref === group.name)) return runtime;
  }
  return undefined;
}
