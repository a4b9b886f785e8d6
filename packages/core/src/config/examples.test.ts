import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { PluginKinds, PluginLoader } from "../plugins/load.js";
import { renderFaults } from "./fault.js";
import { loadConfig } from "./load.js";

const folder = fileURLToPath(new URL("../../../../examples/configs/", import.meta.url));
const env = { RABBIT_PASSWORD: "a-password", RAX_KEY: "a-key" };

/** The plugins of this workspace, from their sources. */
const loader: PluginLoader = {
  async load<K extends keyof PluginKinds>(kind: K, use: string): Promise<PluginKinds[K]> {
    const name = kind === "provider" ? `@bellows/provider-${use}` : `@bellows/metrics-sources/${use}`;
    return ((await import(/* @vite-ignore */ name)) as { default: PluginKinds[K] }).default;
  },
};

describe("the example configs", () => {
  const files = readdirSync(folder).filter((file) => file.endsWith(".yaml"));

  it("are ten", () => expect(files).toHaveLength(10));

  it.each(files)("%s works as it stands", async (file) => {
    const loaded = await loadConfig(file, { cwd: folder, env, loader });
    expect("faults" in loaded ? renderFaults(loaded.faults) : "").toBe("");
    expect(loaded.warnings).toEqual([]);
  });
});
