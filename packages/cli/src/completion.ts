import tab from "@bomb.sh/tab/commander";
import type { Command } from "commander";

/** `bellows completion SHELL`, and the hidden `complete` that the printed scripts call at each TAB. */
export function addCompletion(program: Command): void {
  tab(program, { completionCommandName: "completion" });
}
