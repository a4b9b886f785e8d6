import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { stubLoader, writeConfig } from "../../test/config-files.js";
import { createPluginLoader } from "../plugins/load.js";
import { renderFaults } from "./fault.js";
import { loadConfig } from "./load.js";

it("shows every mistake of a file at once, each with its place, its line and what to do", async () => {
  const folder = new URL("testdata/", import.meta.url);
  const cwd = writeConfig(readFileSync(new URL("mistakes.yaml", folder)));
  const real = createPluginLoader({ from: ["/srv/shop"] });
  const loaded = await loadConfig("bellows.yaml", {
    cwd,
    env: {},
    loader: { load: (kind, use) => (kind === "provider" ? real : stubLoader).load(kind, use) },
  });
  expect("faults" in loaded && renderFaults(loaded.faults)).toBe(
    readFileSync(new URL("mistakes.txt", folder), "utf8").trimEnd(),
  );
});
