/** What a new group is made from, checked and in AWS's words. Pure. */
import { createHash } from "node:crypto";
import type { CreateAutoScalingGroupType, Tag } from "@aws-sdk/client-auto-scaling";
import {
  type Attachment,
  ConfigError,
  errorLine,
  type GroupSpec,
  groupSpecSchema,
  isBellowsError,
  LimitError,
  type Metadata,
  type PolicySpec,
  type z,
} from "@bellows/core";
import { TAGS } from "./group-map.js";
import { type GroupNative, nativeFields, readGroupNative } from "./group-native.js";
import { makeTags, tagFaults } from "./group-tags.js";
import { type AwsLaunch, launchSchema } from "./launch-schema.js";
import { policyInput } from "./policy-spec.js";

/** Most classic balancers of a group, and most target groups. @see docs.aws.amazon.com, Auto Scaling quotas */
const MOST_TIES = 50;

/** A spec that can be made, as far as that can be told without asking AWS. */
export interface CheckedSpec {
  name: string;
  min: number;
  max: number;
  desired: number;
  cooldownMs?: number;
  zones: readonly string[];
  subnets: readonly string[];
  launch: AwsLaunch;
  loadBalancers: readonly (Attachment | string)[];
  metadata: Metadata;
  policies: readonly PolicySpec[];
  owner?: string;
  native: GroupNative;
  /** Tells an equal spec from a different one; kept on the group as a tag. */
  digest: string;
}

/**
 * Checks a spec, all of it at once.
 * @param nowMs - milliseconds since the epoch; schedules of policies must lie ahead of it.
 * @throws ConfigError that lists every fault. @throws LimitError when desired lies outside the bounds.
 */
export function checkSpec(spec: GroupSpec, nowMs: number): CheckedSpec {
  const faults: string[] = [];
  const add = (at: readonly string[], { issues }: z.ZodError): void =>
    void faults.push(
      ...issues.map(({ path, message }) => `${[...at, ...path].join(".") || "group"}: ${message}`),
    );
  const common = groupSpecSchema.safeParse(spec);
  if (!common.success) add([], common.error);
  const launch = launchSchema.safeParse(spec.launch);
  if (!launch.success) add(["launch"], launch.error);
  const native = readGroupNative(spec.native, faults);
  faults.push(
    ...nameFaults(spec.name),
    ...cooldownFaults(spec.cooldownMs),
    ...tagFaults(spec.metadata ?? {}),
    ...((spec.loadBalancers?.length ?? 0) > MOST_TIES ? [`loadBalancers: at most ${MOST_TIES}`] : []),
    ...policyFaults(spec, nowMs),
  );
  if (faults.length > 0 || !launch.success) throw refusal(spec.name, faults);
  if (spec.desired !== undefined) requireWithin(spec.name, spec.desired, spec.min, spec.max, "groups.create");
  return withDigest(spec, launch.data, native);
}

/** What is wrong with the policies of a group that is to be made: AWS must be able to keep them. */
function policyFaults({ name, policies = [] }: GroupSpec, nowMs: number): string[] {
  if (!Array.isArray(policies)) return [];
  const names = policies.map((policy) => policy.name);
  return policies.flatMap((policy, index) => {
    const at = `policies.${index}`;
    if (names.indexOf(policy.name) < index) return [`${at}: there are two policies ${policy.name}`];
    try {
      policyInput(name, policy, nowMs, "groups.create");
      return [];
    } catch (error) {
      if (!isBellowsError(error)) throw error;
      return [`${at}: ${errorLine(error)}`];
    }
  });
}

function refusal(name: unknown, faults: readonly string[]): ConfigError {
  return new ConfigError(`group ${String(name)} cannot be made: ${faults.join("; ")}`, {
    operation: "groups.create",
    resource: String(name),
  });
}

function withDigest(spec: GroupSpec, launch: AwsLaunch, native: GroupNative): CheckedSpec {
  const { name, min, max, cooldownMs, owner, metadata = {}, loadBalancers = [], policies = [] } = spec;
  const checked = {
    name,
    min,
    max,
    desired: spec.desired ?? min,
    ...(cooldownMs === undefined ? {} : { cooldownMs }),
    zones: [...(spec.zones ?? [])].sort(),
    subnets: [...(spec.subnets ?? [])].sort(),
    launch,
    loadBalancers,
    metadata,
    policies,
    ...(owner === undefined ? {} : { owner }),
    native,
  };
  return { ...checked, digest: createHash("sha256").update(canonical(checked)).digest("hex").slice(0, 32) };
}

/** JSON with its keys in order, so that equal specs have equal texts; a balancer by name is the one with that id. */
function canonical(spec: Omit<CheckedSpec, "digest">): string {
  const loadBalancers = spec.loadBalancers.map((tie) => (typeof tie === "string" ? { id: tie } : tie));
  return JSON.stringify({ ...spec, loadBalancers }, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** What AWS would refuse in a new group's name. @see docs.aws.amazon.com, CreateAutoScalingGroup */
function nameFaults(name: unknown): string[] {
  if (typeof name !== "string" || name.trim() === "") return [];
  return /^[!-~]+$/.test(name) && !name.includes(":")
    ? []
    : ["name: must be letters, digits and punctuation of ASCII, without spaces and colons"];
}

/** AWS counts cooldowns in whole seconds. */
export function cooldownFaults(cooldownMs: number | undefined): string[] {
  return cooldownMs !== undefined && Number.isInteger(cooldownMs) && cooldownMs % 1_000 !== 0
    ? ["cooldownMs: must be whole seconds"]
    : [];
}

/** Refuses an explicit desired outside the bounds. @throws ConfigError @throws LimitError that names them. */
export function requireWithin(
  group: string,
  desired: number,
  min: number,
  max: number,
  operation: string,
): void {
  if (!Number.isSafeInteger(desired) || desired < 0)
    throw new ConfigError(`desired must be a whole number of 0 or more, not ${desired}`, {
      operation,
      resource: group,
    });
  if (desired >= min && desired <= max) return;
  throw new LimitError(`desired ${desired} of group ${group} lies outside its bounds ${min} to ${max}`, {
    operation,
    resource: group,
    hint: desired > max ? "raise max first, or ask for less" : "lower min first, or ask for more",
  });
}

/** The tags of a new group: its metadata, and ours, which instances never get. */
function tagsOf(spec: Pick<CheckedSpec, "name" | "metadata" | "owner" | "native" | "digest">): Tag[] {
  const { propagateMetadata = false, suspended = [] } = spec.native;
  const own = {
    [TAGS.spec]: spec.digest,
    ...(spec.owner === undefined ? {} : { [TAGS.owner]: spec.owner }),
    ...(suspended.length === 0 ? {} : { [TAGS.suspended]: suspended.join(" ") }),
  };
  return [...makeTags(spec.name, spec.metadata, propagateMetadata), ...makeTags(spec.name, own, false)];
}

/**
 * The group in AWS's words, without what it is launched from and tied to.
 * @param marks - tags of ours besides; an empty text is none.
 */
export function createFields(
  spec: CheckedSpec,
  zones: readonly string[],
  marks: Metadata = {},
): CreateAutoScalingGroupType {
  const given = Object.fromEntries(Object.entries(marks).filter(([, value]) => value !== ""));
  return {
    AutoScalingGroupName: spec.name,
    MinSize: spec.min,
    MaxSize: spec.max,
    DesiredCapacity: spec.desired,
    ...(spec.cooldownMs === undefined ? {} : { DefaultCooldown: spec.cooldownMs / 1_000 }),
    ...(zones.length === 0 ? {} : { AvailabilityZones: [...zones] }),
    ...(spec.subnets.length === 0 ? {} : { VPCZoneIdentifier: spec.subnets.join(",") }),
    ...nativeFields(spec.native),
    Tags: [...tagsOf(spec), ...makeTags(spec.name, given, false)],
  };
}
