import type { PolicySpec } from "../contracts/policy.js";
import type { DirectionLimits, ScalingSpec, WindowSpec } from "../contracts/scaling.js";
import { readDuration } from "../duration.js";
import type { WebhookConfig } from "./config.js";
import type { Context } from "./context.js";
import { compact } from "./context.js";
import { DEFAULTS, MOST_INSTANCES } from "./defaults.js";
import { entriesOf, normalizeReadings } from "./normalize-metrics.js";
import { normalizePolicy, toOnMissing } from "./normalize-policy.js";
import type { Field } from "./read.js";
import { readFields } from "./read.js";
import type { DefaultsFile, WindowFile } from "./schema-group.js";
import { groupFile } from "./schema-group.js";
import type { Entry, Range } from "./source-node.js";

/** The fields that groups, clusters and services share, as they were read. */
export interface ScalingFields {
  readonly values: DefaultsFile;
  readonly at: Partial<Record<"min" | "max" | "metrics" | "signals" | "policies" | "windows", Field>>;
}

/** Whose scaling it is. */
export interface ScalingOwner {
  /** `groups.web`. */
  readonly where: string;
  readonly keyRange: Range;
  readonly name: string;
  readonly provider: string;
  readonly ref: string;
  readonly inCluster: boolean;
  /** Bounds may be left to the cloud. */
  readonly exists: boolean;
}

/** What a group's scaling became. */
export interface NormalizedScaling {
  readonly scaling: ScalingSpec;
  readonly bounds: { min?: number; max?: number };
  readonly boundsFromCloud: boolean;
  readonly webhooks: WebhookConfig[];
}

/** Brings everything that says how a group scales into one form, and holds it against the rules. */
export function normalizeScaling(
  context: Context,
  owner: ScalingOwner,
  fields: ScalingFields,
): NormalizedScaling {
  const { values, at } = fields;
  const { defaults } = context;
  const bounds = checkBounds(context, owner, fields);
  const everyMs = values.every ?? defaults.every ?? context.everyMs;
  const readings = normalizeReadings(
    context,
    owner.where,
    compact({ metrics: at.metrics?.node, signals: at.signals?.node }),
    compact({ inCluster: owner.inCluster, min: bounds.min }),
  );
  const around = { where: owner.where, known: readings.known, everyMs, ...bounds };
  const policies = entriesOf(context, at.policies?.node, "policies").flatMap((entry) => {
    checkName(context, entry, "policy");
    return normalizePolicy(context, entry, around) ?? [];
  });
  const scaling: ScalingSpec = {
    name: owner.name,
    provider: owner.provider,
    ref: owner.ref,
    min: bounds.min ?? 0,
    max: bounds.max ?? MOST_INSTANCES,
    everyMs,
    cooldownMs: values.cooldown ?? defaults.cooldown ?? ms(DEFAULTS.cooldown),
    mode: values.mode ?? defaults.mode ?? DEFAULTS.mode,
    metrics: readings.metrics,
    signals: readings.signals,
    policies,
    windows: normalizeWindows(context, owner.where, at.windows, bounds),
    scaleOut: toLimits("scaleOut", values, defaults, DEFAULTS.scaleOutStabilization),
    scaleIn: toLimits("scaleIn", values, defaults, DEFAULTS.scaleInStabilization),
    combine: values.combine ?? defaults.combine ?? DEFAULTS.combine,
    onMissing: toOnMissing(values.onMissing ?? defaults.onMissing ?? DEFAULTS.onMissing),
  };
  const boundsFromCloud = owner.exists && (bounds.min === undefined || bounds.max === undefined);
  return { scaling, bounds, boundsFromCloud, webhooks: webhooksOf(policies) };
}

function ms(text: string): number {
  return Number(readDuration(text));
}

function webhooksOf(policies: readonly PolicySpec[]): WebhookConfig[] {
  return policies.flatMap(({ name, webhooks = [] }) =>
    webhooks.map((webhook) => ({ policy: name, name: webhook })),
  );
}

/** Names stand in addresses such as GROUP/POLICY. */
export function checkName(context: Context, { key, keyRange }: Entry, what: string): void {
  if (key.trim() === "") context.report.fault(keyRange, `a ${what} needs a name`);
  else if (key.includes("/"))
    context.report.fault(
      keyRange,
      `the name of a ${what} cannot contain "/"`,
      `write ${key.replaceAll("/", "-")}`,
    );
  else if (key.length > 255)
    context.report.fault(keyRange, `the name of a ${what} has at most 255 characters`);
}

function toLimits(
  direction: "scaleOut" | "scaleIn",
  own: DefaultsFile,
  defaults: DefaultsFile,
  stabilization: string,
): DirectionLimits {
  const written = own.limits?.[direction];
  const fallback = defaults.limits?.[direction];
  const rate = written?.rate ?? fallback?.rate ?? [];
  return {
    stabilizationMs: written?.stabilization ?? fallback?.stabilization ?? ms(stabilization),
    rates: Array.isArray(rate) ? rate : [rate],
  };
}

function checkBounds(
  context: Context,
  owner: ScalingOwner,
  { values, at }: ScalingFields,
): { min?: number; max?: number } {
  const { report, defaults, defaultsAt } = context;
  const bounds = compact({ min: values.min ?? defaults.min, max: values.max ?? defaults.max });
  for (const bound of ["min", "max"] as const) {
    const stated = at[bound] !== undefined || defaultsAt[bound] !== undefined;
    if (stated || owner.exists) continue;
    const example = bound === "min" ? 1 : 4;
    report.fault(
      owner.keyRange,
      `${owner.where} needs ${JSON.stringify(bound)}`,
      `write ${bound}: ${example} here, or defaults: { ${bound}: ${example} } for every group`,
    );
  }
  const { min, max } = bounds;
  if (min === undefined || max === undefined || min <= max) return bounds;
  const minAt = at.min?.node ?? defaultsAt.min;
  const maxAt = at.max?.node ?? defaultsAt.max;
  if (minAt === undefined || maxAt === undefined) return bounds;
  if (at.min !== undefined || at.max === undefined) {
    report.fault(
      minAt,
      `min ${min} is greater than max ${max} (${report.place(maxAt.start)})`,
      "swap them, or raise max",
    );
  } else {
    report.fault(
      maxAt,
      `max ${max} is less than min ${min} (${report.place(minAt.start)})`,
      "raise max, or give the group a min of its own",
    );
  }
  return {};
}

function normalizeWindows(
  context: Context,
  where: string,
  field: Field | undefined,
  bounds: { min?: number; max?: number },
): WindowSpec[] {
  const schema = groupFile.shape.windows.unwrap().valueType;
  return entriesOf(context, field?.node, "windows").flatMap((entry) => {
    const name = `${where}.windows.${entry.key}`;
    const fields = readFields({
      report: context.report,
      node: entry.value,
      schema,
      where: name,
      key: entry.key,
      keyRange: entry.keyRange,
    });
    if (fields === undefined) return [];
    checkWindow(context, entry, fields.values, fields.at, bounds);
    return [toWindow(entry.key, fields.values)];
  });
}

function toWindow(name: string, values: WindowFile): WindowSpec {
  const days = values.days?.flat();
  const every = days === undefined || new Set(days).size === 7;
  return compact({
    name,
    days: every ? undefined : [...new Set(days)].sort((a, b) => a - b),
    startMinute: values.hours?.startMinute ?? 0,
    endMinute: values.hours?.endMinute ?? 1440,
    timezone: values.timezone ?? DEFAULTS.timezone,
    min: values.min,
    max: values.max,
  });
}

type WindowFields = Partial<Record<keyof WindowFile, Field>>;

function checkWindow(
  context: Context,
  entry: Entry,
  values: WindowFile,
  at: WindowFields,
  bounds: { min?: number; max?: number },
): void {
  const { report } = context;
  const { min, max } = values;
  if (at.min === undefined && at.max === undefined) {
    report.fault(entry.keyRange, `window ${entry.key} changes nothing`, "give it a min or a max");
  }
  if (min !== undefined && max !== undefined && min > max && at.min && at.max) {
    report.fault(
      at.min.node,
      `min ${min} is greater than max ${max} (${report.place(at.max.node.start)})`,
      "swap them, or raise max",
    );
    return;
  }
  if (min !== undefined && bounds.max !== undefined && min > bounds.max && at.min) {
    report.warn(
      at.min.node,
      `window ${entry.key} wants at least ${min}, and the group's max is ${bounds.max}: max wins`,
      "raise the group's max",
    );
  }
  if (max !== undefined && bounds.min !== undefined && max < bounds.min && at.max) {
    report.warn(
      at.max.node,
      `window ${entry.key} wants at most ${max}, and the group's min is ${bounds.min}`,
      "lower the group's min",
    );
  }
}
