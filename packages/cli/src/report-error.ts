import { isBellowsError } from "@bellows/core";
import pc from "picocolors";
import { type Context, note, say } from "./context.js";
import { EXIT, exitCodeOf } from "./exit-codes.js";
import { StoppedWaitingError } from "./progress.js";
import { FaultyConfigError } from "./workbench.js";

/** Says on stderr what failed and what to do, in one line; with `verbose` also the causes. @returns the exit code. */
export function reportError(
  context: Context,
  error: unknown,
  options: { verbose: boolean; json: boolean },
): number {
  if (context.signal.aborted) {
    const told = error instanceof StoppedWaitingError ? error.message : "what was already asked for goes on";
    note(context, `interrupted; ${told}`);
    return EXIT.interrupted;
  }
  const code = exitCodeOf(error);
  if (options.json) say(context, JSON.stringify({ error: describe(error) }));
  if (error instanceof FaultyConfigError) note(context, error.message);
  else note(context, line(context, error));
  if (options.verbose) for (const cause of causes(error)) note(context, `  because: ${cause}`);
  return code;
}

function describe(error: unknown): object {
  if (error instanceof FaultyConfigError) return { code: "config", faults: error.faults };
  if (!isBellowsError(error)) return { code: "internal", message: String(error) };
  const { code, message, hint, provider, operation, resource, requestId, retryAfterMs } = error;
  return { code, message, hint, provider, operation, resource, requestId, retryAfterMs };
}

function line(context: Context, error: unknown): string {
  const colors = pc.createColors(context.colors);
  const head = colors.red("error:");
  if (!isBellowsError(error)) return `${head} ${error instanceof Error ? error.message : String(error)}`;
  const hint = error.hint === undefined ? "" : `\n${colors.dim("  hint:")} ${error.hint}`;
  return `${head} ${error.message}${hint}`;
}

function* causes(error: unknown): Generator<string> {
  const id =
    isBellowsError(error) && error.requestId !== undefined ? `request ${error.requestId}` : undefined;
  if (id !== undefined) yield id;
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause === undefined) return;
  yield cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  yield* causes(cause);
}
