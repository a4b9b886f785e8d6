import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stateStoreSuite } from "@bellows/conformance";
import { describe, test } from "vitest";
import { openSqliteStore } from "../src/store/sqlite-store.js";

const folder = mkdtempSync(join(tmpdir(), "bellows-stores-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
const file = (place: string): string => join(folder, place, "state.db");
const crasher = fileURLToPath(new URL("crash.mjs", import.meta.url));

stateStoreSuite(
  { describe, test },
  {
    create: (place) => openSqliteStore({ file: file(place) }),
    crash: (place) =>
      spawn(process.execPath, [crasher, file(place)], { stdio: ["ignore", "pipe", "inherit"] }),
    parts: ["documents", "log", "pruning", "races", "durability", "one holder", "crashes"],
  },
);
