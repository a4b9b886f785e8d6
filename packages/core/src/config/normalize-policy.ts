import type { OnMissing, PolicySpec, SimpleAdjust, Step } from "../contracts/policy.js";
import type { Expression } from "../expressions/index.js";
import type { Context, PolicySurroundings } from "./context.js";
import { compact } from "./context.js";
import { DEFAULTS } from "./defaults.js";
import { checkCondition, checkExpression } from "./expressions-in-file.js";
import type { Field, Fields } from "./read.js";
import { readFields } from "./read.js";
import type { OnMissingFile } from "./schema-policy.js";
import { policyFile } from "./schema-policy.js";
import type { Entry, Range } from "./source-node.js";
import { childOf, nodeAt } from "./source-node.js";
import { warnOfPolicy } from "./warnings.js";

type PolicyFields = Fields<typeof policyFile.shape>;
const ACTIONS = ["change", "desired", "steps", "target"] as const;

/** The file's words for missing data in the contract's form. */
export function toOnMissing(written: OnMissingFile): OnMissing {
  if (typeof written === "string") return { kind: written };
  if ("atLeast" in written) return { kind: "at-least", count: written.atLeast };
  return { kind: "last-known", forMs: written.lastKnown, next: toOnMissing(written.then ?? "hold") };
}

/** Reads one policy and holds it against the rules. */
export function normalizePolicy(
  context: Context,
  entry: Entry,
  around: PolicySurroundings,
): PolicySpec | undefined {
  const { report } = context;
  const where = `${around.where}.policies.${entry.key}`;
  const subject = {
    report,
    node: entry.value,
    schema: policyFile,
    where,
    key: entry.key,
    keyRange: entry.keyRange,
    foreign: "policy" as const,
  };
  const before = report.faults.length;
  const fields = readFields(subject);
  if (fields === undefined) return undefined;
  checkCombination(context, where, entry.keyRange, fields);
  const asts = checkExpressions(context, fields, around);
  checkSchedule(context, fields);
  const adjust = toAdjust(context, where, fields);
  warnOfPolicy(report, { fields, asts, around, name: entry.key });
  if (adjust === undefined || report.faults.length > before) return undefined;
  return toSpec(entry.key, fields, adjust);
}

function toSpec(name: string, { values, at }: PolicyFields, adjust: PolicySpec["adjust"]): PolicySpec {
  const signal = values.target?.signal ?? values.signal;
  const cron =
    values.schedule === undefined
      ? undefined
      : compact({ cron: values.schedule, timezone: values.timezone ?? DEFAULTS.timezone });
  return compact({
    name,
    engine: values.engine,
    adjust,
    when: values.when?.trim(),
    forMs: values.for,
    signal: signal?.trim(),
    schedule: at.at !== undefined && values.at !== undefined ? { atMs: values.at } : cron,
    webhooks: values.webhooks,
    cooldownMs: values.cooldown,
    keepMs: values.keep,
    rounding: values.rounding,
    minMagnitude: values.minMagnitude,
    onMissing: values.onMissing === undefined ? undefined : toOnMissing(values.onMissing),
    metadata: values.metadata,
  });
}

function toAdjust(
  context: Context,
  where: string,
  { values, at }: PolicyFields,
): PolicySpec["adjust"] | undefined {
  if (at.change !== undefined) return values.change;
  if (at.desired !== undefined) return values.desired === undefined ? undefined : { desired: values.desired };
  if (at.steps !== undefined) return toSteps(context, where, at.steps, values.steps);
  const { target } = values;
  if (target === undefined || at.target === undefined) return undefined;
  if ((target.value === undefined) === (target.perInstance === undefined)) {
    const both = target.value !== undefined;
    context.report.fault(
      at.target.keyRange,
      both ? "a target has either value or perInstance" : "the target says neither value nor perInstance",
      "value: 60 keeps the signal there; perInstance: 20 shares it out",
    );
    return undefined;
  }
  return {
    target: compact({ value: target.value, perInstance: target.perInstance, tolerance: target.tolerance }),
  };
}

type StepsFile = NonNullable<PolicyFields["values"]["steps"]>;

function toSteps(
  context: Context,
  where: string,
  at: Field,
  steps: StepsFile | undefined,
): PolicySpec["adjust"] | undefined {
  const made: Step[] = [];
  for (const [index, step] of (steps ?? []).entries()) {
    const node = nodeAt(at.node, [index]) ?? at.node;
    const fault = stepFault(step);
    if (fault !== undefined) context.report.fault(node, `${where}.steps: ${fault.message}`, fault.hint);
    const adjust: SimpleAdjust | undefined =
      step.change ?? (step.desired === undefined ? undefined : { desired: step.desired });
    if (adjust !== undefined)
      made.push({ ...compact({ atLeast: step.atLeast, atMost: step.atMost }), adjust });
  }
  return steps === undefined ? undefined : { steps: made };
}

function stepFault(step: StepsFile[number]): { message: string; hint: string } | undefined {
  if ((step.change === undefined) === (step.desired === undefined)) {
    return { message: "a step has either change or desired", hint: "{ atLeast: 70, change: +1 }" };
  }
  if (step.atLeast === undefined && step.atMost === undefined) {
    return { message: "a step needs atLeast or atMost", hint: "{ atLeast: 70, change: +1 }" };
  }
  if (step.atLeast !== undefined && step.atMost !== undefined && step.atLeast > step.atMost) {
    return {
      message: `atLeast ${step.atLeast} is greater than atMost ${step.atMost}: the step never holds`,
      hint: "swap them",
    };
  }
  return undefined;
}

function checkExpressions(
  context: Context,
  { at }: PolicyFields,
  around: PolicySurroundings,
): { when?: Expression; signal?: Expression } {
  const { report } = context;
  const signalNode = at.target === undefined ? at.signal?.node : childOf(at.target.node, "signal");
  const when = at.when === undefined ? undefined : checkCondition(report, at.when.node, "when", around.known);
  const signal = signalNode === undefined ? undefined : checkExpression(report, signalNode, around.known);
  return compact({ when, signal });
}

function checkSchedule(context: Context, { values, at }: PolicyFields): void {
  if (values.schedule === undefined || at.schedule === undefined) return;
  const { fault, never } = context.cron(values.schedule, values.timezone ?? DEFAULTS.timezone);
  if (fault !== undefined)
    context.report.fault(
      at.schedule.node,
      `schedule cannot be read: ${fault}`,
      'minute, hour, day, month, weekday: "0 22 * * *"',
    );
  else if (never) context.report.warn(at.schedule.node, "this schedule is never due");
}

type FieldName = keyof PolicyFields["at"];
type Has = (key: FieldName) => boolean;
type Refuse = (key: FieldName, message: string, hint: string) => void;

/** One field too many: `key` beside what `beside` finds. */
interface Misfit {
  readonly key: FieldName;
  readonly wrong: (has: Has) => boolean;
  readonly message: string;
  readonly hint: string;
}

const SPLIT = "make two policies of it";
const looks = (has: Has): boolean => has("steps") || has("target");

/** Which fields do not go together. Each names the field that is too many, where it stands. */
const MISFITS: readonly Misfit[] = [
  {
    key: "at",
    wrong: (has) => has("schedule"),
    message: "at beside schedule: a policy has one of them",
    hint: SPLIT,
  },
  {
    key: "schedule",
    wrong: (has) => has("when"),
    message: "schedule beside when: a policy has one of them",
    hint: SPLIT,
  },
  {
    key: "at",
    wrong: (has) => has("when"),
    message: "at beside when: a policy has one of them",
    hint: SPLIT,
  },
  {
    key: "when",
    wrong: looks,
    message: "when beside steps or target: the signal alone decides there",
    hint: "leave when out",
  },
  {
    key: "schedule",
    wrong: looks,
    message: "schedule beside steps or target: an order needs change or desired",
    hint: SPLIT,
  },
  {
    key: "at",
    wrong: looks,
    message: "at beside steps or target: an order needs change or desired",
    hint: SPLIT,
  },
  {
    key: "webhooks",
    wrong: looks,
    message: "webhooks beside steps or target: an order needs change or desired",
    hint: SPLIT,
  },
  { key: "steps", wrong: (has) => !has("signal"), message: "steps need a signal", hint: "signal: cpu" },
  {
    key: "signal",
    wrong: (has) => has("target"),
    message: "signal beside target: a target has its own",
    hint: "target: { signal: cpu, value: 60 }",
  },
  {
    key: "signal",
    wrong: (has) => !looks(has),
    message: "signal goes with steps",
    hint: "write when: cpu > 70, or steps",
  },
  {
    key: "for",
    wrong: (has) => !has("when") && !has("steps"),
    message: "for goes with when or steps",
    hint: "leave it out",
  },
  {
    key: "timezone",
    wrong: (has) => !has("schedule"),
    message: "timezone goes with schedule",
    hint: "leave it out",
  },
  {
    key: "keep",
    wrong: (has) => (has("when") || looks(has)) && !has("webhooks"),
    message: "keep goes with orders: webhooks, schedule or at",
    hint: "a policy that looks again every round needs none",
  },
  {
    key: "onMissing",
    wrong: (has) => !has("when") && !looks(has),
    message: "onMissing goes with when, steps or target",
    hint: "leave it out",
  },
];

function checkCombination(
  context: Context,
  where: string,
  keyRange: Range,
  { values, at }: PolicyFields,
): void {
  const { report } = context;
  const has: Has = (key) => at[key] !== undefined;
  const refuse: Refuse = (key, message, hint) => report.fault(at[key]?.keyRange ?? keyRange, message, hint);
  const [first, second] = ACTIONS.filter(has);
  if (first === undefined)
    report.fault(keyRange, `${where} changes nothing`, "add change: +1, desired: 4, steps or target");
  if (first !== undefined && second !== undefined)
    refuse(second, `${second} beside ${first}: a policy changes in one way`, SPLIT);
  for (const { key, wrong, message, hint } of MISFITS) if (has(key) && wrong(has)) refuse(key, message, hint);
  checkBreach(refuse, values, at);
  if (has("minMagnitude") && !hasPercent(values))
    refuse("minMagnitude", "minMagnitude goes with percentages", "leave it out");
}

function hasPercent(values: PolicyFields["values"]): boolean {
  const changes = [values.change, ...(values.steps ?? []).map((step) => step.change)];
  return changes.some((change) => change !== undefined && "percent" in change);
}

function checkBreach(refuse: Refuse, values: PolicyFields["values"], at: PolicyFields["at"]): void {
  const ends = (written: OnMissingFile | undefined): boolean =>
    written === "breach" || (typeof written === "object" && "lastKnown" in written && ends(written.then));
  if (!ends(values.onMissing) || at.when === undefined) return;
  const { change } = values;
  const grows = change !== undefined && ("change" in change ? change.change > 0 : change.percent > 0);
  if (change !== undefined && !grows)
    refuse(
      "onMissing",
      "breach is for policies that grow: missing data never shrinks a group",
      "onMissing: hold",
    );
}
