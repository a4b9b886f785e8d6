import {
  type AlarmSpec,
  type Cloud,
  ConfigError,
  collect,
  type GroupConfig,
  type NativePlan,
  type PolicySpec,
  type TranslatableMetric,
  UnsupportedError,
} from "@bellows/core";
import type { Session } from "../session.js";
import { exactDifferences, type PlannedChange } from "./change.js";
import { orAbsent } from "./or-absent.js";

/** What the names of alarms begin with that a provider's `translate` gives; see the contract of policies. */
export const ALARM_PREFIX = "bellows/";

/**
 * The policies with `engine: native` of a group, and the alarms that order them, held against what the cloud keeps.
 * Policies come before the alarms that name them.
 * @param exists - false for a group that is still to be made: nothing of it is looked for.
 * @throws ConfigError that says why the cloud can't keep a policy, UnsupportedError where it keeps none.
 */
export async function planNativePolicies(
  session: Session,
  cloud: Cloud,
  group: GroupConfig,
  exists: boolean,
): Promise<PlannedChange[]> {
  const wanted = nativePlanOf(session, cloud, group);
  if (wanted.policies.length === 0 && wanted.alarms.length === 0) return [];
  const { ref } = group.scaling;
  const kept = exists
    ? (await collect(cloud.policies.list(ref))).filter(({ engine }) => engine === "native")
    : [];
  const policies = wanted.policies.map((spec) => {
    const found = kept.find(({ name }) => name === spec.name);
    return planOne("policy", `${group.key}/${spec.name}`, group.provider, found, spec, {
      create: () => cloud.policies.create(ref, spec),
      update: (patch) => cloud.policies.update(ref, spec.name, patch),
    });
  });
  const alarms = await Promise.all(
    wanted.alarms.map(async (spec) => {
      const driver = alarmsOf(cloud, group);
      return planOne("alarm", spec.name, group.provider, await orAbsent(driver.get(spec.name)), spec, {
        create: () => driver.create(spec),
        update: (patch) => driver.update(spec.name, patch),
      });
    }),
  );
  return [...policies, ...alarms];
}

/** What the cloud is to keep in place of a group's native policies. */
export function nativePlanOf(session: Session, cloud: Cloud, group: GroupConfig): NativePlan {
  const plans = group.scaling.policies
    .filter(({ engine }) => engine === "native")
    .map((policy) => translated(session, cloud, group, policy));
  return {
    policies: plans.flatMap(({ policies }) => policies),
    alarms: plans.flatMap(({ alarms }) => alarms),
  };
}

function translated(session: Session, cloud: Cloud, group: GroupConfig, policy: PolicySpec): NativePlan {
  const resource = `groups.${group.key}.policies.${policy.name}`;
  if (cloud.policies.translate === undefined)
    throw new UnsupportedError(
      `${group.provider} keeps no policies of its own: ${resource} can't be native`,
      {
        provider: group.provider,
        resource,
        hint: "leave out engine: native, and Bellows evaluates it",
      },
    );
  const owner = `${session.config.name}/${group.key}`;
  const answer = cloud.policies.translate(group.scaling.ref, { ...policy, owner }, metricsOf(session, group));
  if ("refused" in answer)
    throw new ConfigError(`${group.provider} can't keep ${resource}: ${answer.refused}`, {
      provider: group.provider,
      resource,
      hint: "leave out engine: native, and Bellows evaluates it",
    });
  return answer;
}

/** The group's metrics by name, with the names of the sources' plugins: a file may call a source what it likes. */
function metricsOf({ config }: Session, { scaling }: GroupConfig): Record<string, TranslatableMetric> {
  return Object.fromEntries(
    scaling.metrics.map(({ name, source, params }) => [
      name,
      { source: config.sources[source]?.plugin.name ?? source, params },
    ]),
  );
}

function alarmsOf(cloud: Cloud, { provider, key }: GroupConfig): NonNullable<Cloud["alarms"]> {
  if (cloud.alarms !== undefined) return cloud.alarms;
  throw new UnsupportedError(`${provider} has no alarms to order the native policies of groups.${key}`, {
    provider,
  });
}

/** What the world adds to a thing that it keeps, and no file says. */
const OF_THE_WORLD = new Set([
  "id",
  "group",
  "providerId",
  "state",
  "stateReason",
  "stateChangedAtMs",
  "enabled",
  "repeats",
]);

function planOne<Spec extends PolicySpec | AlarmSpec>(
  kind: "policy" | "alarm",
  name: string,
  provider: string,
  found: object | undefined,
  spec: Spec,
  driver: { create: () => Promise<unknown>; update: (patch: Partial<Spec>) => Promise<unknown> },
): PlannedChange {
  const about = { kind, name, provider };
  const { owner: _owner, ...shown } = spec;
  if (found === undefined) {
    return {
      ...about,
      action: "create",
      changes: exactDifferences({}, shown, ""),
      run: async () => void (await driver.create()),
    };
  }
  const own = Object.fromEntries(Object.entries(found).filter(([key]) => !OF_THE_WORLD.has(key)));
  const changes = exactDifferences(own, spec, "");
  const gone = Object.keys(own).filter((key) => !(key in spec));
  const patch = { ...Object.fromEntries(gone.map((key) => [key, undefined])), ...spec } as Partial<Spec>;
  return {
    ...about,
    action: changes.length === 0 ? "none" : "update",
    changes,
    run: async () => void (await driver.update(patch)),
  };
}
