import { constants, copyFileSync, existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { AlreadyExistsError } from "@bellows/core";
import { type Context, say } from "../context.js";
import type { Globals } from "../globals.js";
import { printDocument } from "../output.js";

/** Files of an example that are no part of a template. */
const NOT_IN_TEMPLATE = /^(README\.md|\..*)$/;

/** `bellows init`: writes a template's files here; never overwrites one. */
export async function run(context: Context, options: Globals & { template: string }): Promise<void> {
  const source = fileURLToPath(new URL(`../examples/${options.template}`, import.meta.url));
  const files = readdirSync(source).filter((name) => !NOT_IN_TEMPLATE.test(name));
  const there = files.filter((name) => existsSync(join(context.cwd, name)));
  if (there.length > 0) {
    throw new AlreadyExistsError(
      `${there.join(", ")} already ${there.length === 1 ? "exists" : "exist"} here; nothing was written`,
      { hint: "choose an empty folder, or move them away" },
    );
  }
  for (const name of files)
    copyFileSync(join(source, name), join(context.cwd, name), constants.COPYFILE_EXCL);
  if (printDocument(context, options, { written: files })) return;
  for (const name of files) say(context, `wrote ${relative(context.cwd, join(context.cwd, name))}`);
  say(context, "\nnext: bellows validate, bellows plan, bellows run --apply");
}
