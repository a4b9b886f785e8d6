import { accessSync, constants, statfsSync } from "node:fs";
import type { Finding } from "@bellows/core";
import { errorLine } from "@bellows/core";
import { adoptBalancer } from "./balancer/client.js";
import type { BalancerFolders } from "./balancer-folders.js";
import type { LocalContext } from "./context.js";
import { ownIdentity } from "./processes.js";
import { standingOf } from "./standing.js";

/** Less free space than this soon stops logs and records. */
const LITTLE_SPACE_BYTES = 256 * 1_024 * 1_024;

/** What `bellows doctor` says about this machine. Never throws. */
export async function diagnose(context: LocalContext, balancers: BalancerFolders): Promise<Finding[]> {
  const checks = [checkMachine, checkShell, checkFolder, checkSpace, checkServers];
  const findings = checks.map((check) => quietly(() => check(context)));
  return [...findings.flat(), ...(await checkBalancers(balancers))];
}

function quietly(check: () => Finding[]): Finding[] {
  try {
    return check();
  } catch (error) {
    return [{ level: "error", text: errorLine(error) }];
  }
}

function checkMachine(): Finding[] {
  return [{ level: "ok", text: `${process.platform}, boot ${ownIdentity().bootId}` }];
}

function checkShell(): Finding[] {
  accessSync("/bin/sh", constants.X_OK);
  return [];
}

function checkFolder({ stateDir }: LocalContext): Finding[] {
  try {
    accessSync(stateDir, constants.W_OK | constants.X_OK);
    return [{ level: "ok", text: `servers live in ${stateDir}` }];
  } catch {
    return [
      {
        level: "error",
        text: `${stateDir} is not writable`,
        hint: "check its owner and mode, or set stateDir",
      },
    ];
  }
}

function checkSpace({ stateDir }: LocalContext): Finding[] {
  const { bavail, bsize } = statfsSync(stateDir);
  const free = bavail * bsize;
  const text = `${Math.round(free / 1_024 / 1_024)} MiB free for logs and records`;
  return [
    free < LITTLE_SPACE_BYTES
      ? { level: "warning", text, hint: `make room below ${stateDir}` }
      : { level: "ok", text },
  ];
}

function checkServers({ folders }: LocalContext): Finding[] {
  const counts: Record<string, number> = {};
  const unreadable: string[] = [];
  for (const id of folders.ids()) {
    const entry = folders.read(id);
    if (entry === undefined) unreadable.push(id);
    else counts[standingOf(entry)] = (counts[standingOf(entry)] ?? 0) + 1;
  }
  const said = Object.entries(counts).map(([standing, count]) => `${count} ${standing}`);
  const summary: Finding = { level: "ok", text: `servers: ${said.length === 0 ? "none" : said.join(", ")}` };
  return [summary, ...unreadable.map((id) => damaged(folders.path(id)))];
}

function damaged(path: string): Finding {
  return {
    level: "warning",
    text: `the record of a server cannot be read: ${path}`,
    hint: "see whether its process runs (process.json), end it, then remove the folder",
  };
}

async function checkBalancers(balancers: BalancerFolders): Promise<Finding[]> {
  const findings: Finding[] = [];
  try {
    for (const name of balancers.names()) {
      const running = await adoptBalancer(balancers.path(name));
      const text =
        running === null
          ? `load balancer ${name} does not run`
          : `load balancer ${name}: process ${running.pid}`;
      findings.push(
        running === null
          ? { level: "warning", text, hint: "`bellows run` starts it" }
          : { level: "ok", text },
      );
    }
  } catch (error) {
    findings.push({ level: "error", text: errorLine(error) });
  }
  return findings;
}
