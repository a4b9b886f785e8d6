import { type Alarm, type AlarmEvent, type AlarmSpec, ConfigError } from "@bellows/core";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Context } from "../context.js";
import type { Globals } from "../globals.js";
import { examples } from "../help-examples.js";
import { printRows, printThing } from "../output.js";
import { handle } from "./handle.js";
import {
  destroys,
  given,
  toAnyNumber,
  toCount,
  toList,
  toObject,
  toPairs,
  toSpan,
  writes,
} from "./option-values.js";
import { findThing, splitPath, type WriteOptions, withProvider, withTarget, write } from "./provider-call.js";

/** `bellows alarms`. */
export function add(alarms: Command, context: Context): void {
  alarms.command("list").description("all alarms of a provider").action(handle(context, list));
  alarms.command("get <alarm>").description("one alarm and its state").action(handle(context, get));
  examples(
    addFields(writes(alarms.command("create <alarm>").description("make an alarm that executes policies"))),
    "alarms create busy --metric AWS/EC2:CPUUtilization --stat Average --dimension AutoScalingGroupName=web \\\n    --above 70 --period 1m --periods 2 --execute web/up",
  ).action(handle(context, create));
  addFields(writes(alarms.command("update <alarm>").description("change it; what is left out stays"))).action(
    handle(context, update),
  );
  destroys(alarms.command("delete <alarm>").description("delete it")).action(handle(context, remove));
  addSwitches(alarms, context);
  alarms
    .command("history <alarm>")
    .description("what became of it, newest first")
    .action(handle(context, history));
}

function addSwitches(alarms: Command, context: Context): void {
  writes(alarms.command("enable <alarm>").description("let it execute its policies")).action(
    handle(context, (...all: [Context, WriteOptions, string]) => enable(true, ...all)),
  );
  writes(alarms.command("disable <alarm>").description("it goes on watching, and executes nothing")).action(
    handle(context, (...all: [Context, WriteOptions, string]) => enable(false, ...all)),
  );
  examples(
    writes(alarms.command("set-state <alarm>").description("put it into a state, until its next look"))
      .addOption(
        new Option("--state <state>", "the state")
          .choices(["ok", "alarm", "insufficient-data"])
          .makeOptionMandatory(),
      )
      .option("--reason <text>", "why", "set by hand"),
    'alarms set-state busy --state alarm --reason "a drill"',
  ).action(handle(context, setState));
}

function addFields(command: Command): Command {
  return command
    .option("--metric <[namespace:]name>", "the cloud's metric: AWS/EC2:CPUUtilization", toMetric)
    .option("--stat <name>", "Average, Maximum, …")
    .option("--dimension <key=value>", "dimension of the metric (repeatable)", toPairs)
    .option("--unit <name>", "unit of the metric")
    .option("--above <n>", "alarm above this", toAnyNumber)
    .option("--at-least <n>", "alarm from this up", toAnyNumber)
    .option("--below <n>", "alarm below this", toAnyNumber)
    .option("--at-most <n>", "alarm from this down", toAnyNumber)
    .option("--period <duration>", "length of one period", toSpan)
    .option("--periods <n>", "so many periods in a row", toCount)
    .option("--periods-to-alarm <n>", "so many of them", toCount)
    .addOption(
      new Option("--missing <how>", "periods without data").choices([
        "ignore",
        "breaching",
        "not-breaching",
        "missing",
      ]),
    )
    .addOption(new Option("--scope <scope>", "what it watches").choices(["group", "instance"]))
    .option("--execute <group/policy>", "executes this policy (repeatable)", toList)
    .option("--native <yaml>", "what only this provider has: '{ … }'", toObject);
}

interface MetricName {
  namespace?: string;
  name: string;
}

function toMetric(text: string): MetricName {
  const at = text.lastIndexOf(":");
  const name = text.slice(at + 1);
  if (name === "") throw new InvalidArgumentError("write NAMESPACE:NAME.");
  return at < 1 ? { name } : { namespace: text.slice(0, at), name };
}

interface AlarmOptions extends WriteOptions {
  metric?: MetricName;
  stat?: string;
  dimension?: Record<string, string>;
  unit?: string;
  above?: number;
  atLeast?: number;
  below?: number;
  atMost?: number;
  period?: number;
  periods?: number;
  periodsToAlarm?: number;
  missing?: AlarmSpec["missing"];
  scope?: AlarmSpec["scope"];
  execute?: string[];
  native?: Record<string, unknown>;
}

function fieldsOf(options: AlarmOptions): Partial<AlarmSpec> {
  const { metric, stat, dimension, unit, above, atLeast, below, atMost } = options;
  return given({
    metric: metric && given({ ...metric, stat, dimensions: dimension, unit }),
    above,
    atLeast,
    below,
    atMost,
    periodMs: options.period,
    periods: options.periods,
    periodsToAlarm: options.periodsToAlarm,
    missing: options.missing,
    scope: options.scope,
    executes: options.execute?.map((path) => {
      const [group, policy] = splitPath(path, "GROUP/POLICY");
      return { group, policy };
    }),
    native: options.native,
  }) as Partial<AlarmSpec>;
}

async function list(context: Context, options: Globals): Promise<void> {
  const found = await withProvider(context, options, (provider) => provider.invoke<Alarm[]>("alarms.list"));
  printRows(context, options, found, [
    ["ALARM", (alarm) => alarm.name],
    ["STATE", (alarm) => alarm.state],
    ["METRIC", (alarm) => alarm.metric.name],
    ["BOUND", boundText],
    ["EXECUTES", (alarm) => alarm.executes?.map(({ group, policy }) => `${group}/${policy}`)],
    ["REPEATS", (alarm) => (alarm.repeats ? "yes" : "no")],
  ]);
}

function boundText({ above, atLeast, below, atMost }: Alarm): string {
  if (above !== undefined) return `> ${above}`;
  if (atLeast !== undefined) return `>= ${atLeast}`;
  if (below !== undefined) return `< ${below}`;
  return atMost === undefined ? "-" : `<= ${atMost}`;
}

async function get(context: Context, options: Globals, name: string): Promise<void> {
  const found = await withTarget(context, options, findThing, name, (provider, ref) =>
    provider.invoke<Alarm>("alarms.get", ref),
  );
  printThing(context, options, found);
}

async function create(context: Context, options: AlarmOptions, name: string): Promise<void> {
  const { metric, periods = 1, periodMs = 60_000, ...rest } = fieldsOf(options);
  const bounds = [options.above, options.atLeast, options.below, options.atMost];
  if (metric === undefined)
    throw new ConfigError("an alarm needs a metric", { hint: "add --metric NAMESPACE:NAME" });
  if (rest.native === undefined && bounds.filter((bound) => bound !== undefined).length !== 1)
    throw new ConfigError("an alarm needs one bound", {
      hint: "give one of --above, --at-least, --below, --at-most",
    });
  await write<Alarm>(context, options, {
    find: findThing,
    name,
    method: "alarms.create",
    args: () => [{ name, metric, periodMs, periods, ...rest }],
    done: (alarm) =>
      `${alarm.name}: created; it executes ${alarm.repeats ? "again and again while the state lasts" : "when its state changes"}`,
  });
}

async function update(context: Context, options: AlarmOptions, name: string): Promise<void> {
  await write<Alarm>(context, options, {
    find: findThing,
    name,
    method: "alarms.update",
    args: [fieldsOf(options)],
    done: () => `${name}: updated`,
  });
}

async function remove(context: Context, options: WriteOptions, name: string): Promise<void> {
  await write<undefined>(context, options, {
    find: findThing,
    name,
    method: "alarms.delete",
    args: [],
    question: `Delete alarm ${name}?`,
    done: () => `${name}: deleted`,
    document: () => ({ alarm: name, result: "deleted" }),
  });
}

async function enable(
  enabled: boolean,
  context: Context,
  options: WriteOptions,
  name: string,
): Promise<void> {
  const result = enabled ? "enabled" : "disabled";
  await write<undefined>(context, options, {
    find: findThing,
    name,
    method: "alarms.enable",
    args: [enabled],
    done: () => `${name}: ${result}`,
    document: () => ({ alarm: name, result }),
  });
}

async function setState(
  context: Context,
  options: WriteOptions & { state: Alarm["state"]; reason: string },
  name: string,
): Promise<void> {
  const { state, reason } = options;
  await write<undefined>(context, options, {
    find: findThing,
    name,
    method: "alarms.setState",
    args: [state, reason],
    done: () => `${name}: ${state}`,
    document: () => ({ alarm: name, state }),
  });
}

async function history(context: Context, options: Globals, name: string): Promise<void> {
  const events = await withTarget(context, options, findThing, name, (provider, ref) =>
    provider.invoke<AlarmEvent[]>("alarms.history", ref),
  );
  printRows(context, options, events, [
    ["AT", (event) => new Date(event.atMs).toISOString()],
    ["KIND", (event) => event.kind],
    ["WHAT", (event) => event.text],
  ]);
}
