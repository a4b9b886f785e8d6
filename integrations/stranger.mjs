// `npm run integration`: packs every public package, installs the tarballs in an empty folder, and does there what a
// stranger would: import each entry point, then init, validate, plan, run --apply, status, explain, and stop.
import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { packPublicPackages } from "../scripts/pack.mjs";

const startedWithinMs = 30_000;
const stoppedWithinMs = 20_000;

/** Ends the integration; the message is the whole report. */
class Failure extends Error {}

function check(condition, message) {
  if (!condition) throw new Failure(message);
}

function step(text) {
  console.log(`stranger: ${text}`);
}

/** A shell of a person who has nothing but Node: no workspace, no state, no colours. */
function strangerEnv(home) {
  const { PATH, LANG } = process.env;
  const npm = Object.entries(process.env).filter(([name]) =>
    /^npm_config_(registry|cache|userconfig)$/i.test(name),
  );
  return {
    ...Object.fromEntries(npm),
    PATH,
    LANG,
    HOME: process.env.HOME,
    XDG_STATE_HOME: join(home, "state"),
    BELLOWS_STATE_DIR: join(home, "state", "bellows"),
    NO_COLOR: "1",
  };
}

function npmInstall(folder, tarballs) {
  const dependencies = Object.fromEntries(tarballs.map(({ name, path }) => [name, `file:${path}`]));
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({ name: "stranger", private: true, dependencies }),
  );
  const args = ["install", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];
  const { status } = spawnSync("npm", args, { cwd: folder, stdio: ["ignore", 2, 2] });
  check(status === 0, `npm install of the tarballs ended with ${status}`);
}

/** Loads every exported entry point with plain Node, as the library's users do. */
function importEverything(folder, tarballs) {
  const specifiers = tarballs.flatMap(({ name }) => {
    const { bin, exports } = JSON.parse(
      readFileSync(join(folder, "node_modules", name, "package.json"), "utf8"),
    );
    if (bin !== undefined) return []; // a command is run, below
    return Object.keys(exports)
      .filter((key) => !key.endsWith(".json"))
      .map((key) => name + key.slice(1));
  });
  const script = `for (const name of ${JSON.stringify(specifiers)}) await import(name);`;
  const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    cwd: folder,
    encoding: "utf8",
  });
  check(status === 0, `importing ${specifiers.join(", ")} failed:\n${stderr}`);
  return specifiers.length;
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The `bellows` command as `npx bellows` finds it, with its exit code checked and its output given back. */
function createBellows(folder, env) {
  const command = join(folder, "node_modules", ".bin", "bellows");
  const call = (args) => spawnSync(command, args, { cwd: folder, env, encoding: "utf8", timeout: 60_000 });
  const need = (...args) => {
    const { status, stdout, stderr } = call(args);
    check(status === 0, `bellows ${args.join(" ")} ended with ${status}\n${stdout}${stderr}`);
    return stdout;
  };
  const start = (...args) => {
    const child = spawn(command, args, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
    const daemon = {
      child,
      output: "",
      exit: new Promise((resolve) => child.on("close", (...how) => resolve(how))),
    };
    const keep = (chunk) => {
      daemon.output += chunk;
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    return daemon;
  };
  return { call, need, start };
}

/** Asks until `answer` gives something, or the daemon ended, or time is up. */
async function until(what, daemon, withinMs, answer) {
  const deadlineMs = Date.now() + withinMs;
  while (Date.now() < deadlineMs) {
    check(daemon.child.exitCode === null, `the daemon ended before ${what}:\n${daemon.output}`);
    const found = answer();
    if (found) return found;
    await sleep(250);
  }
  throw new Failure(`no ${what} within ${withinMs} ms:\n${daemon.output}`);
}

function readJson(bellows, args) {
  const { status, stdout } = bellows.call([...args, "--json"]);
  if (status !== 0) return undefined;
  return JSON.parse(stdout);
}

/** Processes that the folder's configuration started: they live in it, or in its state. */
function processesIn(folder) {
  if (!existsSync("/proc")) return [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(Number)
    .filter((pid) => {
      try {
        const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
        return readlinkSync(`/proc/${pid}/cwd`).startsWith(folder) || environment.includes(folder);
      } catch {
        return false;
      }
    });
}

async function stop(daemon) {
  daemon.child.kill("SIGTERM");
  const late = sleep(stoppedWithinMs, "late", { ref: false });
  const how = await Promise.race([daemon.exit, late]);
  check(how !== "late", `the daemon did not stop within ${stoppedWithinMs} ms of SIGTERM:\n${daemon.output}`);
  const [code, signal] = how;
  check(code === 0, `the daemon ended with ${code ?? signal} on SIGTERM:\n${daemon.output}`);
}

/** What a person does in the empty folder; throws a Failure that says what went wrong. */
async function useAsStranger(folder, env) {
  const bellows = createBellows(folder, env);
  step(`bellows ${bellows.need("--version").trim()}`);
  bellows.need("init");
  const again = bellows.call(["init"]);
  check(again.status !== 0, "a second bellows init must not overwrite the file");
  const file = join(folder, "bellows.yaml");
  const ports = new Map();
  // Only so that this can run beside somebody's own Bellows; the file is otherwise as init wrote it.
  for (const port of new Set(readFileSync(file, "utf8").match(/\b(8080|7070)\b/g)))
    ports.set(port, await freePort());
  const text = readFileSync(file, "utf8").replace(/\b(8080|7070)\b/g, (port) => ports.get(port));
  const listen = /^server:/m.test(text) ? "" : `\nserver: { listen: "127.0.0.1:${await freePort()}" }\n`;
  writeFileSync(file, text + listen);
  bellows.need("validate");
  const plan = JSON.parse(bellows.need("plan", "--json"));
  check(
    plan.resources.some((resource) => resource.action === "create"),
    "plan must say what apply would create",
  );
  const { group } = plan.groups[0];
  step(`init, validate, plan: group ${group}`);

  const daemon = bellows.start("run", "--apply");
  try {
    const rounds = await until("decision with an instance in service", daemon, startedWithinMs, () => {
      const records = readJson(bellows, ["explain", group])?.records ?? [];
      return records.some(({ counts }) => counts.inService > 0) ? records : undefined;
    });
    step(`run --apply: ${rounds.length} decisions, the last one ${rounds.at(-1).action}`);
    check(bellows.need("status").includes(group), `status must name ${group}`);
    check(bellows.need("explain", group).length > 0, "explain must print something");
    await stop(daemon);
  } finally {
    if (daemon.child.exitCode === null) daemon.child.kill("SIGKILL");
  }
  step("status, explain, SIGTERM: ended with 0");
}

const folder = realpathSync(mkdtempSync(join(tmpdir(), "bellows-stranger-")));
try {
  for (const name of ["tarballs", "app"]) mkdirSync(join(folder, name));
  const tarballs = packPublicPackages(join(folder, "tarballs"));
  const app = join(folder, "app");
  npmInstall(app, tarballs);
  step(`${tarballs.length} tarballs installed, ${importEverything(app, tarballs)} entry points import`);
  await useAsStranger(app, strangerEnv(folder));
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  console.error(`stranger: FAILED: ${error.message}`);
  process.exitCode = 1;
} finally {
  // Instances outlive their controller by design; here nobody wants them any more.
  for (const pid of processesIn(folder)) process.kill(pid, "SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}
