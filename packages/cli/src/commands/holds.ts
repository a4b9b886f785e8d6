import type { Control, HoldRequest } from "@bellows/control-plane";
import { formatDuration, parseDuration } from "@bellows/core";
import { type Context, say } from "../context.js";
import type { Globals } from "../globals.js";
import { withControl } from "../open-control.js";
import { printDocument } from "../output.js";
import { loadedConfig } from "../workbench.js";

interface HoldOptions extends Globals {
  for?: string;
  reason?: string;
}

/** `bellows pause GROUP`. */
export function pause(context: Context, options: HoldOptions, group: string): Promise<void> {
  const hold = holdOf(context, options);
  return change(context, options, group, `paused${span(hold)}`, (control) => control.pause(group, hold));
}

/** `bellows resume GROUP`. */
export function resume(context: Context, options: Globals, group: string): Promise<void> {
  return change(context, options, group, "resumed", (control) => control.resume(group));
}

/** `bellows pin GROUP --to N`. */
export function pin(context: Context, options: HoldOptions & { to: number }, group: string): Promise<void> {
  const hold = holdOf(context, options);
  return change(context, options, group, `pinned to ${options.to}${span(hold)}`, (control) =>
    control.pin(group, options.to, hold),
  );
}

/** `bellows unpin GROUP`. */
export function unpin(context: Context, options: Globals, group: string): Promise<void> {
  return change(context, options, group, "unpinned", (control) => control.unpin(group));
}

async function change(
  context: Context,
  options: Globals,
  group: string,
  done: string,
  work: (control: Control) => Promise<void>,
): Promise<void> {
  await withControl(
    context,
    options,
    () => loadedConfig(context, options),
    ({ control }) => work(control),
  );
  if (!printDocument(context, options, { group, result: "done" })) say(context, `${group}: ${done}`);
}

function holdOf(context: Context, options: HoldOptions): HoldRequest {
  const by = context.env.USER ?? context.env.LOGNAME;
  return {
    ...(options.for === undefined ? {} : { forMs: parseDuration(options.for, "--for") }),
    ...(options.reason === undefined ? {} : { reason: options.reason }),
    ...(by === undefined ? {} : { by }),
  };
}

function span(hold: HoldRequest): string {
  return hold.forMs === undefined ? "" : ` for ${formatDuration(hold.forMs)}`;
}
