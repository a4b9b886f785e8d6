import type { Cluster, ContainerInstance } from "@bellows/core";
import type { Command } from "commander";
import type { Context } from "../context.js";
import type { Globals } from "../globals.js";
import { printRows, printThing } from "../output.js";
import { handle } from "./handle.js";
import { findThing, withProvider, withTarget } from "./provider-call.js";

/** `bellows clusters`. */
export function add(clusters: Command, context: Context): void {
  clusters.command("list").description("all container clusters").action(handle(context, list));
  clusters.command("get <cluster>").description("one cluster and its instances").action(handle(context, get));
}

async function list(context: Context, options: Globals): Promise<void> {
  const found = await withProvider(context, options, (provider) =>
    provider.invoke<Cluster[]>("clusters.list"),
  );
  printRows(context, options, found, [
    ["CLUSTER", (cluster) => cluster.name],
    ["SERVICES", (cluster) => cluster.services],
    ["INSTANCES", (cluster) => cluster.instances],
  ]);
}

async function get(context: Context, options: Globals, name: string): Promise<void> {
  const found = await withTarget(context, options, findThing, name, async (provider, ref) => ({
    ...(await provider.invoke<Cluster>("clusters.get", ref)),
    hosts: await provider.invoke<ContainerInstance[]>("clusters.instances", ref),
  }));
  printThing(context, options, found);
}
