// Makes one file of each entry point of the built package (and shared chunks), schemas and YAML reader included: a
// command starts in half the time when it opens ten files instead of three hundred. Types stay beside, as tsc made
// them. What few need, and what must exist only once in a process (RxJS), is left outside.
import { readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const MARK = "/* one file of many: see scripts/bundle.mjs */";

/** Error texts in some fifty languages would be two thirds of it; Bellows speaks English. */
const englishOnly = {
  name: "english-only",
  load: (id) => (/zod\/v4\/locales\/index\.js$/.test(id) ? 'export { default as en } from "./en.js";' : null),
};
const entries = { index: `${dist}index.js`, "pipeline/line": `${dist}pipeline/line.js` };

if (!Object.values(entries).every((file) => readFileSync(file, "utf8").startsWith(MARK))) {
  rmSync(`${dist}chunks`, { recursive: true, force: true });
  const bundle = await rolldown({
    input: entries,
    platform: "node",
    plugins: [englishOnly],
    external: (id) => /^(node:|got$|rxjs$|rxjs\/|croner$)/.test(id),
    onLog: (level, log) => {
      if (level === "warn") throw new Error(log.message);
    },
  });
  await bundle.write({ dir: dist, format: "esm", banner: MARK, chunkFileNames: "chunks/[name]-[hash].js" });
}
