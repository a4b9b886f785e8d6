import { createInterface } from "node:readline/promises";
import { ConfigError } from "@bellows/core";
import { type Context, note } from "./context.js";
import type { Globals } from "./globals.js";

/**
 * Asks before something is made or destroyed; `--yes` answers.
 * @throws ConfigError without a terminal and without `--yes`: nobody could have answered.
 */
export async function confirm(context: Context, options: Globals, question: string): Promise<boolean> {
  if (options.yes) return true;
  if (context.stdin.isTTY !== true)
    throw new ConfigError("this asks first, and there is no terminal to ask on", { hint: "add --yes" });
  const reader = createInterface({ input: context.stdin, output: context.stderr });
  try {
    const answer = await reader.question(`${question} [y/N] `, { signal: context.signal });
    if (/^y(es)?$/i.test(answer.trim())) return true;
    note(context, "nothing was changed");
    return false;
  } finally {
    reader.close();
  }
}
