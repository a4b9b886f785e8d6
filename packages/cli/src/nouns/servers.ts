import { isBellowsError, NotFoundError, type Server } from "@bellows/core";
import type { Command } from "commander";
import type { Context } from "../context.js";
import type { Globals } from "../globals.js";
import { examples } from "../help-examples.js";
import { printRows, printThing } from "../output.js";
import { handle } from "./handle.js";
import { toPairs } from "./option-values.js";
import { findThing, type Provider, withProvider, withTarget } from "./provider-call.js";

/** `bellows servers`. */
export function add(servers: Command, context: Context): void {
  examples(
    servers
      .command("list")
      .description("all servers, or those with a label")
      .option("--label <key=value>", "only with this label (repeatable)", toPairs),
    "servers list",
    "servers list --label bellows:group=web",
  ).action(handle(context, list));
  servers.command("get <server>").description("one server").action(handle(context, get));
}

async function list(context: Context, options: Globals & { label?: Record<string, string> }): Promise<void> {
  const filter = options.label === undefined ? {} : { labels: options.label };
  const found = await withProvider(context, options, (provider) =>
    provider.invoke<Server[]>("servers.list", filter),
  );
  printRows(context, options, found, [
    ["SERVER", (server) => server.id],
    ["NAME", (server) => server.name],
    ["STATUS", (server) => server.status],
    ["ADDRESS", ({ addresses: [first], port }) => (first && port ? `${first}:${port}` : first)],
    ["IMAGE", (server) => server.image],
    ["CREATED", (server) => new Date(server.createdAtMs).toISOString()],
  ]);
}

async function get(context: Context, options: Globals, name: string): Promise<void> {
  printThing(context, options, await withTarget(context, options, findThing, name, read));
}

async function read(provider: Provider, ref: string): Promise<Server> {
  try {
    return await provider.invoke<Server>("servers.get", ref);
  } catch (error) {
    if (!isBellowsError(error, "unsupported")) throw error;
  }
  const all = await provider.invoke<Server[]>("servers.list");
  const found = all.find(({ id, name }) => id === ref || name === ref);
  if (found !== undefined) return found;
  throw new NotFoundError(`provider ${provider.key} has no server ${ref}`, {
    resource: ref,
    hint: "bellows servers list shows those there are",
  });
}
