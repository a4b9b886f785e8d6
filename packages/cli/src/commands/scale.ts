import { ConfigError, formatDuration, parseDuration, renderReason, type SimpleAdjust } from "@bellows/core";
import { type Context, note, say } from "../context.js";
import { EXIT } from "../exit-codes.js";
import type { Globals } from "../globals.js";
import { withControl } from "../open-control.js";
import { printDocument } from "../output.js";
import { loadedConfig } from "../workbench.js";
import { decisionOf } from "./plan.js";

interface ScaleOptions extends Globals {
  to?: number;
  by?: string;
  keep?: string;
  dryRun?: boolean;
}

/** `bellows scale GROUP --to N | --by ±N`: an order by hand. */
export async function run(context: Context, options: ScaleOptions, group: string): Promise<void> {
  const adjust = readAdjust(options);
  const keepMs = options.keep === undefined ? undefined : parseDuration(options.keep, "--keep");
  if (options.dryRun) {
    say(
      context,
      `would order ${group}: ${JSON.stringify(adjust)}${keepMs === undefined ? "" : `, kept for ${formatDuration(keepMs)}`}`,
    );
    return;
  }
  const by = context.env.USER ?? context.env.LOGNAME;
  const result = await withControl(
    context,
    options,
    () => loadedConfig(context, options),
    ({ control }) =>
      control.order(group, {
        origin: { kind: "manual", ...(by === undefined ? {} : { by }) },
        adjust,
        skipCooldowns: true,
        endKeeps: true,
        ...(keepMs === undefined ? {} : { keepMs }),
      }),
  );
  const { outcome, record } = result;
  const printed = printDocument(context, options, { outcome, record: decisionOf(record) });
  const reasons = record.reasons.map(renderReason).join("; ");
  if (outcome === "executed" && !printed)
    say(
      context,
      `${group}: ${record.from} -> ${record.to}${keepMs === undefined ? "" : `, at least so many for ${formatDuration(keepMs)}`}`,
    );
  else if (outcome === "unchanged" && !printed)
    say(context, `${group}: unchanged at ${record.to}: ${reasons}`);
  else if (outcome === "observed" && !printed)
    say(context, `${group}: only recorded (mode observe): ${reasons}`);
  if (outcome === "executed" || outcome === "unchanged" || outcome === "observed") return;
  if (!printed)
    note(
      context,
      `${group}: ${outcome}: ${record.outcomes.find((step) => step.error !== undefined)?.error ?? reasons}`,
    );
  context.exitCode = outcome === "failed" ? EXIT.failed : EXIT.refused;
}

function readAdjust(options: ScaleOptions): SimpleAdjust {
  if ((options.to === undefined) === (options.by === undefined))
    throw new ConfigError("scale needs either --to or --by", {
      hint: "bellows scale web --to 4, or --by +2",
    });
  if (options.to !== undefined) return { desired: options.to };
  const match = /^([+-]\d+(?:\.\d+)?)(%?)$/.exec(options.by?.trim() ?? "");
  const amount = Number(match?.[1]);
  if (match === null || amount === 0 || (match[2] === "" && !Number.isInteger(amount))) {
    throw new ConfigError(`--by ${options.by}: a change wears its sign`, {
      hint: "write +2, -1 or +50%; for an exact count use --to",
    });
  }
  return match[2] === "%" ? { percent: amount } : { change: amount };
}
