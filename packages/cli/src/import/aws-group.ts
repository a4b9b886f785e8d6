import { type Alarm, formatDuration, type Group, type LaunchConfiguration, type Policy } from "@bellows/core";
import { CPU, sayMetric, sayPolicies, type Words } from "./native-policies.js";
import { blockLines, flowText } from "./yaml-text.js";

/** What AWS tells of a group. */
export interface FoundGroup {
  region: string;
  group: Group;
  policies: readonly Policy[];
  alarms: readonly Alarm[];
  /** What else the group has that no word of a file says. */
  besides: BesidesGroup;
  /** What its instances are made from; only where the whole definition is to be written. */
  launch?: LaunchConfiguration;
}

/** What a group may have beside its definition; Bellows leaves it as it is. */
export interface BesidesGroup {
  hooks: readonly { name: string }[];
  schedules: readonly { name: string }[];
  warmPool: boolean;
}

/** A file for a group, and what it could not say. */
export interface WrittenGroup {
  text: string;
  unsaid: string[];
}

/**
 * Writes the bellows.yaml of a group. Without `launch` it is named as existing, and the cloud's own policies stand in
 * comments, since they go on by themselves; with it, everything is declared as if the file had made it.
 */
export function writeGroup(found: FoundGroup): WrittenGroup {
  const { group, launch } = found;
  const own = launch !== undefined;
  const { metrics, policies, alarms, unsaid } = sayPolicies(
    found.policies,
    found.alarms,
    new Map([["cpu", cpuOf(found)]]),
  );
  unsaid.push(...unsaidAlarms(found), ...unsaidBesides(found));
  const lines = [
    ...heading(found, own),
    "version: 1",
    `name: ${flowText(group.name)}`,
    "every: 1m",
    "",
    "providers:",
    `  aws: ${flowText({ region: found.region })}`,
    "",
    "groups:",
    `  ${flowText(group.name)}:`,
    ...(own ? [] : [`    existing: ${flowText(group.name)}`]),
    `    min: ${group.min}`,
    `    max: ${group.max}`,
    "    mode: observe                           # act: does what it decides",
    `    cooldown: ${formatDuration(group.cooldownMs)}`,
    ...(launch === undefined ? [] : definition(group, launch)),
    "    metrics:",
    ...[...metrics].map(([name, words]) => `      ${hash(own || name === "cpu")}${entry(name, words)}`),
    "    policies:",
    ...sample(policies, own),
    ...nativeLines(policies, alarms, own),
    ...unsaid.map((text) => `# Not said here: ${text}.`),
  ];
  return { text: `${lines.join("\n")}\n`, unsaid };
}

const entry = (name: string, value: unknown): string => `${flowText(name)}: ${flowText(value)}`;

/** What belongs to a policy in a comment stands in a comment. */
const hash = (active: boolean): string => (active ? "" : "# ");

function heading({ group, region }: FoundGroup, own: boolean): string[] {
  return [
    `# Auto Scaling group ${group.name} in ${region}, written by bellows import.`,
    own
      ? "# bellows plan compares it with AWS; bellows apply changes the group to what stands here."
      : "# The group is never made, changed or deleted; its count is, once mode is act.",
    "# Until then Bellows decides and records, and does nothing: bellows run, then bellows explain shows what and why.",
  ];
}

/**
 * The CPU of the group: as an alarm watches it, else over 5 minutes, since that is how often EC2 tells it without
 * detailed monitoring.
 */
function cpuOf({ group, alarms }: FoundGroup): Words {
  const dimensions = { AutoScalingGroupName: group.name };
  const watched = alarms.find(
    ({ metric }) =>
      metric.name === "CPUUtilization" && JSON.stringify(metric.dimensions) === JSON.stringify(dimensions),
  );
  const said = watched && sayMetric(watched);
  if (said !== undefined) return said;
  return { ...CPU, period: "5m", maxAge: "15m", dimensions };
}

const SAMPLE: readonly (readonly [name: string, words: Words])[] = [
  ["busy", { when: "cpu > 70", for: "5m", change: "+1" }],
  ["idle", { when: "cpu < 30", for: "15m", change: "-1" }],
];

function sample(policies: ReadonlyMap<string, Words>, own: boolean): string[] {
  return [
    "      # A sample to start from. Policies that AWS keeps go on beside these: let one side decide.",
    ...SAMPLE.filter(([name]) => !own || !policies.has(name)).map(
      ([name, words]) => `      ${entry(name, words)}`,
    ),
  ];
}

function nativeLines(
  policies: ReadonlyMap<string, Words>,
  alarms: readonly string[],
  own: boolean,
): string[] {
  if (policies.size === 0) return [];
  return [
    own
      ? "      # Kept and evaluated by AWS:"
      : "      # AWS keeps these and goes on with them. Without the #, bellows apply keeps them in step with this file:",
    ...[...policies].map(([name, words]) => `      ${hash(own)}${entry(name, words)}`),
    ...(alarms.length === 0
      ? []
      : [`      # apply makes alarms of its own for them; delete the old ones then: ${alarms.join(", ")}.`]),
  ];
}

function definition(group: Group, launch: LaunchConfiguration): string[] {
  const { zones, subnets = [], loadBalancers, metadata, native } = group;
  return [
    `    ${subnets.length > 0 ? entry("subnets", subnets) : entry("zones", zones)}`,
    ...(loadBalancers.length === 0 ? [] : [`    ${entry("loadBalancers", loadBalancers)}`]),
    ...(Object.keys(metadata).length === 0 ? [] : [`    ${entry("metadata", metadata)}`]),
    ...(native === undefined ? [] : [`    ${entry("aws", Object.fromEntries(nativeEntries(native)))}`]),
    "    launch:",
    ...blockLines(launch, 6),
  ];
}

/** Those of AWS's own words on groups that are spans: people write `5m`. */
const SPANS: ReadonlySet<string> = new Set(["healthCheckGrace", "instanceWarmup", "maxInstanceLifetime"]);

function nativeEntries(native: Record<string, unknown>): [string, unknown][] {
  return Object.entries(native).map(([word, value]) => [
    word,
    SPANS.has(word) && typeof value === "number" ? formatDuration(value) : value,
  ]);
}

/** Alarms about the group that order none of its policies. */
function unsaidAlarms({ group, policies, alarms }: FoundGroup): string[] {
  const names = new Set(policies.map((policy) => policy.name));
  return alarms
    .filter(
      ({ metric, executes = [] }) =>
        metric.dimensions?.AutoScalingGroupName === group.name &&
        !executes.some((one) => one.group === group.name && names.has(one.policy)),
    )
    .map((alarm) => `alarm ${alarm.name} watches the group and executes none of its policies`);
}

function unsaidBesides({ besides: { hooks, schedules, warmPool } }: FoundGroup): string[] {
  return [
    ...hooks.map(({ name }) => `lifecycle hook ${name} stays as it is`),
    ...schedules.map(({ name }) => `scheduled action ${name} goes on at AWS`),
    ...(warmPool ? ["its warm pool stays as it is"] : []),
  ];
}
