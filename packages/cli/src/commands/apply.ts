import type { Control } from "@bellows/control-plane";
import { ConfigError } from "@bellows/core";
import { confirm } from "../confirm.js";
import { type Context, note, say } from "../context.js";
import type { Globals } from "../globals.js";
import { withControl } from "../open-control.js";
import { printDocument } from "../output.js";
import { awaited } from "../progress.js";
import { describeChange, withoutSecrets } from "../resource-text.js";
import { loadedConfig } from "../workbench.js";
import { tellUnusable } from "./plan.js";

interface ApplyOptions extends Globals {
  prune?: boolean;
  dryRun?: boolean;
}

/** `bellows apply`: shows the difference, asks, makes it so. */
export async function run(context: Context, options: ApplyOptions): Promise<void> {
  const load = (): ReturnType<typeof loadedConfig> => loadedConfig(context, options);
  await withControl(context, options, load, async ({ control, remote }) => {
    if (remote) await refuseStale(await control.reload());
    await apply(context, options, control);
  });
}

async function apply(context: Context, options: ApplyOptions, control: Control): Promise<void> {
  const prune = options.prune === true;
  const planned = await control.plan(undefined, { prune, decide: false });
  tellUnusable(context, planned.unusable);
  const resources = withoutSecrets(context, planned.resources);
  const todo = resources.filter((resource) => resource.action !== "none");
  if (!options.json)
    for (const resource of todo) for (const line of describeChange(resource)) note(context, line);
  if (todo.length === 0 || options.dryRun) {
    if (!printDocument(context, options, { applied: 0, resources }))
      say(context, todo.length === 0 ? "nothing to change" : `${todo.length} to change`);
    return;
  }
  const destroys = todo.some((resource) => resource.action === "delete");
  const question = `${destroys ? "This removes things. " : ""}Make these ${todo.length} changes?`;
  if (!(await confirm(context, options, question))) return;
  const applied = await awaited(context, options, `making ${todo.length} changes`, control.apply({ prune }));
  if (!printDocument(context, options, { applied, resources })) say(context, `${applied} changed`);
}

async function refuseStale(faults: readonly string[]): Promise<void> {
  if (faults.length > 0)
    throw new ConfigError(`the running controller refuses the file:\n${faults.join("\n")}`);
}
