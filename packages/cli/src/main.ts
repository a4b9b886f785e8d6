import { Command, CommanderError, Option } from "commander";
import { type Context, processContext } from "./context.js";
import { EXIT } from "./exit-codes.js";
import { addPlainExample } from "./help-examples.js";
import { addNouns } from "./nouns.js";
import { addVerbs } from "./verbs.js";

/** Runs the command line and sets the process's exit code. Each command loads only what it uses. */
export async function main(argv: readonly string[]): Promise<void> {
  const context = processContext(argv);
  process.exitCode = await run(argv, context);
  // What was waited for may still be polling: nobody waits for it any more.
  if (context.signal.aborted) process.exit();
}

/** Runs the command line in a context; @returns the exit code. Never throws. */
export async function run(argv: readonly string[], context: Context): Promise<number> {
  try {
    const words = new Set(argv.slice(2));
    const whole = words.has("complete") || words.has("completion");
    const program = await createProgram(context, whole ? "all" : words);
    await program.parseAsync([...argv]);
    return context.signal.aborted && !context.signalHandled && context.exitCode === EXIT.done
      ? EXIT.interrupted
      : context.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    const { reportError } = await import("./report-error.js");
    return reportError(context, error, {
      verbose: argv.includes("--verbose"),
      json: argv.includes("--json"),
    });
  }
}

/**
 * The grammar, without what its commands do: that is loaded when one runs.
 * @param wanted - commands that are filled in with their verbs and common options; the others are only named.
 */
export async function createProgram(
  context: Context,
  wanted: ReadonlySet<string> | "all" = "all",
): Promise<Command> {
  const program = new Command("bellows")
    .description(
      "An autoscaler: watches metrics, decides by policies that can be explained, grows and shrinks groups.",
    )
    .helpCommand(true)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void context.stdout.write(text),
      writeErr: (text) => void context.stderr.write(text),
      getOutHasColors: () => context.colors,
      getErrHasColors: () => context.colors,
    })
    .showSuggestionAfterError(true)
    .showHelpAfterError("(bellows --help shows the commands; --help after one shows its options)")
    .version("", "--version", "print the version")
    .addHelpText("after", EXAMPLES);
  program.on("option:version", () => {});
  addVerbs(program, context);
  await addNouns(program, context, wanted);
  for (const command of program.commands)
    if (wanted === "all" || wanted.has(command.name()))
      for (const leaf of leavesOf(command)) {
        addGlobals(leaf);
        addPlainExample(leaf);
      }
  if (wanted === "all") (await import("./completion.js")).addCompletion(program);
  else
    program.command("completion").description("completion script for bash, zsh or fish").argument("<shell>");
  return program;
}

const EXAMPLES = `
Examples:
  bellows demo                          watch a group breathe, with nothing set up
  bellows init && bellows run --apply   a first config, and go
  bellows explain web                   why it did, or did not, scale
`;

function* leavesOf(command: Command): Generator<Command> {
  if (command.commands.length === 0) yield command;
  for (const child of command.commands) yield* leavesOf(child);
}

/** The options that every command takes, listed apart in its help. */
function addGlobals(command: Command): void {
  const own = new Set(command.options.map((option) => option.long));
  const options = [
    new Option(
      "-c, --config <file>",
      "config file (default: bellows.yaml from here upward, then $BELLOWS_CONFIG)",
    ).argParser((file: string, before: string[] | undefined) => [...(before ?? []), file]),
    new Option("--provider <key>", "provider of the file, or one by name without a file"),
    new Option("--region <name>", "region, for a provider without a file"),
    new Option("--server <url>", "speak to a running Bellows ($BELLOWS_SERVER)"),
    new Option("--json", "one JSON document on stdout"),
    new Option("--output <format>", "table, json or yaml").choices(["table", "json", "yaml"]),
    new Option("--columns <names>", "columns of tables, separated by commas"),
    new Option("--sort <column>", "sort tables by a column"),
    new Option("-q, --quiet", "errors alone on stderr"),
    new Option("--verbose", "more on stderr: debug logs, causes of errors with request ids"),
    new Option("--no-color", "no colours"),
    new Option("--log-format <format>", "logs as pretty or json").choices(["pretty", "json"]),
  ];
  command.optionsGroup("Common options:");
  for (const option of options) if (!own.has(option.long)) command.addOption(option);
}
