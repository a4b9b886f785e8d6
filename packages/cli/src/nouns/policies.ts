import {
  type Adjust,
  ConfigError,
  type ExecutionOutcome,
  formatDuration,
  type Policy,
  type PolicySpec,
  policyKind,
  type Schedule,
  type Step,
} from "@bellows/core";
import { type Command, Option } from "commander";
import type { Context } from "../context.js";
import { EXIT } from "../exit-codes.js";
import type { Globals } from "../globals.js";
import { examples } from "../help-examples.js";
import { printRows, printThing } from "../output.js";
import { handle } from "./handle.js";
import {
  type AdjustOptions,
  adjustOf,
  destroys,
  given,
  toAnyNumber,
  toChange,
  toCount,
  toData,
  toInstant,
  toList,
  toPairs,
  toPercent,
  toSpan,
  writes,
} from "./option-values.js";
import { findGroup, splitPath, type WriteOptions, withTarget, write } from "./provider-call.js";

const FORM = "GROUP/POLICY";

/** `bellows policies`. */
export function add(policies: Command, context: Context): void {
  policies
    .command("list <group>")
    .description("policies of a group: those of the file, of Bellows, and the cloud's own")
    .action(handle(context, list));
  policies
    .command("get <group/policy>")
    .description("one policy, with the cloud's handle where it has one")
    .action(handle(context, get));
  examples(
    addFields(writes(policies.command("create <group/policy>").description("make a policy"))),
    "policies create web/up --change +1 --cooldown 3m",
    "policies create web/busy --when 'cpu > 70' --for 2m --percent +50",
    'policies create web/nightly --desired 1 --cron "0 22 * * *" --timezone Europe/Berlin',
  ).action(handle(context, create));
  examples(
    addFields(
      writes(policies.command("update <group/policy>").description("change it; what is left out stays")),
    ),
    "policies update web/up --change -3 --cooldown 1m",
  ).action(handle(context, update));
  destroys(policies.command("delete <group/policy>").description("delete it")).action(
    handle(context, remove),
  );
  examples(
    writes(policies.command("execute <group/policy>").description("execute it now; says what happened"))
      .option("--ignore-cooldown", "even if a cooldown is running")
      .option("--metric-value <n>", "for the cloud's own step policies: the value to look up", toAnyNumber)
      .option("--breach-threshold <n>", "and the threshold it is taken from", toAnyNumber),
    "policies execute web/up",
  ).action(handle(context, execute));
}

function addFields(command: Command): Command {
  return command
    .option("--change <n>", "by so many: +1, -2", toChange)
    .option("--percent <n>", "by so much: +50, -25", toPercent)
    .option("--desired <n>", "to exactly so many", toCount)
    .option("--steps <yaml>", "by where --signal lies: '[{ atLeast: 70, adjust: { change: 1 } }]'", toData)
    .option("--target <n>", "keep --signal at this value", toAnyNumber)
    .option("--per-instance <n>", "so much of --signal for each instance", toAnyNumber)
    .option("--tolerance <fraction>", "no change while this near the target (0.1)", toAnyNumber)
    .option("--signal <expression>", "what --steps, --target and --per-instance look at")
    .option("--when <expression>", "while this holds")
    .option("--for <duration>", "how long it must hold", toSpan)
    .option("--cron <fields>", 'at these times: "0 22 * * *"')
    .option("--timezone <name>", "time zone of --cron (default: UTC)")
    .option("--at <time>", "once: 2026-01-31T22:00:00Z", toInstant)
    .option("--cooldown <duration>", "rest after it was executed", toSpan)
    .option("--keep <duration>", "keep at least the result for so long", toSpan)
    .option("--min-magnitude <n>", "a percentage changes at least so many", toCount)
    .addOption(
      new Option("--rounding <rule>", "of percentages").choices(["aws", "otter", "nomad", "cf", "hpa"]),
    )
    .addOption(new Option("--engine <engine>", "who evaluates it").choices(["bellows", "native"]))
    .option("--webhook <name>", "name of a webhook that orders it (repeatable)", toList)
    .option("--metadata <key=value>", "label (repeatable)", toPairs);
}

interface PolicyOptions extends WriteOptions, AdjustOptions {
  steps?: unknown;
  target?: number;
  perInstance?: number;
  tolerance?: number;
  signal?: string;
  when?: string;
  for?: number;
  cron?: string;
  timezone?: string;
  at?: number;
  cooldown?: number;
  keep?: number;
  minMagnitude?: number;
  rounding?: PolicySpec["rounding"];
  engine?: PolicySpec["engine"];
  webhook?: string[];
  metadata?: Record<string, string>;
}

function fieldsOf(options: PolicyOptions): Partial<PolicySpec> {
  return given({
    adjust: adjustmentOf(options),
    when: options.when,
    forMs: options.for,
    signal: options.signal,
    schedule: scheduleOf(options),
    cooldownMs: options.cooldown,
    keepMs: options.keep,
    minMagnitude: options.minMagnitude,
    rounding: options.rounding,
    engine: options.engine,
    webhooks: options.webhook,
    metadata: options.metadata,
  }) as Partial<PolicySpec>;
}

function adjustmentOf(options: PolicyOptions): Adjust | undefined {
  const { steps, target, perInstance, tolerance } = options;
  const ways = [options.change, options.percent, options.desired, steps, target, perInstance];
  if (ways.filter((way) => way !== undefined).length > 1)
    throw new ConfigError("a policy changes in one way", {
      hint: "give one of --change, --percent, --desired, --steps, --target, --per-instance",
    });
  if (steps !== undefined) return { steps: steps as Step[] };
  if (target !== undefined || perInstance !== undefined)
    return { target: given({ value: target, perInstance, tolerance }) as { value: number } };
  return adjustOf(options);
}

function scheduleOf({ cron, timezone, at }: PolicyOptions): Schedule | undefined {
  if (at !== undefined && cron !== undefined)
    throw new ConfigError("a schedule has either --cron or --at", { hint: "leave one out" });
  if (at !== undefined) return { atMs: at };
  return cron === undefined ? undefined : (given({ cron, timezone }) as Schedule);
}

async function list(context: Context, options: Globals, group: string): Promise<void> {
  const found = await withTarget(context, options, findGroup, group, (provider, ref) =>
    provider.invoke<Policy[]>("policies.list", ref),
  );
  printRows(context, options, found, [
    ["POLICY", (policy) => policy.name],
    ["KIND", (policy) => policyKind(policy)],
    ["ADJUST", (policy) => adjustText(policy.adjust)],
    ["WHEN", (policy) => policy.when ?? policy.signal ?? scheduleText(policy.schedule)],
    [
      "COOLDOWN",
      (policy) => (policy.cooldownMs === undefined ? undefined : formatDuration(policy.cooldownMs)),
    ],
    ["ENGINE", (policy) => policy.engine],
  ]);
}

function adjustText(adjust: Adjust): string {
  if ("change" in adjust) return `${adjust.change > 0 ? "+" : ""}${adjust.change}`;
  if ("percent" in adjust) return `${adjust.percent > 0 ? "+" : ""}${adjust.percent}%`;
  if ("desired" in adjust) return `to ${adjust.desired}`;
  if ("steps" in adjust) return `${adjust.steps.length} steps`;
  const { value, perInstance } = adjust.target;
  return value === undefined ? `${perInstance} an instance` : `target ${value}`;
}

function scheduleText(schedule: Schedule | undefined): string | undefined {
  if (schedule === undefined) return undefined;
  return "cron" in schedule
    ? `${schedule.cron}${schedule.timezone === undefined ? "" : ` ${schedule.timezone}`}`
    : new Date(schedule.atMs).toISOString();
}

async function get(context: Context, options: Globals, path: string): Promise<void> {
  const [group, policy] = splitPath(path, FORM);
  const found = await withTarget(context, options, findGroup, group, (provider, ref) =>
    provider.invoke<Policy>("policies.get", ref, policy),
  );
  printThing(context, options, found);
}

async function create(context: Context, options: PolicyOptions, path: string): Promise<void> {
  const [group, name] = splitPath(path, FORM);
  const spec = { name, ...fieldsOf(options) };
  if (spec.adjust === undefined)
    throw new ConfigError("a policy needs to know how much to change", {
      hint: "give one of --change, --percent, --desired, --steps, --target, --per-instance",
    });
  await write<Policy>(context, options, {
    find: findGroup,
    name: group,
    method: "policies.create",
    args: [spec],
    done: (policy) => `${path}: created${policy.providerId === undefined ? "" : `, ${policy.providerId}`}`,
  });
}

async function update(context: Context, options: PolicyOptions, path: string): Promise<void> {
  const [group, policy] = splitPath(path, FORM);
  await write<Policy>(context, options, {
    find: findGroup,
    name: group,
    method: "policies.update",
    args: [policy, fieldsOf(options)],
    done: () => `${path}: updated`,
  });
}

async function remove(context: Context, options: WriteOptions, path: string): Promise<void> {
  const [group, policy] = splitPath(path, FORM);
  await write<undefined>(context, options, {
    find: findGroup,
    name: group,
    method: "policies.delete",
    args: [policy],
    question: `Delete policy ${path}?`,
    done: () => `${path}: deleted`,
    document: () => ({ policy: path, result: "deleted" }),
  });
}

/** Results with which nothing was refused. */
const FINE: readonly ExecutionOutcome["result"][] = ["executed", "accepted", "unchanged"];

async function execute(
  context: Context,
  options: WriteOptions & { ignoreCooldown?: boolean; metricValue?: number; breachThreshold?: number },
  path: string,
): Promise<void> {
  const [group, policy] = splitPath(path, FORM);
  const { ignoreCooldown, metricValue, breachThreshold } = options;
  const outcome = await write<ExecutionOutcome>(context, options, {
    find: findGroup,
    name: group,
    method: "policies.execute",
    args: [
      policy,
      given({ honorCooldown: ignoreCooldown ? false : undefined, metricValue, breachThreshold }),
    ],
    done: (result) => `${path}: ${outcomeText(result)}`,
  });
  if (outcome !== undefined && !FINE.includes(outcome.result)) context.exitCode = EXIT.refused;
}

function outcomeText({ result, from, to, text }: ExecutionOutcome): string {
  const counts = from === undefined || to === undefined ? "" : ` ${from} -> ${to}`;
  return `${result}${counts}${text === undefined ? "" : `: ${text}`}`;
}
