#!/usr/bin/env node
// Kept in the repository as it is: npm links no command whose file is missing when it installs.
// `--version` alone is answered here, since it needs nothing else loaded.
import { readFileSync } from "node:fs";
import * as nodeModule from "node:module";

if (process.argv.length === 3 && process.argv[2] === "--version") {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  process.stdout.write(`${version}\n`);
} else {
  // Node 22.1 and later keep compiled code for the next start; older ones start as they always did.
  nodeModule.enableCompileCache?.();
  const { main } = await import("../dist/main.js");
  await main(process.argv);
}
