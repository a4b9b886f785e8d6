import type { Command } from "commander";
import type { Context } from "../context.js";
import { examples } from "../help-examples.js";
import { handle } from "./handle.js";
import * as run from "./lbs-run.js";
import { toListener } from "./listener-option.js";
import { destroys, toCount, toList, toObject, toPairs, toSpan, waits, writes } from "./option-values.js";

/** `bellows lbs`. */
export function add(lbs: Command, context: Context): void {
  examples(
    lbs.command("list [names...]").description("load balancers, all or those named"),
    "lbs list",
    "lbs list load-balancer-prod",
  ).action(handle(context, run.list));
  lbs
    .command("get <lb>")
    .description("one load balancer: addresses, listeners, pools, members")
    .action(handle(context, run.get));
  addMaking(lbs, context);
  addMembers(lbs, context);
  examples(
    addHealth(
      writes(lbs.command("health-check <lb>").description("how members are checked; with options set it")),
      "--timeout",
    ).option("--pool <name>", "of this pool"),
    "lbs health-check my-lb --target HTTP:8080/health --interval 20s --healthy 3 --unhealthy 5",
  ).action(handle(context, run.healthCheck));
  examples(
    writes(lbs.command("listeners <lb>").description("its listeners; with --listener replace them"))
      .option("--listener <port[:to]/protocol>", "listener (repeatable)", toListener)
      .option("--certificate <id>", "certificate of https, ssl and tls listeners"),
    "lbs listeners my-lb --listener 80:8080/http --listener 443:8443/tcp",
  ).action(handle(context, run.listeners));
  addZones(lbs, context);
}

function addMaking(lbs: Command, context: Context): void {
  examples(
    addShape(waits(writes(lbs.command("create <lb>").description("make a load balancer")))).option(
      "--type <type>",
      "the provider's type (AWS: classic, application, network)",
    ),
    "lbs create front --listener 8080/http --target HTTP:/health",
    "lbs create my-lb --zone us-east-1a --listener 80:8080/http --listener 443:8443/tcp",
  ).action(handle(context, run.create));
  addShape(waits(writes(lbs.command("update <lb>").description("change it; what is left out stays")))).action(
    handle(context, run.update),
  );
  examples(
    waits(destroys(lbs.command("delete <lb>").description("delete it; its members run on"))),
    "lbs delete my-lb",
  ).action(handle(context, run.remove));
}

function addShape(command: Command): Command {
  command
    .option("--listener <port[:to]/protocol>", "listener: 8080/http, 80:8080/http (repeatable)", toListener)
    .option("--certificate <id>", "certificate of https, ssl and tls listeners")
    .option("--zone <name>", "zone (repeatable)", toList)
    .option("--subnet <id>", "subnet (repeatable)", toList)
    .option("--algorithm <name>", "round-robin, least-connections, …")
    .option("--drain <duration>", "how long a member that goes may finish its requests", toSpan)
    .option("--metadata <key=value>", "label (repeatable)", toPairs)
    .option("--native <yaml>", "what only this provider has: '{ … }'", toObject);
  return addHealth(command);
}

/** @param timeout - the option's name, which differs where another `--timeout` is about waiting. */
function addHealth(command: Command, timeout = "--check-timeout"): Command {
  return command
    .option("--target <target>", "HTTP:8080/health, HTTP:/health, TCP:8080 or TCP")
    .option("--interval <duration>", "distance of two checks (default: 10s)", toSpan)
    .option(`${timeout} <duration>`, "longest answer (default: 5s)", toSpan)
    .option("--healthy <n>", "good answers until it is healthy (default: 2)", toCount)
    .option("--unhealthy <n>", "bad answers until it is not (default: 3)", toCount);
}

function addMembers(lbs: Command, context: Context): void {
  lbs
    .command("members <lb>")
    .description("who is behind it, and how they are")
    .option("--pool <name>", "of this pool")
    .action(handle(context, run.members));
  examples(
    waits(writes(lbs.command("register <lb> <members...>").description("put instances behind it"))).option(
      "--pool <name>",
      "into this pool",
    ),
    "lbs register my-lb i-4f8cf126 i-0bb7ca62",
    "lbs register my-lb 10.0.0.7:8080",
  ).action(handle(context, run.register));
  examples(
    waits(writes(lbs.command("deregister <lb> <members...>").description("take instances from behind it")))
      .option("--pool <name>", "out of this pool")
      .option("--no-drain", "at once, whatever they are doing"),
    "lbs deregister my-lb i-4f8cf126",
  ).action(handle(context, run.deregister));
}

function addZones(lbs: Command, context: Context): void {
  examples(
    writes(lbs.command("enable-zones <lb> <zones...>").description("send requests into these zones too")),
    "lbs enable-zones my-lb us-east-1c",
  ).action(handle(context, run.enableZones));
  writes(lbs.command("disable-zones <lb> <zones...>").description("send no more requests into these")).action(
    handle(context, run.disableZones),
  );
}
