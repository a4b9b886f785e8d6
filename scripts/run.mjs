// What `npm run demo|build|test|bench|lint|docs` and the others call, each of which must work as the first command after
// `git clone`. Only Node's own modules, for nothing else is installed by then.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const oldestNode = [20, 19];
const childEnv = {
  ...process.env,
  PATH: `${join(root, "node_modules", ".bin")}:${process.env.PATH}`,
  // The cache lies inside the clone: a fresh clone that found another one's results would run no test at all.
  NX_CACHE_DIRECTORY: join(root, ".nx", "cache"),
  NX_WORKSPACE_DATA_DIRECTORY: join(root, ".nx", "workspace-data"),
  NX_DAEMON: "false",
  NX_TUI: "false",
  NX_NO_CLOUD: "true",
};

/** Runs a command in the clone, its output on ours; the exit code, 1 where it could not start. */
function call(command, args, options = {}) {
  const { error, status } = spawnSync(command, args, {
    cwd: root,
    env: childEnv,
    stdio: "inherit",
    ...options,
  });
  if (error !== undefined) console.error(`bellows: cannot run ${command}: ${error.message}`);
  return status ?? 1;
}

/** Like `call`, but a failure ends this process with the command's exit code. */
function need(command, args, options) {
  const code = call(command, args, options);
  if (code !== 0) process.exit(code);
}

function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return;
  console.error(`bellows: Node ${oldestNode.join(".")} or newer is needed, this is ${process.versions.node}`);
  process.exit(2);
}

/** Entries of a lock that npm would install here: name → version, links and workspaces left out. */
function lockedVersions(path) {
  const { packages } = JSON.parse(readFileSync(path, "utf8"));
  return Object.entries(packages).filter(([name, entry]) => name.includes("node_modules/") && !entry.link);
}

/** npm keeps a hidden lock of what it installed; what the real lock adds to it must be optional. */
function isInstalled() {
  const hidden = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(hidden)) return false;
  try {
    const present = new Map(lockedVersions(hidden).map(([name, entry]) => [name, entry.version]));
    return lockedVersions(join(root, "package-lock.json")).every(([name, entry]) =>
      present.has(name)
        ? present.get(name) === entry.version
        : entry.optional || entry.peer || entry.devOptional,
    );
  } catch {
    return false;
  }
}

function install() {
  if (isInstalled()) return;
  console.error("bellows: installing what package-lock.json lists (npm ci) …");
  need("npm", ["ci", "--no-audit", "--no-fund"], { stdio: ["ignore", 2, 2] });
}

/** `tsc -b` looks at what changed by itself: about half a second where nothing did. Then what packages add to it. */
function build() {
  need("tsc", ["-b"]);
  need(process.execPath, ["scripts/bundle.mjs"]);
  need(process.execPath, ["packages/cli/scripts/copy-demo.mjs"]);
}

/**
 * Runs a long-lived command; Ctrl-C and SIGTERM reach it once, and its own exit code becomes ours. (A second one means
 * "at once, and leave things as they are", and npm passes on what a whole process group gets anyway.) At a terminal
 * the child must stay in the foreground group, which gets Ctrl-C by itself; elsewhere it has a group of its own.
 */
function become(command, args) {
  const atTerminal = process.stdin.isTTY === true;
  const child = spawn(command, args, { cwd: root, env: childEnv, stdio: "inherit", detached: !atTerminal });
  const toPass = new Set(["SIGINT", "SIGTERM"]);
  for (const signal of toPass) {
    process.on(signal, () => {
      if (toPass.delete(signal) && !(atTerminal && signal === "SIGINT")) child.kill(signal);
    });
  }
  child.on("error", (error) => {
    console.error(`bellows: cannot run ${command}: ${error.message}`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? (signal === "SIGINT" ? 130 : 143);
  });
}

function demo(args) {
  build();
  become(process.execPath, ["packages/cli/bin/bellows.js", "demo", ...args]);
}

const packageFolders = () => [
  ...readdirSync(join(root, "packages")).map((name) => join(root, "packages", name)),
  join(root, "testing"),
];

/** Adds up the reports that vitest wrote, and prints the failures again where nobody has to search for them. */
function addUpTests() {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const folder of packageFolders()) {
    const path = join(folder, "test-results", "vitest.json");
    if (!existsSync(path)) continue;
    const report = JSON.parse(readFileSync(path, "utf8"));
    sum.passed += report.numPassedTests;
    sum.failed += report.numFailedTests;
    sum.skipped += report.numPendingTests + report.numTodoTests;
    for (const file of report.testResults.filter((result) => result.status === "failed")) printFailures(file);
  }
  return sum;
}

function printFailures({ name, message, assertionResults }) {
  const failed = assertionResults.filter((test) => test.status === "failed");
  for (const test of failed) console.log(`FAILED ${name.replace(`${root}/`, "")}: ${test.fullName}`);
  if (failed.length === 0) console.log(`FAILED ${name.replace(`${root}/`, "")}: ${message.split("\n")[0]}`);
}

/** `core` or `@bellows/core` → `@bellows/core`: nx knows packages by the names in their package.json. */
function projectName(given) {
  const manifest = join(root, "packages", given.replace("@bellows/", ""), "package.json");
  if (existsSync(manifest)) return JSON.parse(readFileSync(manifest, "utf8")).name;
  console.error(`bellows: no package ${given}; there are ${readdirSync(join(root, "packages")).join(", ")}`);
  process.exit(2);
}

/** Every package's tests through nx; packages may be named to run only theirs. */
function test(args) {
  const named = args.filter((arg) => !arg.startsWith("-")).map(projectName);
  const flags = args.filter((arg) => arg.startsWith("-"));
  for (const folder of packageFolders())
    rmSync(join(folder, "test-results"), { recursive: true, force: true });
  const projects = named.length > 0 ? ["-p", named.join(",")] : [];
  const code = call("nx", ["run-many", "-t", "test", "--output-style=stream", ...projects, ...flags], {
    env: { ...childEnv, ...(process.stdout.isTTY ? {} : { FORCE_COLOR: "0", NO_COLOR: "1" }) },
  });
  const { passed, failed, skipped } = addUpTests();
  if (skipped > 0) console.log(`${skipped} skipped`);
  console.log(`${passed} passed, ${failed} failed`);
  if (named.length === 0 && passed + failed === 0) console.error("bellows: no test ran");
  process.exit(code === 0 && (failed > 0 || (named.length === 0 && passed === 0)) ? 1 : code);
}

/** Runs one benchmark, shows what it prints as it prints it, and gives back its last line of JSON. */
async function runBenchmark(file) {
  console.log(`\n— ${file}`);
  const stdio = ["ignore", "pipe", "inherit"];
  const child = spawn(process.execPath, [join("benchmarks", file)], { cwd: root, env: childEnv, stdio });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    process.stdout.write(text);
    output += text;
  });
  const [code] = await once(child, "close");
  const line = output
    .trim()
    .split("\n")
    .findLast((text) => text.startsWith("{"));
  return code === 0 && line !== undefined ? JSON.parse(line) : undefined;
}

/** Every benchmarks/*.bench.mjs in turn, alone on the machine; `BENCH_SHORT=1` makes each a short one. */
async function bench(args) {
  build();
  const files = readdirSync(join(root, "benchmarks"))
    .filter((name) => name.endsWith(".bench.mjs"))
    .filter((name) => args.length === 0 || args.some((arg) => name.startsWith(arg)));
  const results = [];
  for (const file of files) {
    results.push({ benchmark: file.replace(".bench.mjs", ""), result: await runBenchmark(file) });
  }
  writeFileSync(join(root, "benchmarks", "results.json"), `${JSON.stringify(results, null, 2)}\n`);
  const failed = results.filter(({ result }) => result === undefined).map(({ benchmark }) => benchmark);
  if (failed.length > 0) console.error(`bench: failed: ${failed.join(", ")}`);
  process.exit(failed.length > 0 ? 1 : 0);
}

/** What `npm run lint` does, by name; `npm run lint -- arrows types` does only those. */
const lints = {
  format: ["biome", "ci", "--error-on-warnings", `--colors=${process.stdout.isTTY ? "force" : "off"}`],
  types: ["tsc", "-p", "tsconfig.tests.json"],
  eslint: ["eslint", "packages", "testing", "--max-warnings=0"],
  arrows: ["depcruise", "--config", ".dependency-cruiser.cjs", "packages", "testing/src"],
  "arrows-proof": ["node", "scripts/check-arrows.mjs"],
  unused: ["knip", "--no-config-hints"],
};

function lint(args) {
  const unknown = args.filter((name) => !(name in lints));
  if (unknown.length > 0) {
    console.error(`lint: unknown ${unknown.join(", ")}; known are ${Object.keys(lints).join(", ")}`);
    process.exit(2);
  }
  const failed = [];
  for (const [name, [command, ...rest]] of Object.entries(lints)) {
    if (args.length > 0 && !args.includes(name)) continue;
    const started = performance.now();
    const ok = call(command, rest) === 0;
    console.log(
      `lint: ${name} ${ok ? "ok" : "FAILED"} (${((performance.now() - started) / 1000).toFixed(1)} s)`,
    );
    if (!ok) failed.push(name);
  }
  if (failed.length > 0) console.error(`lint: failed: ${failed.join(", ")}`);
  process.exit(failed.length > 0 ? 1 : 0);
}

function docs(args) {
  build();
  need("typedoc", args);
}

/** The tarballs, judged by publint and attw. */
function packages(args) {
  build();
  need("node", ["scripts/check-packages.mjs", ...args]);
}

/** The tarballs, installed in an empty folder and used there. */
function integration(args) {
  build();
  need("node", ["integrations/stranger.mjs", ...args]);
}

const tasks = {
  demo,
  build: () => build(),
  test,
  bench,
  lint,
  docs,
  packages,
  integration,
};

checkNode();
const [name, ...args] = process.argv.slice(2);
const task = tasks[name];
if (task === undefined) {
  console.error(`usage: node scripts/run.mjs ${Object.keys(tasks).join("|")} [arguments]`);
  process.exit(2);
}
install();
await task(args);
