import type { Command } from "commander";

const withExamples = new WeakSet<Command>();

/** Adds examples to the end of a command's help; each line without `bellows`. */
export function examples(command: Command, ...lines: string[]): Command {
  withExamples.add(command);
  const title = lines.length === 1 ? "Example" : "Examples";
  return command.addHelpText(
    "after",
    `\n${title}:\n${lines.map((line) => `  bellows ${line}`).join("\n")}\n`,
  );
}

/** What stands for an argument in an example. */
const SAMPLES: Record<string, string> = {
  group: "web",
  groups: "web",
  "group/policy": "web/up",
  webhook: "ci",
  lb: "front",
  names: "",
  members: "i-4f8cf126",
  instances: "i-4f8cf126",
  zones: "us-east-1c",
  alarm: "busy",
  server: "i-4f8cf126",
  region: "eu-west-1",
  cluster: "shop",
  "cluster/service": "shop/worker",
  name: "my-name",
  id: "my-name",
};

/** Gives a command that has no example the plain one: its path, and a sample for each argument. */
export function addPlainExample(command: Command): void {
  if (withExamples.has(command)) return;
  const path: string[] = [];
  for (let at: Command | null = command; at?.parent; at = at.parent) path.unshift(at.name());
  const args = command.registeredArguments.map((argument) => SAMPLES[argument.name()] ?? argument.name());
  examples(command, [...path, ...args].join(" ").trim());
}
