import type { Command } from "commander";
import type { Context } from "./context.js";

/** The nouns: clouds' things, by hand. */
export function addNouns(_program: Command, _context: Context): void {}
