import { createRequire } from "node:module";
import type { Logger } from "@bellows/core";
import type { DestinationStream } from "pino";
import type { Context } from "./context.js";
import type { Globals } from "./globals.js";

type Level = "debug" | "info" | "warn" | "error" | "silent";

/** `LOG_LEVEL`, with the words people also use; `--verbose` and `--quiet` go before it. */
export function logLevel(context: Context, globals: Globals, usual: Level): Level {
  if (globals.quiet) return "error";
  if (globals.verbose) return "debug";
  const named = (context.env.LOG_LEVEL ?? "").toLowerCase();
  const level = { warning: "warn", fatal: "error", trace: "debug", off: "silent" }[named] ?? named;
  return ["debug", "info", "warn", "error", "silent"].includes(level) ? (level as Level) : usual;
}

/**
 * Logs go to stderr. Commands are quiet (warnings and worse); the daemon tells what it does.
 * The library underneath is loaded with the first line that is really written.
 */
export function logger(context: Context, globals: Globals, usual: Level = "warn"): Logger {
  const order: Level[] = ["debug", "info", "warn", "error", "silent"];
  const from = order.indexOf(logLevel(context, globals, usual));
  let pino: Logger | undefined;
  const write = (level: "debug" | "info" | "warn" | "error") => (data: object, message: string) => {
    if (order.indexOf(level) < from) return;
    pino ??= makePino(context, globals);
    pino[level](data, message);
  };
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}

function makePino(context: Context, globals: Globals): Logger {
  const require = createRequire(import.meta.url);
  const { pino } = require("pino") as typeof import("pino");
  const options = {
    level: "debug",
    base: null,
    timestamp: () => `,"time":"${new Date(context.clock.now()).toISOString()}"`,
    errorKey: "error",
  };
  if ((globals.logFormat ?? (context.terminal ? "pretty" : "json")) === "json")
    return pino(options, context.stderr);
  const makePretty = require("pino-pretty") as (settings: object) => DestinationStream;
  const pretty = makePretty({
    colorize: context.colors,
    destination: context.stderr,
    ignore: "pid,hostname",
    sync: true,
  });
  return pino(options, pretty);
}
