// Writes the tables of keys in docs/guide/configuration.md, between `<!-- keys -->` and `<!-- /keys -->`, from the JSON
// Schema that packages/core makes of the schemas it checks files with: `node scripts/docs-keys.mjs`. A test compares.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const page = join(root, "docs", "guide", "configuration.md");
const schema = JSON.parse(readFileSync(join(root, "packages/core/schema/bellows.schema.json"), "utf8"));

/** The tables, in the order in which people need them: title, path in the schema, depth to which keys are flattened. */
const TABLES = [
  ["At the top", []],
  ["`groups.NAME`", ["groups", "*"]],
  ["`groups.NAME.launch`", ["groups", "*", "launch"]],
  ["`groups.NAME.metrics.NAME`", ["groups", "*", "metrics", "*"]],
  ["`groups.NAME.policies.NAME`", ["groups", "*", "policies", "*"]],
  ["`groups.NAME.windows.NAME`", ["groups", "*", "windows", "*"]],
  ["`loadBalancers.NAME`", ["loadBalancers", "*"]],
  ["`server.users.NAME`", ["server", "users", "*"]],
  ["`clusters.NAME`", ["clusters", "*"]],
  ["`clusters.NAME.services.NAME`", ["clusters", "*", "services", "*"]],
];
/** Nested, and yet worth a row of the parent's table. */
const FLAT = [
  "limits",
  "scaleOut",
  "scaleIn",
  "healthCheck",
  "target",
  "buffer",
  "rollout",
  "store",
  "server",
];

function at(path) {
  return path.reduce((node, key) => (key === "*" ? node.additionalProperties : node.properties[key]), schema);
}

const cell = (text) => String(text).replaceAll("|", "\\|");

function rows(node, prefix = "") {
  const required = new Set(node.required ?? []);
  return Object.entries(node.properties).flatMap(([key, value]) => {
    const name = `${prefix}${key}`;
    const said = value.description ?? "";
    const words =
      value.enum === undefined ? "" : ` One of ${value.enum.map((word) => `\`${word}\``).join(", ")}.`;
    const fallback =
      value.default === undefined ? (required.has(key) ? "required" : "") : `\`${value.default}\``;
    const row = `| \`${name}\` | ${cell(said)}${cell(words)} | ${fallback} |`;
    const inner = FLAT.includes(key) && value.properties !== undefined ? rows(value, `${name}.`) : [];
    return [row, ...inner];
  });
}

/** The part of the page that is made, without its marks. */
export function keyTables() {
  return TABLES.map(([title, path]) =>
    [`### ${title}`, "", "| key | meaning | default |", "| --- | --- | --- |", ...rows(at(path))].join("\n"),
  ).join("\n\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [before, rest] = readFileSync(page, "utf8").split("<!-- keys -->\n");
  const after = rest.split("<!-- /keys -->")[1];
  writeFileSync(page, `${before}<!-- keys -->\n\n${keyTables()}\n\n<!-- /keys -->${after}`);
}
