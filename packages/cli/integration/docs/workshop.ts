import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

/** The repository. */
export const ROOT = join(import.meta.dirname, "..", "..", "..", "..");
const BELLOWS = join(ROOT, "packages", "cli", "bin", "bellows.js");
/** Longest time for one block of commands, in milliseconds. */
const BLOCK_MS = 120_000;

/** What commands printed, and how they ended. */
export interface Ran {
  output: string;
  code: number | null;
}

/** A folder of its own for one page, with `bellows` in the path, its own state and its own ports. */
export interface Workshop {
  folder: string;
  /** Puts the page's ports in the place of 8080, 8090 and 7070. */
  withPorts(text: string): string;
  /** Writes a file that a page shows; a config gets a port for its HTTP API if it names none. */
  write(name: string, text: string): void;
  bash(commands: string): Promise<Ran>;
  /** Ends whatever still runs, and removes the folder. */
  close(): Promise<void>;
}

/**
 * Makes a workshop inside the repository, so that programs find its packages.
 * @param more - what its commands find in their environment beside the usual.
 */
export async function openWorkshop(more: Readonly<Record<string, string>> = {}): Promise<Workshop> {
  const parent = join(ROOT, ".nx", "docs");
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, "page-"));
  const ports = await freePorts(3);
  const named: [string, number][] = [
    ["8080", ports[0] ?? 0],
    ["8090", ports[1] ?? 0],
    ["7070", ports[2] ?? 0],
  ];
  const withPorts = (text: string): string =>
    named.reduce(
      (changed, [shown, port]) => changed.replace(new RegExp(`\\b${shown}\\b`, "g"), String(port)),
      text,
    );
  const tools = join(folder, ".tools");
  mkdirSync(tools);
  const write = (name: string, text: string): void => {
    const isConfig = name.endsWith(".yaml") && /^version:/m.test(text) && !/^server:/m.test(text);
    const server = isConfig ? `\nserver: { listen: "127.0.0.1:7070" }\n` : "";
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), withPorts(`${text}\n${server}`));
  };
  layOutTools(tools, named);
  const env = {
    PATH: `${tools}:${process.env.PATH ?? ""}`,
    HOME: folder,
    BELLOWS_STATE_DIR: join(folder, ".state"),
    NO_COLOR: "1",
    TZ: "UTC",
    LANG: "C.UTF-8",
    // What examples of files ask the environment for.
    RAX_KEY: "example",
    APP_TOKEN: "example",
    RABBIT_PASSWORD: "example",
    ...more,
  };
  const started: ChildProcess[] = [];
  return {
    folder,
    withPorts,
    write,
    bash: (commands) => runBash(withPorts(commands), folder, env, started),
    async close() {
      for (const { pid } of started) if (pid !== undefined) endGroup(-pid);
      endServers(join(folder, ".state"));
      rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
}

/** `bellows`, and `npx` that finds it. What `init` writes gets the page's ports too. */
function layOutTools(folder: string, ports: [string, number][]): void {
  const expressions = ports.map(([shown, port]) => `-e s/${shown}/${port}/g`).join(" ");
  const api = ports.at(-1)?.[1] ?? 0;
  const node = JSON.stringify(process.execPath);
  const scripts = {
    bellows: `if [ "$1" != init ]; then exec ${node} ${JSON.stringify(BELLOWS)} "$@"; fi
${node} ${JSON.stringify(BELLOWS)} "$@" || exit $?
sed -i.bak ${expressions} bellows.yaml && rm bellows.yaml.bak
grep -q '^server:' bellows.yaml || printf 'server: { listen: "127.0.0.1:${api}" }\\n' >> bellows.yaml`,
    npx: `exec "$@"`,
    node: `exec ${node} "$@"`,
  };
  for (const [name, body] of Object.entries(scripts)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(folder, name), 0o755);
  }
}

async function runBash(
  commands: string,
  cwd: string,
  env: NodeJS.ProcessEnv,
  started: ChildProcess[],
): Promise<Ran> {
  // One file for both outputs keeps the order that a person would see, and is whole when the shell has ended, also
  // where something runs on in the background.
  const file = join(cwd, ".tools", "output");
  const descriptor = openSync(file, "w");
  const child = spawn("bash", ["-euo", "pipefail", "-c", commands], {
    cwd,
    env,
    detached: true,
    stdio: ["ignore", descriptor, descriptor],
  });
  closeSync(descriptor);
  started.push(child);
  const late = setTimeout(() => endGroup(-(child.pid ?? 0)), BLOCK_MS);
  const [code] = (await once(child, "exit")) as [number | null];
  clearTimeout(late);
  return { output: readFileSync(file, "utf8"), code };
}

function endGroup(pid: number): void {
  try {
    if (pid !== 0) process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

/** Instances and balancers outlive their controller by design; here they end with the page. */
function endServers(state: string): void {
  let entries: string[] = [];
  try {
    entries = readdirSync(state, { recursive: true, encoding: "utf8" });
  } catch {
    return;
  }
  const told = /(?:^|\/)(?:process|balancer)\.json$/;
  for (const entry of entries.filter((name) => told.test(name) && !name.includes("ended"))) {
    try {
      const { pid } = JSON.parse(readFileSync(join(state, entry), "utf8")) as { pid?: number };
      if (pid !== undefined) endGroup(-pid);
    } catch {
      // It was removed meanwhile.
    }
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
