import { accessSync, constants, copyFileSync, existsSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { errorLine, type Finding, isBellowsError } from "@bellows/core";
import { readHolder, stateFiles } from "./state-folder.js";
import { openSqliteStore } from "./store/sqlite-store.js";

/** Less free space than this is worth a warning, in bytes. */
const SCARCE = 100 * 1_048_576;

/** What `doctor` says of a state folder: can it be used, who holds it, what to do when it is damaged. Changes nothing in it. */
export function examineState(folder: string): Finding[] {
  const files = stateFiles(folder);
  const findings: Finding[] = [folderFinding(folder), spaceFinding(folder)];
  if (!existsSync(files.database)) return [...findings, { level: "ok", text: "no state yet" }];
  try {
    const store = openSqliteStore({ file: files.database, check: true });
    void store.close();
    findings.push({ level: "ok", text: `${files.database} can be used` });
  } catch (error) {
    findings.push(databaseFinding(error, folder));
  }
  return findings;
}

function databaseFinding(error: unknown, folder: string): Finding {
  const { database } = stateFiles(folder);
  if (isBellowsError(error, "conflict")) {
    const holder = readHolder(folder);
    return {
      level: "ok",
      text:
        holder === undefined
          ? "held by another process"
          : `held by process ${holder.pid}${holder.url === undefined ? "" : ` at ${holder.url}`}`,
    };
  }
  if (isBellowsError(error, "unavailable") && error.retry === "never") {
    const copy = `${database}.damaged`;
    if (!existsSync(copy)) copyFileSync(database, copy);
    return {
      level: "error",
      text: error.message,
      hint: `a copy is kept in ${copy}; remove ${database} and run bellows run --apply: running instances are found again in their own folders, groups of the file are made anew around them, and nothing shrinks before metrics are there; records, tokens and webhook links have to be made anew`,
    };
  }
  return { level: "error", text: errorLine(error) };
}

function folderFinding(folder: string): Finding {
  let at = folder;
  while (!existsSync(at) && dirname(at) !== at) at = dirname(at);
  try {
    accessSync(at, constants.W_OK);
    return {
      level: "ok",
      text: at === folder ? `${folder} can be written` : `${folder} will be made on first use`,
    };
  } catch {
    return {
      level: "error",
      text: `${at} cannot be written`,
      hint: "change its owner or mode, or set BELLOWS_STATE_DIR",
    };
  }
}

function spaceFinding(folder: string): Finding {
  let at = folder;
  while (!existsSync(at)) at = dirname(at);
  const { bavail, bsize } = statfsSync(at);
  const free = bavail * bsize;
  const text = `${Math.round(free / 1_048_576)} MiB free`;
  return free < SCARCE
    ? { level: "warning", text, hint: "orders are refused when the disk is full" }
    : { level: "ok", text };
}
