import { NotFoundError, type Region } from "@bellows/core";
import type { Command } from "commander";
import type { Context } from "../context.js";
import type { Globals } from "../globals.js";
import { printRows, printThing } from "../output.js";
import { handle } from "./handle.js";
import { withProvider } from "./provider-call.js";

/** `bellows regions`. */
export function add(regions: Command, context: Context): void {
  regions.command("list").description("all regions of a provider").action(handle(context, list));
  regions.command("get <region>").description("one region and its endpoint").action(handle(context, get));
}

const read = (context: Context, options: Globals): Promise<Region[]> =>
  withProvider(context, options, (provider) => provider.invoke<Region[]>("regions.list"));

async function list(context: Context, options: Globals): Promise<void> {
  printRows(context, options, await read(context, options), [
    ["REGION", (region) => region.name],
    ["ENDPOINT", (region) => region.endpoint],
    ["CURRENT", (region) => (region.current ? "yes" : "no")],
  ]);
}

async function get(context: Context, options: Globals, name: string): Promise<void> {
  const all = await read(context, options);
  const found = all.find((region) => region.name === name);
  if (found === undefined)
    throw new NotFoundError(`there is no region ${name}`, {
      resource: name,
      hint: `regions: ${all.map((region) => region.name).join(", ")}`,
    });
  printThing(context, options, found);
}
