import type { LaunchConfiguration, LaunchVersion, Metadata, StandaloneLaunch } from "@bellows/core";
import type { Command } from "commander";
import type { Context } from "../context.js";
import type { Globals } from "../globals.js";
import { examples } from "../help-examples.js";
import { printRows, printThing } from "../output.js";
import { handle } from "./handle.js";
import { addLaunchOptions, type LaunchOptions, launchOf } from "./launch-options.js";
import { editMetadata, type MetadataOptions } from "./metadata.js";
import { destroys, toPairs, writes } from "./option-values.js";
import {
  findGroup,
  findThing,
  type Provider,
  type WriteOptions,
  withProvider,
  withTarget,
  write,
} from "./provider-call.js";

/** `bellows launch`. */
export function add(launch: Command, context: Context): void {
  examples(
    launch.command("get <group>").description("what a group's new instances are made from"),
    "launch get web",
  ).action(handle(context, get));
  examples(
    addLaunchOptions(writes(launch.command("patch <group>").description("change some of it, keep the rest"))),
    "launch patch web --image my-newer-ami",
  ).action(handle(context, patch));
  examples(
    addLaunchOptions(writes(launch.command("set <group>").description("replace it whole"))),
    "launch set web --command node --arg server.mjs",
  ).action(handle(context, set));
  launch
    .command("history <group>")
    .description("its versions, newest first")
    .action(handle(context, history));
  examples(
    writes(launch.command("rollback <group> <version>").description("make an earlier version current again")),
    "launch rollback web 3",
  ).action(handle(context, rollback));
  examples(
    writes(launch.command("metadata <group>").description("labels of its servers; with --set change them"))
      .option("--set <key=value>", "set this one (repeatable)", toPairs)
      .option("--replace", "make those given the only ones"),
    "launch metadata web --set mykey=myvalue",
  ).action(handle(context, metadata));
  launch.command("list").description("launch configurations that stand alone").action(handle(context, list));
  examples(
    destroys(launch.command("delete <name>").description("delete one that stands alone")),
    "launch delete my-launch_config",
  ).action(handle(context, remove));
}

const read = (provider: Provider, ref: string): Promise<LaunchConfiguration> =>
  provider.invoke<LaunchConfiguration>("launch.get", ref);

async function get(context: Context, options: Globals, group: string): Promise<void> {
  printThing(context, options, await withTarget(context, options, findGroup, group, read));
}

async function patch(context: Context, options: WriteOptions & LaunchOptions, group: string): Promise<void> {
  await change(context, options, group, "patch");
}

async function set(context: Context, options: WriteOptions & LaunchOptions, group: string): Promise<void> {
  await change(context, options, group, "set");
}

async function change(
  context: Context,
  options: WriteOptions & LaunchOptions,
  group: string,
  how: "set" | "patch",
): Promise<void> {
  await write<LaunchConfiguration>(context, options, {
    find: findGroup,
    name: group,
    method: `launch.${how}`,
    args: [launchOf(context, options, how === "set")],
    done: () => `${group}: new instances are made from it; those that run stay as they are`,
  });
}

async function history(context: Context, options: Globals, group: string): Promise<void> {
  const versions = await withTarget(context, options, findGroup, group, (provider, ref) =>
    provider.invoke<LaunchVersion[]>("launch.history", ref),
  );
  printRows(context, options, versions, [
    ["VERSION", (version) => version.version],
    ["MADE", (version) => new Date(version.createdAtMs).toISOString()],
    ["CURRENT", (version) => (version.current ? "yes" : "no")],
    ["LAUNCH", (version) => version.launch],
  ]);
}

async function rollback(
  context: Context,
  options: WriteOptions,
  group: string,
  version: string,
): Promise<void> {
  await write<LaunchConfiguration>(context, options, {
    find: findGroup,
    name: group,
    method: "launch.rollback",
    args: [version],
    done: () => `${group}: new instances are made from version ${version}; those that run stay as they are`,
  });
}

async function metadata(context: Context, options: MetadataOptions, group: string): Promise<void> {
  await editMetadata(context, options, {
    find: findGroup,
    name: group,
    noun: "launch",
    read: async (provider, ref): Promise<Metadata> => (await read(provider, ref)).metadata ?? {},
  });
}

async function list(context: Context, options: Globals): Promise<void> {
  const found = await withProvider(context, options, (provider) =>
    provider.invoke<StandaloneLaunch[]>("launch.list"),
  );
  printRows(context, options, found, [
    ["NAME", (one) => one.name],
    ["ID", (one) => one.id],
    ["USED BY", (one) => one.usedBy],
  ]);
}

async function remove(context: Context, options: WriteOptions, name: string): Promise<void> {
  await write<undefined>(context, options, {
    find: findThing,
    name,
    method: "launch.delete",
    args: [],
    question: `Delete launch configuration ${name}?`,
    done: () => `${name}: deleted`,
    document: () => ({ launch: name, result: "deleted" }),
  });
}
