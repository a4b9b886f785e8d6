// Makes a few files of each entry point (and shared chunks) of the packages that commands load first, what they need
// of others included: a command starts in half the time when it opens ten files instead of three hundred. Types stay in
// dist/, as tsc makes them. What few need is left outside. RxJS is in the line's own file: observables of two copies of
// it work together.
import { rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

/** The entry points of each package, by the name of their file. */
const PACKAGES = {
  core: { index: "index.ts", line: "pipeline/line.ts" },
  "provider-aws": { index: "index.ts" },
};

/** Error texts in some fifty languages would be two thirds of it; Bellows speaks English. */
const englishOnly = {
  name: "english-only",
  load: (id) => (/zod\/v4\/locales\/index\.js$/.test(id) ? 'export { default as en } from "./en.js";' : null),
};

/** RxJS as ES modules, of which only what is used is taken: for Node its package names CommonJS, which comes whole. */
const rxjsModules = join(
  dirname(createRequire(import.meta.url).resolve("rxjs/package.json")),
  "dist/esm/index.js",
);

async function bundle(name) {
  const folder = new URL(`../packages/${name}/`, import.meta.url);
  const entries = Object.entries(PACKAGES[name]);
  const made = await rolldown({
    input: Object.fromEntries(
      entries.map(([entry, file]) => [entry, fileURLToPath(new URL(`src/${file}`, folder))]),
    ),
    platform: "node",
    plugins: [englishOnly],
    external: (id) => /^(node:|got$|croner$|@aws-sdk\/|@bellows\/)/.test(id),
    resolve: { extensionAlias: { ".js": [".ts", ".js"] }, alias: { rxjs: rxjsModules } },
    onLog: (level, log) => {
      if (level === "warn") throw new Error(log.message);
    },
  });
  const target = fileURLToPath(new URL("bundle/", folder));
  rmSync(target, { recursive: true, force: true });
  await made.write({ dir: target, format: "esm", chunkFileNames: "chunks/[name]-[hash].js" });
}

const given = process.argv.slice(2);
for (const name of given.length > 0 ? given : Object.keys(PACKAGES)) await bundle(name);
