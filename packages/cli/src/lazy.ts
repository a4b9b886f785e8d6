import type { Context } from "./context.js";
import type { Globals } from "./globals.js";

/** Wraps a lazily loaded command: `load` runs first, then its `run` with context, arguments and options. */
export function lazy<A extends unknown[], O extends Globals>(
  context: Context,
  load: () => Promise<{ run: (context: Context, options: O, ...args: A) => Promise<void> }>,
): (...all: unknown[]) => Promise<void> {
  return async (...all) => {
    const args = all.slice(0, -2) as A;
    const options = all.at(-2) as O;
    const { run: execute } = await load();
    await execute(context, options, ...args);
  };
}
