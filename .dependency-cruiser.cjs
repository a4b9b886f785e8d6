// The arrows of ARCHITECTURE.md. `scripts/check-arrows.mjs` shows that each rule finds what it forbids.
const { readdirSync, readFileSync } = require("node:fs");
const { join } = require("node:path");

const literal = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** Files that other packages may import: what each package.json exports, as paths from the root. */
function entryPoints() {
  const packages = join(__dirname, "packages");
  return readdirSync(packages).flatMap((name) => {
    const { exports = {} } = JSON.parse(readFileSync(join(packages, name, "package.json"), "utf8"));
    return Object.values(exports)
      .map((entry) => entry["@bellows/source"])
      .filter((file) => file !== undefined)
      .map((file) => `packages/${name}/${file.replace(/^\.\//, "")}`);
  });
}

const anyEntryPoint = entryPoints().map((file) => `^${literal(file)}$`);
const tests = "\\.(test|itest)\\.ts$|^packages/[^/]+/(test|integration)/|^testing/";
const plugins = "^packages/(provider-[^/]+|metrics-sources)/";
const pureFolders =
  "^packages/core/src/(policies/|expressions/|pipeline/(evaluate|combine|constrain|plan)(\\.ts$|/))";
const cloudSdks = "node_modules/(@aws-sdk|@smithy|aws-sdk|pkgcloud|@azure|@google-cloud)(/|$)";

/** A rule of severity error; `to` may be reached by no module of `from`. */
const forbid = (name, comment, from, to) => ({ name, comment, severity: "error", from, to });

/** Production code of packages `from` may reach no package but itself and `allowed`. */
const reachesOnly = (name, from, allowed) =>
  forbid(
    name,
    `${from} may import ${allowed.join(" and ") || "no package of this workspace"}`,
    { path: `^packages/(${from})/`, pathNot: tests },
    { path: "^(packages|testing)/", pathNot: ["^packages/$1/", ...allowed.map((a) => `^packages/${a}/`)] },
  );

module.exports = {
  forbidden: [
    forbid(
      "no-circles",
      "A circle hides who depends on whom",
      { pathNot: "^packages/core/src/contracts/" },
      { circular: true },
    ),
    forbid(
      "no-circles-of-contracts",
      "Nouns may name each other's types; at run time they load in one order",
      { path: "^packages/core/src/contracts/" },
      { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    ),
    forbid("resolvable", "An import that leads nowhere", {}, { couldNotResolve: true, pathNot: "/dist/" }),
    forbid("no-tests-in-production", "Tests are not shipped", { pathNot: tests }, { path: tests }),
    forbid(
      "declared-dependencies",
      "Not in this package's package.json",
      // A package's scripts use the workspace's tools.
      { pathNot: [tests, "^packages/[^/]+/scripts/"] },
      // A declared package's types may come from an @types package of the workspace.
      { dependencyTypes: ["npm-no-pkg"], dependencyTypesNot: ["npm", "npm-peer", "npm-optional"] },
    ),

    reachesOnly("core-imports-nobody", "core", []),
    reachesOnly("plugins-import-core", "provider-[^/]+|metrics-sources", ["core"]),
    reachesOnly("conformance-imports-core", "conformance", ["core"]),
    reachesOnly("control-plane-imports-core", "control-plane", ["core"]),
    reachesOnly("cli-arrows", "cli", ["control-plane", "core", "provider-local", "metrics-sources"]),
    forbid(
      "cli-loads-plugins-at-run-time",
      "The plugins beside the command are defaults: import() them, so that they stay plugins",
      { path: "^packages/cli/", pathNot: tests },
      { path: plugins, dynamic: false },
    ),
    forbid(
      "core-knows-no-cloud",
      "Clouds belong in provider packages",
      { path: "^packages/core/" },
      { path: cloudSdks },
    ),

    forbid(
      "entry-points-only",
      "Import another package by what its package.json exports",
      { path: "^packages/([^/]+)/" },
      { path: "^packages/", pathNot: ["^packages/$1/", ...anyEntryPoint] },
    ),
    forbid(
      "plugins-see-the-index-alone",
      "The line is for the control plane, the command line and tests",
      { path: "^packages/", pathNot: [tests, "^packages/(core|control-plane|cli)/"] },
      { path: "^packages/core/", pathNot: "^packages/core/src/index\\.ts$" },
    ),

    forbid(
      "foundations-below-the-line",
      "contracts, policies and expressions are used by the line and know nothing of it",
      { path: "^packages/core/src/(contracts|policies|expressions)/", pathNot: tests },
      { path: "^packages/core/src/(pipeline|portable|plugins)/" },
    ),
    forbid(
      "pure-knows-no-streams",
      "The middle of the line is plain synchronous functions",
      { path: pureFolders, pathNot: tests },
      { path: "node_modules/(rxjs|got)(/|$)" },
    ),
    forbid(
      "pure-knows-no-machine",
      "The middle of the line reads no file, clock or socket",
      { path: pureFolders, pathNot: tests },
      { dependencyTypes: ["core"] },
    ),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(packages/[^/]+|testing)/(dist|bundle)/" },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["@bellows/source", "import", "node", "default", "types"],
      extensions: [".ts", ".js", ".mjs", ".cjs", ".json", ".d.ts"],
    },
    extraExtensionsToScan: [],
    builtInModules: { add: ["node:sqlite"] },
  },
};
