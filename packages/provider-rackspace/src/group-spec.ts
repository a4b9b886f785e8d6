/** What a new group is made from, checked. Pure. */
import { createHash } from "node:crypto";
import {
  type Attachment,
  ConfigError,
  type GroupSpec,
  groupSpecSchema,
  type Metadata,
  type PolicySpec,
} from "@bellows/core";
import type { WireConfig, WirePolicySpec } from "./autoscale.js";
import { requireWithin, sizeFaults } from "./group-config.js";
import { MARKS, metadataFaults } from "./group-marks.js";
import { attachmentOf, tieFaults } from "./group-ties.js";
import { launchSchema, type RackspaceLaunch } from "./launch-schema.js";
import { networkFaults } from "./launch-wire.js";
import { readPolicy } from "./policy-spec.js";

/** Most policies that are made with a group. */
const MOST_POLICIES = 100;

/** A spec that can be made, as far as that can be told without asking Rackspace. */
export interface CheckedSpec {
  name: string;
  min: number;
  max: number;
  desired: number;
  cooldownMs: number;
  launch: RackspaceLaunch;
  loadBalancers: readonly Attachment[];
  metadata: Metadata;
  policies: readonly WirePolicySpec[];
  /** Owners of policies, by their place in `policies`. */
  policyOwners: readonly (string | undefined)[];
  owner?: string;
  /** Tells an equal spec from a different one; noted on the group. */
  digest: string;
}

/**
 * Checks a spec, all of it at once.
 * @param nowMs - milliseconds since the epoch; schedules of policies must lie ahead of it.
 * @throws ConfigError that lists every fault. @throws LimitError when desired lies outside the bounds.
 */
export function checkSpec(spec: GroupSpec, nowMs: number): CheckedSpec {
  const common = groupSpecSchema.safeParse(spec);
  const launch = launchSchema.safeParse(spec.launch);
  const policies = policiesOf(spec, nowMs);
  const faults = [
    ...(common.success ? [] : common.error.issues.map(({ path, message }) => told([], path, message))),
    ...(launch.success
      ? []
      : launch.error.issues.map(({ path, message }) => told(["launch"], path, message))),
    ...ownFaults(common.success ? spec : withoutWrong(spec, common.error.issues)),
    ...(launch.success ? networkFaults(launch.data, (spec.loadBalancers?.length ?? 0) > 0) : []),
    ...(launch.success ? stackFaults(launch.data, spec) : []),
    ...policies.faults,
  ];
  if (faults.length > 0 || !launch.success)
    throw new ConfigError(`group ${String(spec.name)} cannot be made: ${faults.join("; ")}`, {
      operation: "groups.create",
      resource: String(spec.name),
    });
  if (spec.desired !== undefined) requireWithin(spec.name, spec.desired, spec, "groups.create");
  return withDigest(spec, launch.data, policies.wires);
}

function told(at: readonly string[], path: readonly PropertyKey[], message: string): string {
  return `${[...at, ...path.map(String)].join(".") || "group"}: ${message}`;
}

/** The words of a spec that have the form that they should have. */
function withoutWrong(
  spec: GroupSpec,
  issues: readonly { path: readonly PropertyKey[] }[],
): Partial<GroupSpec> {
  const wrong = new Set(issues.map(({ path }) => path[0]));
  return Object.fromEntries(Object.entries(spec).filter(([word]) => !wrong.has(word)));
}

/** What only Autoscale would refuse. */
function ownFaults(spec: Partial<GroupSpec>): string[] {
  const { zones = [], subnets = [], native = {}, metadata = {}, loadBalancers = [] } = spec;
  return [
    ...sizeFaults(spec),
    ...metadataFaults(metadata),
    ...tieFaults(loadBalancers),
    ...(zones.length > 0 ? ["zones: a region of Rackspace has none"] : []),
    ...(subnets.length > 0 ? ["subnets: networks stand in launch.networks"] : []),
    ...Object.keys(native).map((word) => `native.${word}: groups of Rackspace have nothing of their own`),
  ];
}

function stackFaults({ rackspace }: RackspaceLaunch, { loadBalancers = [] }: GroupSpec): string[] {
  return rackspace?.stack !== undefined && loadBalancers.length > 0
    ? ["loadBalancers: a stack ties its servers itself, in its template"]
    : [];
}

/** The policies in Autoscale's words, and what is wrong with them. */
function policiesOf({ policies }: GroupSpec, nowMs: number): { wires: WirePolicySpec[]; faults: string[] } {
  const wires: WirePolicySpec[] = [];
  const faults: string[] = [];
  const given: readonly PolicySpec[] = Array.isArray(policies) ? policies : [];
  if (given.length > MOST_POLICIES) faults.push(`policies: at most ${MOST_POLICIES}`);
  const names = given.map(({ name }) => name);
  for (const [index, policy] of given.entries()) {
    const read = readPolicy(policy, nowMs);
    const twice = names.indexOf(policy.name) < index ? [`there are two policies ${policy.name}`] : [];
    faults.push(...[...twice, ...read.wrong, ...read.notHere].map((fault) => `policies.${index}: ${fault}`));
    if (read.wire !== undefined) wires.push(read.wire);
  }
  return { wires, faults };
}

function withDigest(spec: GroupSpec, launch: RackspaceLaunch, policies: WirePolicySpec[]): CheckedSpec {
  const { name, min, max, desired = min, cooldownMs = 0, owner, metadata = {}, loadBalancers = [] } = spec;
  const checked = {
    name,
    min,
    max,
    desired,
    cooldownMs,
    launch,
    loadBalancers: loadBalancers.map(attachmentOf),
    metadata,
    policies,
    policyOwners: (spec.policies ?? []).map((policy) => policy.owner),
    ...(owner === undefined ? {} : { owner }),
  };
  return { ...checked, digest: createHash("sha256").update(canonical(checked)).digest("hex").slice(0, 32) };
}

/** JSON with its keys in order, so that equal specs have equal texts. */
function canonical(spec: Omit<CheckedSpec, "digest">): string {
  return JSON.stringify(spec, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/**
 * The configuration with which a group is made. A group that is to begin with more servers than its min is made with a
 * higher one, which is noted and taken back at once: setting desired by a policy would start the group's cooldown.
 * @param ties - notes about its balancers.
 */
export function createConfig(spec: CheckedSpec, ties: Metadata, nowMs: number): WireConfig {
  const { name, min, max, desired, cooldownMs, metadata, owner, digest } = spec;
  return {
    name,
    cooldown: cooldownMs / 1_000,
    minEntities: desired,
    maxEntities: max,
    metadata: {
      ...metadata,
      ...ties,
      [MARKS.spec]: digest,
      [MARKS.made]: String(nowMs),
      ...(owner === undefined ? {} : { [MARKS.owner]: owner }),
      ...(desired === min ? {} : { [MARKS.min]: String(min) }),
    },
  };
}
