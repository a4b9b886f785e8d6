import { renderFaults } from "@bellows/core";
import { type Context, note, say } from "../context.js";
import { EXIT } from "../exit-codes.js";
import type { Globals } from "../globals.js";
import { configFile, tryLoad } from "../workbench.js";

/** `bellows validate`: every fault at once, then the warnings. */
export async function run(context: Context, options: Globals): Promise<void> {
  const file = configFile(context, options);
  const loaded = await tryLoad(context, file);
  const faults = "faults" in loaded ? loaded.faults : [];
  if (options.json)
    say(context, JSON.stringify({ file, valid: faults.length === 0, faults, warnings: loaded.warnings }));
  if (faults.length > 0) {
    note(context, renderFaults(faults));
    context.exitCode = EXIT.usage;
  }
  if (loaded.warnings.length > 0 && !options.quiet)
    note(context, renderFaults(loaded.warnings).replaceAll(/^(\S+:\d+:\d+: )/gm, "$1warning: "));
  if (faults.length > 0 || options.json || !("config" in loaded)) return;
  const { groups, loadBalancers, clusters } = loaded.config;
  const counts = [
    count(groups, "group"),
    count(loadBalancers, "load balancer"),
    count(clusters, "cluster"),
  ].filter((text) => text !== "");
  say(context, `${file}: valid${counts.length === 0 ? "" : ` (${counts.join(", ")})`}`);
}

function count(things: object, noun: string): string {
  const many = Object.keys(things).length;
  return many === 0 ? "" : `${many} ${noun}${many === 1 ? "" : "s"}`;
}
