// Shows that .dependency-cruiser.cjs bites: builds a small graph with one wrong import per rule in a temporary
// folder, and fails unless exactly the expected rules are broken, each by the expected file.
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { cruise } from "dependency-cruiser";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const config = createRequire(import.meta.url)("../.dependency-cruiser.cjs");

/** Files that are right as they are: what the wrong ones import, and imports that must stay allowed. */
const right = {
  "packages/core/src/index.ts": `export * from "./contracts/group.js";`,
  "packages/core/src/pipeline/line.ts": `import "rxjs"; import "./combine.js"; export const line = 1;`,
  "packages/core/src/pipeline/combine.ts": `import { group } from "../contracts/group.js"; export const c = group;`,
  "packages/core/src/contracts/group.ts": `export const group = 1;`,
  "packages/core/src/errors.test.ts": `import { line } from "@bellows/core/line"; export const t = line;`,
  "packages/provider-local/src/index.ts": `import { group } from "@bellows/core"; export default group;`,
  "packages/provider-local/test/adopt.test.ts": `import { line } from "@bellows/core/line"; export const t = line;`,
  "packages/provider-aws/src/index.ts": `import "@aws-sdk/client-cloudwatch"; export default 1;`,
  "packages/metrics-sources/src/index.ts": `export default 1;`,
  "packages/conformance/src/index.ts": `import { group } from "@bellows/core"; export const p = group;`,
  "packages/control-plane/src/index.ts": `import { line } from "@bellows/core/line"; export const d = line;`,
  "packages/cli/src/index.ts": `export const load = () => import("@bellows/provider-local");`,
};

/** [rules that must be broken, file, its source]; with no rule, the other half of a pair. */
const wrong = [
  [["no-circles"], "packages/core/src/a.ts", `import "./b.js"; export const a = 1;`],
  [[], "packages/core/src/b.ts", `import "./a.js"; export const b = 1;`],
  [
    ["no-circles-of-contracts"],
    "packages/core/src/contracts/c.ts",
    `import { d } from "./d.js"; export const c = d;`,
  ],
  [[], "packages/core/src/contracts/d.ts", `import { c } from "./c.js"; export const d = () => c;`],
  [[], "packages/core/src/contracts/e.ts", `import type { F } from "./f.js"; export type E = F | 1;`],
  [[], "packages/core/src/contracts/f.ts", `import type { E } from "./e.js"; export type F = E | 2;`],
  [["resolvable"], "packages/core/src/lost.ts", `import "./nowhere.js";`],
  [["no-tests-in-production"], "packages/core/src/eager.ts", `import "./errors.test.js";`],
  [["declared-dependencies"], "packages/core/src/borrowed.ts", `import "commander";`],
  [["core-imports-nobody"], "packages/core/src/upward.ts", `import "@bellows/control-plane";`],
  [
    ["core-imports-nobody"],
    "packages/core/src/favourite.ts",
    `export const p = () => import("@bellows/provider-local");`,
  ],
  [
    ["core-knows-no-cloud", "declared-dependencies"],
    "packages/core/src/cloud.ts",
    `import "@aws-sdk/client-cloudwatch";`,
  ],
  [["plugins-import-core"], "packages/provider-aws/src/sibling.ts", `import "@bellows/provider-local";`],
  [
    ["plugins-import-core"],
    "packages/metrics-sources/src/up.ts",
    `import type {} from "@bellows/control-plane";`,
  ],
  [["conformance-imports-core"], "packages/conformance/src/partial.ts", `import "@bellows/provider-local";`],
  [
    ["control-plane-imports-core"],
    "packages/control-plane/src/favourite.ts",
    `import "@bellows/provider-local";`,
  ],
  [["cli-arrows"], "packages/cli/src/cloud.ts", `export const p = () => import("@bellows/provider-aws");`],
  [["cli-arrows"], "packages/cli/src/proof.ts", `import "@bellows/conformance";`],
  [["cli-loads-plugins-at-run-time"], "packages/cli/src/static.ts", `import "@bellows/provider-local";`],
  [
    ["entry-points-only"],
    "packages/control-plane/src/deep.ts",
    `import "../../core/src/contracts/group.js";`,
  ],
  [["plugins-see-the-index-alone"], "packages/provider-local/src/line.ts", `import "@bellows/core/line";`],
  [["plugins-see-the-index-alone"], "packages/conformance/src/line.ts", `import "@bellows/core/line";`],
  [["foundations-below-the-line"], "packages/core/src/contracts/high.ts", `import "../pipeline/combine.js";`],
  [
    ["foundations-below-the-line"],
    "packages/core/src/policies/high.ts",
    `import type {} from "../portable/groups.js";`,
  ],
  [[], "packages/core/src/portable/groups.ts", `import "node:events"; export {};`],
  [["pure-knows-no-streams"], "packages/core/src/policies/wait.ts", `import "rxjs";`],
  [["pure-knows-no-streams"], "packages/core/src/pipeline/plan.ts", `import "got";`],
  [
    ["pure-knows-no-streams"],
    "packages/core/src/pipeline/evaluate/deep.ts",
    `import { map } from "rxjs/operators";`,
  ],
  [
    ["pure-knows-no-machine"],
    "packages/core/src/expressions/read.ts",
    `import { readFileSync } from "node:fs";`,
  ],
  [["pure-knows-no-machine"], "packages/core/src/pipeline/constrain.ts", `import "fs/promises";`],
];

function write(base, file, text) {
  mkdirSync(dirname(join(base, file)), { recursive: true });
  writeFileSync(join(base, file), text);
}

/** The workspace's real package.json files and dependencies around made-up sources. */
function buildFixture(base) {
  const modules = join(base, "node_modules");
  mkdirSync(join(modules, "@bellows"), { recursive: true });
  for (const name of readdirSync(join(root, "packages"))) {
    mkdirSync(join(base, "packages", name), { recursive: true });
    const manifest = join("packages", name, "package.json");
    symlinkSync(join(root, manifest), join(base, manifest));
    symlinkSync(join(base, "packages", name), join(modules, "@bellows", name));
  }
  for (const name of ["rxjs", "got", "commander", "@aws-sdk"])
    symlinkSync(join(root, "node_modules", name), join(modules, name));
  for (const [file, text] of Object.entries(right)) write(base, file, text);
  for (const [, file, text] of wrong) write(base, file, text);
}

async function brokenRules(base) {
  const { options, forbidden } = config;
  const cruiseOptions = { ...options, baseDir: base, validate: true, ruleSet: { forbidden } };
  const { output } = await cruise(["packages"], cruiseOptions, options.enhancedResolveOptions);
  return output.summary.violations.map(({ rule, from }) => `${rule.name} by ${from}`);
}

const base = realpathSync(mkdtempSync(join(tmpdir(), "bellows-arrows-")));
try {
  buildFixture(base);
  const found = new Set(await brokenRules(base));
  const expected = new Set(wrong.flatMap(([rules, file]) => rules.map((rule) => `${rule} by ${file}`)));
  const missed = [...expected].filter((line) => !found.has(line));
  const surplus = [...found].filter((line) => !expected.has(line));
  const unproved = config.forbidden
    .map((rule) => rule.name)
    .filter((name) => !wrong.some(([rules]) => rules.includes(name)));
  for (const line of missed) console.error(`arrows: not found: ${line}`);
  for (const line of surplus) console.error(`arrows: found, though allowed: ${line}`);
  for (const name of unproved) console.error(`arrows: no wrong example for rule ${name}`);
  process.exitCode = missed.length + surplus.length + unproved.length === 0 ? 0 : 1;
  if (process.exitCode === 0)
    console.log(
      `arrows: ${config.forbidden.length} rules find ${expected.size} wrong imports and pass the right ones`,
    );
} finally {
  rmSync(base, { recursive: true, force: true });
}
