import { ConfigError, type DecisionRecord, explainRecord, readDuration } from "@bellows/core";
import { type Context, say } from "../context.js";
import type { Globals } from "../globals.js";
import { withControl } from "../open-control.js";
import { printDocument } from "../output.js";
import { loadedConfig } from "../workbench.js";
import { decisionOf } from "./plan.js";

interface ExplainOptions extends Globals {
  since?: string;
  until?: string;
  last?: number;
}

/** How many records without `--since` or `--last`. */
const USUAL = 5;

/** `bellows explain GROUP`: why it did, or did not, scale. */
export async function run(context: Context, options: ExplainOptions, group: string): Promise<void> {
  const nowMs = context.clock.now();
  const fromMs = options.since === undefined ? undefined : readTime(options.since, nowMs, "--since");
  const toMs = options.until === undefined ? undefined : readTime(options.until, nowMs, "--until");
  const limit = options.last ?? (fromMs === undefined ? USUAL : undefined);
  const range = {
    newestFirst: true,
    ...(fromMs === undefined ? {} : { fromMs }),
    ...(toMs === undefined ? {} : { toMs }),
    ...(limit === undefined ? {} : { limit }),
  };
  const records = await withControl(
    context,
    options,
    () => loadedConfig(context, options),
    async ({ control }) => {
      const found: DecisionRecord[] = [];
      for await (const entry of control.records(group, range)) found.push(entry.value);
      return found.reverse();
    },
    { readOnly: true },
  );
  if (printDocument(context, options, { records: records.map(decisionOf) })) return;
  if (records.length === 0)
    say(
      context,
      `no decision about ${group} ${fromMs === undefined ? "yet: bellows run decides every round" : "in that time"}`,
    );
  for (const [index, record] of records.entries()) {
    if (index > 0) say(context, "");
    for (const line of explainRecord(record)) say(context, line);
  }
}

/**
 * Reads `22:00` (the last time it was so), `2h` (ago) or ISO 8601; @returns milliseconds since the epoch.
 * @throws ConfigError naming the option.
 */
export function readTime(text: string, nowMs: number, option: string): number {
  const clock = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text.trim());
  if (clock !== null) {
    const at = new Date(nowMs);
    at.setHours(Number(clock[1]), Number(clock[2]), 0, 0);
    if (at.getTime() > nowMs) at.setDate(at.getDate() - 1);
    return at.getTime();
  }
  const agoMs = readDuration(text);
  if (typeof agoMs === "number") return nowMs - agoMs;
  const parsed = Date.parse(text);
  if (!Number.isNaN(parsed)) return parsed;
  throw new ConfigError(`${option}: cannot read ${JSON.stringify(text)} as a time`, {
    hint: "write 22:00, 2h (ago) or 2026-01-31T22:00:00Z",
  });
}
