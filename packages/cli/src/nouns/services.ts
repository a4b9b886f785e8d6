import { NotFoundError, type Service } from "@bellows/core";
import type { Command } from "commander";
import type { Context } from "../context.js";
import type { Globals } from "../globals.js";
import { examples } from "../help-examples.js";
import { printRows, printThing } from "../output.js";
import { handle } from "./handle.js";
import { toCount, waits, writes } from "./option-values.js";
import { findThing, splitPath, type WriteOptions, waitOptions, withTarget, write } from "./provider-call.js";

const FORM = "CLUSTER/SERVICE";

/** `bellows services`. */
export function add(services: Command, context: Context): void {
  services.command("list <cluster>").description("services of a cluster").action(handle(context, list));
  services.command("get <cluster/service>").description("one service").action(handle(context, get));
  examples(
    waits(
      writes(services.command("scale <cluster/service>").description("set how many tasks it has")),
    ).requiredOption("--to <n>", "so many", toCount),
    "services scale my_cluster/worker --to 3",
  ).action(handle(context, scale));
}

function read(context: Context, options: Globals, cluster: string): Promise<Service[]> {
  return withTarget(context, options, findThing, cluster, (provider, ref) =>
    provider.invoke<Service[]>("clusters.services", ref),
  );
}

async function list(context: Context, options: Globals, cluster: string): Promise<void> {
  printRows(context, options, await read(context, options, cluster), [
    ["SERVICE", (service) => service.name],
    ["DESIRED", (service) => service.desired],
    ["RUNNING", (service) => service.running],
    ["PENDING", (service) => service.pending],
  ]);
}

async function get(context: Context, options: Globals, path: string): Promise<void> {
  const [cluster, name] = splitPath(path, FORM);
  const all = await read(context, options, cluster);
  const found = all.find((service) => service.name === name || service.id === name);
  if (found === undefined)
    throw new NotFoundError(`cluster ${cluster} has no service ${name}`, {
      resource: path,
      hint: `services there: ${all.map((service) => service.name).join(", ") || "none"}`,
    });
  printThing(context, options, found);
}

async function scale(context: Context, options: WriteOptions & { to: number }, path: string): Promise<void> {
  const [cluster, service] = splitPath(path, FORM);
  await write<undefined>(context, options, {
    find: findThing,
    name: cluster,
    method: "clusters.scaleService",
    args: [service, options.to, waitOptions(context, options)],
    done: () => `${path}: ${options.to} wanted`,
    document: () => ({ service: path, desired: options.to }),
  });
}
