import { type Command, Option } from "commander";
import type { Context } from "./context.js";
import { examples } from "./help-examples.js";
import { lazy } from "./lazy.js";
import { toNumber } from "./whole-number.js";

/** The plain verbs: what people do with a file of theirs. */
export function addVerbs(program: Command, context: Context): void {
  program
    .command("demo")
    .description("a group of real processes breathes under real load, on this machine")
    .option("--seconds <n>", "how long, about (20 to 600)", toNumber(20, 600), 45)
    .action(lazy(context, () => import("./commands/demo.js")));
  program
    .command("init")
    .description("write a commented, valid bellows.yaml; never overwrites")
    .addOption(
      new Option("--template <name>", "what to start from")
        .choices(["local-web", "queue-workers", "aws-asg"])
        .default("local-web"),
    )
    .action(lazy(context, () => import("./commands/init.js")));
  program
    .command("validate")
    .description("check the file: every fault at once, with line and column")
    .action(lazy(context, () => import("./commands/validate.js")));
  program
    .command("plan [groups...]")
    .description(
      "what apply would make or change, and what the next round would decide, and why; changes nothing",
    )
    .option("--exit-code", "exit 10 where something would change")
    .action(lazy(context, () => import("./commands/plan.js")));
  program
    .command("apply")
    .description("show the difference, ask, make it so")
    .option("--prune", "also remove what this file once made and no longer declares")
    .option("--dry-run", "only show it")
    .option("-y, --yes", "do not ask")
    .action(lazy(context, () => import("./commands/apply.js")));
  program
    .command("run")
    .description("run rounds, schedules and HTTP until stopped")
    .option("--apply", "first make what the file declares")
    .option("--once", "one round, then exit")
    .option("--dry-run", "with --once: decide, show, do nothing")
    .action(lazy(context, () => import("./commands/run.js")));
  program
    .command("status [groups...]")
    .description("groups, counts, last decisions, age of each metric")
    .option("-w, --watch", "again whenever something changes")
    .action(lazy(context, () => import("./commands/status.js")));
  program
    .command("explain <group>")
    .description("why it did, or did not, scale")
    .option("--since <time>", "from: 22:00, 2h or ISO 8601 (default: the last decisions)")
    .option("--until <time>", "to: as --since")
    .option("-n, --last <n>", "so many records", toNumber(1, 1_000))
    .action(lazy(context, () => import("./commands/explain.js")));
  program
    .command("scale <group>")
    .description("an order by hand: at once, whatever the cooldowns")
    .option("--to <n>", "to this many instances", toNumber(0, 100_000))
    .option("--by <change>", "by so many, or so much: +2, -1, +50%")
    .option("--keep <duration>", "keep at least the result for so long")
    .option("--dry-run", "only say what would be ordered")
    .action(lazy(context, () => import("./commands/scale.js")));
  program
    .command("pause <group>")
    .description("Bellows takes its hands off the group, repairs included")
    .option("--for <duration>", "how long (default: until resume)")
    .option("--reason <text>", "why; shown by status and explain")
    .action(lazy(context, async () => ({ run: (await import("./commands/holds.js")).pause })));
  program
    .command("resume <group>")
    .description("Bellows goes on with the group")
    .action(lazy(context, async () => ({ run: (await import("./commands/holds.js")).resume })));
  program
    .command("pin <group>")
    .description("hold the group at a count")
    .requiredOption("--to <n>", "the count", toNumber(0, 100_000))
    .option("--for <duration>", "how long (default: until unpin)")
    .option("--reason <text>", "why; shown by status and explain")
    .action(lazy(context, async () => ({ run: (await import("./commands/holds.js")).pin })));
  program
    .command("unpin <group>")
    .description("end a pin")
    .action(lazy(context, async () => ({ run: (await import("./commands/holds.js")).unpin })));
  addImport(program, context);
  program
    .command("permissions")
    .description("the smallest policy that the cloud must grant for the file")
    .addOption(new Option("--for <purpose>", "what is to be done (default: both)").choices(["run", "apply"]))
    .option("--prune", "also what apply --prune needs")
    .action(lazy(context, () => import("./commands/permissions.js")));
  addTokens(program, context);
  program
    .command("plugins")
    .description("what is installed")
    .command("list")
    .description("providers and sources that can be used here, with their versions")
    .action(lazy(context, () => import("./commands/plugins.js")));
  program
    .command("doctor")
    .description("check this machine, the state folder and every provider")
    .action(lazy(context, () => import("./commands/doctor.js")));
  for (const command of program.commands) tellExamples(command);
}

function tellExamples(command: Command): void {
  const lines = EXAMPLES[command.name()];
  if (lines !== undefined) examples(command, ...lines);
}

/** Lines of help, by command. */
const EXAMPLES: Record<string, readonly string[]> = {
  demo: ["demo", "demo --seconds 90"],
  init: [
    "init && bellows validate && bellows run --apply",
    "init --template queue-workers",
    "init --template aws-asg",
  ],
  validate: ["validate", "validate -c shop.yaml --json"],
  plan: ["plan", "plan web --exit-code", "plan --json | jq '.groups[].wouldChangeIf'"],
  apply: ["apply", "apply --dry-run", "apply --prune --yes"],
  run: ["run --apply", "run --once", "run --once --dry-run -c shop.yaml"],
  status: ["status", "status web --watch"],
  explain: ["explain web", "explain web --since 22:00 --until 07:00", "explain web --last 20 --json"],
  scale: ["scale web --to 4", "scale web --by +2 --keep 30m"],
  pause: ["pause web", 'pause web --for 2h --reason "database moves"'],
  resume: ["resume web"],
  pin: ["pin web --to 8 --for 2h"],
  unpin: ["unpin web"],
  permissions: [
    "permissions",
    "permissions --for run -c shop.yaml",
    "permissions --provider prod > policy.json",
  ],
  doctor: ["doctor", "doctor --provider aws --region eu-west-1"],
};

function addImport(program: Command, context: Context): void {
  examples(
    program
      .command("import")
      .description("write a bellows.yaml for what is there already")
      .command("aws <group>")
      .description("for an Auto Scaling group: as an existing one, or with --own as if Bellows made it")
      .option("--own", "write its whole definition")
      .option("--to <file>", "write this file (default: bellows.yaml); never overwrites")
      .option("--dry-run", "print it, write nothing"),
    "import aws my_group --region eu-west-1",
    "import aws my_group --own --to my_group.yaml",
  ).action(lazy(context, () => import("./commands/import.js")));
}

function addTokens(program: Command, context: Context): void {
  const tokens = program.command("tokens").description("tokens of the HTTP API");
  tokens
    .command("create <name>")
    .description("make a token; it is shown once")
    .addOption(
      new Option("--role <role>", "what it may do").choices(["admin", "observer"]).default("observer"),
    )
    .action(lazy(context, async () => ({ run: (await import("./commands/tokens.js")).create })));
  tokens
    .command("list")
    .description("tokens, without their secrets")
    .action(lazy(context, async () => ({ run: (await import("./commands/tokens.js")).list })));
  tokens
    .command("revoke <id>")
    .description("end a token, by id or name")
    .action(lazy(context, async () => ({ run: (await import("./commands/tokens.js")).revoke })));
}
