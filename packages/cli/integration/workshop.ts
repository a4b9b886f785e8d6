import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const LAUNCHER = fileURLToPath(new URL("../bin/bellows.js", import.meta.url));

/** What a process of the command left behind. */
export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
  json: <T = Record<string, unknown>>() => T;
}

/** A controller that runs in the background. */
export interface Controller {
  process: ChildProcess;
  said: () => string;
  /** Sends a signal; @returns the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** A folder with a state folder of its own, where the real command is run. */
export interface Workshop {
  folder: string;
  bellows(line: string | readonly string[], env?: Record<string, string>): Promise<Ran>;
  write(name: string, text: string): void;
  read(name: string): string;
  /** Starts `bellows run …` and waits until it says that it is running. */
  run(line?: string): Promise<Controller>;
  /** Ends controllers, removes groups and balancers, then the folder. */
  close(): Promise<void>;
}

/** Opens a workshop in a new folder. */
export function openWorkshop(): Workshop {
  const folder = mkdtempSync(join(tmpdir(), "bw-"));
  const state = join(folder, "state");
  const controllers: Controller[] = [];
  const environment = { HOME: folder, PATH: process.env.PATH, BELLOWS_STATE_DIR: state, USER: "tester" };
  const bellows: Workshop["bellows"] = async (line, env = {}) => {
    const args = typeof line === "string" ? line.split(" ") : line;
    const child = spawn(process.execPath, [LAUNCHER, ...args], {
      cwd: folder,
      env: { ...environment, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [stdout, stderr] = [gather(child, "stdout"), gather(child, "stderr")];
    const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
    return { code, stdout: stdout(), stderr: stderr(), json: <T>() => JSON.parse(stdout()) as T };
  };
  return {
    folder,
    bellows,
    write: (name, text) => writeFileSync(join(folder, name), text),
    read: (name) => readFileSync(join(folder, name), "utf8"),
    async run(line = "run") {
      const child = spawn(process.execPath, [LAUNCHER, ...line.split(" ")], {
        cwd: folder,
        env: environment,
        stdio: ["ignore", "ignore", "pipe"],
      });
      const controller = controllerOf(child, gather(child, "stderr"));
      controllers.push(controller);
      await until(() => {
        if (child.exitCode !== null) throw new Error(`bellows ${line} ended:\n${controller.said()}`);
        return controller.said().includes("bellows is running");
      });
      return controller;
    },
    async close() {
      for (const controller of controllers) await controller.stop();
      await clear(bellows);
      endStragglers(state);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Removes what still runs, whichever test failed on the way. */
async function clear(bellows: Workshop["bellows"]): Promise<void> {
  for (const [noun, words] of [
    ["groups", ["--force", "--wait", "--timeout", "20s"]],
    ["lbs", []],
  ] as const) {
    const listed = await bellows([noun, "list", "--provider", "local", "--json", "-c", "/dev/null"]);
    const found = listed.code === 0 ? listed : await bellows([noun, "list", "--provider", "local", "--json"]);
    if (found.code !== 0) continue;
    for (const { name } of found.json<{ name: string }[]>())
      await bellows([noun, "delete", name, "--provider", "local", "--yes", ...words]);
  }
}

/** Ends instances that no command could reach any more, such as those of a provider that the last file lacks. */
function endStragglers(state: string): void {
  for (const file of filesLike("plugins/*/servers/*/process.json", state)) {
    const { pid } = JSON.parse(readFileSync(file, "utf8")) as { pid: number };
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // It has ended.
    }
  }
}

/** Files under a folder that fit a pattern of fixed depth, with `*` for whole names. */
function filesLike(pattern: string, folder: string): string[] {
  return pattern.split("/").reduce<string[]>(
    (paths, part) =>
      paths.flatMap((path) => {
        const names = part !== "*" ? [part] : existsSync(path) ? readdirSync(path) : [];
        return names.map((name) => join(path, name)).filter((next) => existsSync(next));
      }),
    [folder],
  );
}

function controllerOf(child: ChildProcess, said: () => string): Controller {
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return {
    process: child,
    said,
    stop(signal = "SIGTERM") {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      return ended;
    },
  };
}

function gather(child: ChildProcess, name: "stdout" | "stderr"): () => string {
  let text = "";
  child[name]?.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  return () => text;
}

/** Looks every tenth of a second until it is so. @throws Error after twenty seconds. */
export async function until(look: () => Promise<boolean> | boolean): Promise<void> {
  for (const startMs = performance.now(); performance.now() - startMs < 20_000; ) {
    if (await look()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`did not come about in 20 s: ${look.toString()}`);
}

/** A port that is free on this machine now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

/** A server for groups: answers on its PORT. */
export const SERVER = `import { createServer } from "node:http";
createServer((_request, response) => response.end(JSON.stringify({ jobs: 1 }))).listen(process.env.PORT, "127.0.0.1");
`;
