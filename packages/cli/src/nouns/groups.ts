import type { Command } from "commander";
import type { Context } from "../context.js";
import { examples } from "../help-examples.js";
import * as run from "./groups-run.js";
import { handle } from "./handle.js";
import { addLaunchOptions } from "./launch-options.js";
import { destroys, toCount, toList, toObject, toPairs, toSpan, waits, writes } from "./option-values.js";

/** `bellows groups`. */
export function add(groups: Command, context: Context): void {
  groups.command("list").description("all groups of a provider").action(handle(context, run.list));
  examples(
    groups.command("get <group>").description("one group and its counts").action(handle(context, run.get)),
    "groups get web",
  );
  addCreate(groups, context);
  addUpdate(groups, context);
  examples(
    waits(
      destroys(groups.command("delete <group>").description("delete an empty group, or any with --force")),
    )
      .option("--force", "end its instances with it")
      .action(handle(context, run.remove)),
    "groups delete web --force",
  );
  addInstances(groups, context);
  addSwitches(groups, context);
  addLooks(groups, context);
}

function addCreate(groups: Command, context: Context): void {
  const command = groups
    .command("create <group>")
    .description("make a group")
    .requiredOption("--min <n>", "fewest instances", toCount)
    .requiredOption("--max <n>", "most instances", toCount)
    .option("--metadata <key=value>", "label on the group (repeatable)", toPairs);
  addShape(command);
  examples(
    addLaunchOptions(waits(writes(command))),
    "groups create web --min 1 --max 4 --command node --arg server.mjs --lb front",
    "groups create web --min 4 --max 8 --zone us-east-1a --lb my-lb --image my-ami --size t3.small",
    "groups create web --min 2 --max 16 --cooldown 2m --server-name web --size 3 --image ID --lb 1234:80",
  ).action(handle(context, run.create));
}

function addUpdate(groups: Command, context: Context): void {
  const command = groups
    .command("update <group>")
    .description("change a group; what is left out stays")
    .option("--min <n>", "fewest instances", toCount)
    .option("--max <n>", "most instances", toCount);
  addShape(command).option("--no-lb", "behind no load balancer");
  examples(
    waits(writes(command)),
    "groups update web --max 16",
    "groups update web --min 0 --desired 0 --wait",
    "groups update web --lb my-lb",
  ).action(handle(context, run.update));
}

function addShape(command: Command): Command {
  return command
    .option("--desired <n>", "how many now", toCount)
    .option("--cooldown <duration>", "after a change, policies rest so long", toSpan)
    .option("--zone <name>", "zone (repeatable)", toList)
    .option("--subnet <id>", "subnet (repeatable)", toList)
    .option("--lb <name[:port]>", "behind this load balancer (repeatable)", toList)
    .option("--native <yaml>", "what only this provider has: '{ … }'", toObject);
}

function addInstances(groups: Command, context: Context): void {
  examples(
    groups
      .command("instances <group>")
      .description("its instances: address, zone, health, age")
      .option("--zone <name>", "only those in this zone")
      .action(handle(context, run.instances)),
    "groups instances web --zone us-east-1a",
  );
  examples(
    waits(
      writes(groups.command("attach <group> <instances...>").description("take running servers in")),
    ).action(handle(context, run.attach)),
    "groups attach web i-4acb0666 i-0bb7ca62",
  );
  examples(
    waits(writes(groups.command("detach <group> <instances...>").description("let instances go, running")))
      .option("--replace", "keep the count: others take their place")
      .action(handle(context, run.detach)),
    "groups detach web i-4acb0666",
  );
  examples(
    waits(destroys(groups.command("terminate <group> <instance>").description("end one instance")))
      .option("--no-replace", "one less: nothing takes its place")
      .action(handle(context, run.terminate)),
    "groups terminate web i-4acb0666 --no-replace",
  );
  examples(
    waits(destroys(groups.command("shutdown <group>").description("min, max and desired to 0"))).action(
      handle(context, run.shutdown),
    ),
    "groups shutdown web --wait",
  );
}

function addSwitches(groups: Command, context: Context): void {
  examples(
    writes(groups.command("pause <group>").description("stop the cloud's own scaling and repairs of it"))
      .option("--process <name>", "only this process, where the provider has several (repeatable)", toList)
      .option("--reason <text>", "why")
      .action(handle(context, run.pause)),
    "groups pause web",
    "groups pause web --process AZRebalance",
  );
  writes(groups.command("resume <group>").description("end a pause"))
    .option("--process <name>", "only this process (repeatable)", toList)
    .action(handle(context, run.resume));
}

function addLooks(groups: Command, context: Context): void {
  examples(
    groups
      .command("activities <group>")
      .description("what was done to it, newest first")
      .option("-w, --watch", "go on, oldest first, as they come")
      .option("-n, --last <n>", "so many", toCount)
      .action(handle(context, run.activities)),
    "groups activities web --watch",
  );
  examples(
    writes(groups.command("metadata <group>").description("its labels; with --set change them"))
      .option("--set <key=value>", "set this one (repeatable)", toPairs)
      .option("--replace", "make those given the only ones")
      .action(handle(context, run.metadata)),
    "groups metadata web --set team=blue",
    "groups metadata web --replace --set team=blue",
  );
  groups
    .command("observe <groups...>")
    .description("what one look of a round sees of groups")
    .action(handle(context, run.observe));
}
