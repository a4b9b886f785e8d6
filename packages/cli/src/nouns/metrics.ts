import type { Command } from "commander";
import type { Context } from "../context.js";
import { examples } from "../help-examples.js";
import { handle } from "./handle.js";
import { query } from "./metrics-query.js";
import { test } from "./metrics-test.js";
import { toPairs, toSpan } from "./option-values.js";

/** `bellows metrics`. */
export function add(metrics: Command, context: Context): void {
  examples(
    metrics
      .command("query <source>")
      .description("ask one source once: a kind, or a source of the file; its own options as --KEY VALUE")
      .argument("[options...]", "--KEY VALUE, as they would stand in a file")
      .option("--param <key=value>", "an option as YAML or JSON (repeatable)", toPairs)
      .option("--within <duration>", "longest wait (default: 10s)", toSpan)
      .allowUnknownOption()
      .allowExcessArguments(),
    "metrics query http --url http://127.0.0.1:8080/stats --select queue.ready",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: files and this option write it so.
    "metrics query http --url https://rabbit/api --param 'auth={ bearer: \"${env:TOKEN}\" }'",
    'metrics query prometheus --url http://127.0.0.1:9090 --query "sum(up)"',
    "metrics query cloudwatch --namespace AWS/EC2 --metric CPUUtilization --param 'dimensions={ AutoScalingGroupName: web }' --provider aws --region eu-west-1",
  ).action(handle(context, query));
  examples(
    metrics
      .command("test [groups...]")
      .description("read each metric of the file: value, age, time taken, or why there is none"),
    "metrics test",
    "metrics test web",
  ).action(handle(context, test));
}
