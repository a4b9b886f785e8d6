import type { Webhook } from "@bellows/core";
import type { Command } from "commander";
import { type Context, note } from "../context.js";
import type { Globals } from "../globals.js";
import { examples } from "../help-examples.js";
import { printRows, printThing } from "../output.js";
import { handle } from "./handle.js";
import { editMetadata, type MetadataOptions } from "./metadata.js";
import { destroys, given, toPairs, writes } from "./option-values.js";
import { findGroup, splitPath, type WriteOptions, withTarget, write } from "./provider-call.js";

const FORM = "GROUP/POLICY";

/** `bellows webhooks`. */
export function add(webhooks: Command, context: Context): void {
  examples(
    webhooks.command("list <group/policy>").description("webhooks of a policy, with their links"),
    "webhooks list web/up",
  ).action(handle(context, list));
  webhooks.command("get <group/policy> <webhook>").description("one webhook").action(handle(context, get));
  examples(
    writes(
      webhooks.command("create <group/policy> <webhook>").description("make a link that orders the policy"),
    ).option("--metadata <key=value>", "label (repeatable)", toPairs),
    "webhooks create web/up alarm-1 --metadata owner=webteam",
  ).action(handle(context, create));
  writes(
    webhooks.command("update <group/policy> <webhook>").description("rename or label it; its link stays"),
  )
    .option("--name <name>", "new name")
    .option("--metadata <key=value>", "label (repeatable)", toPairs)
    .action(handle(context, update));
  destroys(
    webhooks
      .command("rotate <group/policy> <webhook>")
      .description("give it a new link; the old one is dead"),
  ).action(handle(context, rotate));
  destroys(
    webhooks.command("delete <group/policy> <webhook>").description("delete it; its link is dead"),
  ).action(handle(context, remove));
  writes(
    webhooks.command("metadata <group/policy> <webhook>").description("its labels; with --set change them"),
  )
    .option("--set <key=value>", "set this one (repeatable)", toPairs)
    .option("--replace", "make those given the only ones")
    .action(handle(context, metadata));
}

async function list(context: Context, options: Globals, path: string): Promise<void> {
  const [group, policy] = splitPath(path, FORM);
  const found = await withTarget(context, options, findGroup, group, (provider, ref) =>
    provider.invoke<Webhook[]>("webhooks.list", ref, policy),
  );
  printRows(context, options, found, [
    ["WEBHOOK", (webhook) => webhook.name],
    ["ID", (webhook) => webhook.id],
    ["URL", (webhook) => webhook.url],
    ["LABELS", (webhook) => Object.entries(webhook.metadata).map(([key, value]) => `${key}=${value}`)],
  ]);
  if (found.some(({ url }) => url === undefined)) tellUrl(context, options);
}

async function get(context: Context, options: Globals, path: string, webhook: string): Promise<void> {
  const [group, policy] = splitPath(path, FORM);
  const found = await withTarget(context, options, findGroup, group, (provider, ref) =>
    provider.invoke<Webhook>("webhooks.get", ref, policy, webhook),
  );
  printThing(context, options, found);
  if (found.url === undefined) tellUrl(context, options);
}

function tellUrl(context: Context, options: Globals): void {
  if (!options.quiet)
    note(context, "links are shown where server.url in the config says what they begin with");
}

async function create(
  context: Context,
  options: WriteOptions & { metadata?: Record<string, string> },
  path: string,
  name: string,
): Promise<void> {
  const made = await change(context, options, {
    path,
    method: "webhooks.create",
    args: [given({ name, metadata: options.metadata })],
    word: "created",
  });
  if (made !== undefined && made.url === undefined) tellUrl(context, options);
}

async function update(
  context: Context,
  options: WriteOptions & { name?: string; metadata?: Record<string, string> },
  path: string,
  webhook: string,
): Promise<void> {
  const patch = given({ name: options.name, metadata: options.metadata });
  await change(context, options, {
    path,
    method: "webhooks.update",
    args: [webhook, patch],
    word: "updated",
  });
}

async function rotate(context: Context, options: WriteOptions, path: string, webhook: string): Promise<void> {
  await change(context, options, {
    path,
    method: "webhooks.rotate",
    args: [webhook],
    word: "has a new link",
    question: `End the link of webhook ${webhook} of ${path}?`,
  });
}

async function change(
  context: Context,
  options: WriteOptions,
  wanted: { path: string; method: string; args: unknown[]; word: string; question?: string },
): Promise<Webhook | undefined> {
  const [group, policy] = splitPath(wanted.path, FORM);
  return write<Webhook>(context, options, {
    find: findGroup,
    name: group,
    method: wanted.method,
    args: [policy, ...wanted.args],
    ...(wanted.question === undefined ? {} : { question: wanted.question }),
    done: (webhook) => webhook.url ?? `${wanted.path} ${webhook.name}: ${wanted.word}`,
  });
}

async function remove(context: Context, options: WriteOptions, path: string, webhook: string): Promise<void> {
  const [group, policy] = splitPath(path, FORM);
  await write<undefined>(context, options, {
    find: findGroup,
    name: group,
    method: "webhooks.delete",
    args: [policy, webhook],
    question: `Delete webhook ${webhook} of ${path}?`,
    done: () => `${path} ${webhook}: deleted`,
    document: () => ({ policy: path, webhook, result: "deleted" }),
  });
}

async function metadata(
  context: Context,
  options: MetadataOptions,
  path: string,
  name: string,
): Promise<void> {
  const [group, policy] = splitPath(path, FORM);
  await editMetadata(context, options, {
    find: findGroup,
    name: group,
    noun: "webhooks",
    address: (ref) => `${ref}/${policy}/${name}`,
    read: async (provider, ref) =>
      (await provider.invoke<Webhook>("webhooks.get", ref, policy, name)).metadata,
  });
}
