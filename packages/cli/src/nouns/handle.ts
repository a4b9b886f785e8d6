import type { Context } from "../context.js";
import { lazy } from "../lazy.js";

/** A command's action: context, options, then its arguments. */
export function handle<O, A extends unknown[]>(
  context: Context,
  run: (context: Context, options: O, ...args: A) => Promise<void>,
): (...all: unknown[]) => Promise<void> {
  return lazy(context, async () => ({
    run: run as (context: Context, options: object, ...args: A) => Promise<void>,
  }));
}
