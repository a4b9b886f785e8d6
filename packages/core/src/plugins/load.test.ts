import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { isBellowsError } from "../errors.js";
import { createPluginLoader, pluginCandidates } from "./load.js";

/** What a plugin without dependencies looks like. */
const provider = (name: string, contract = 1): string =>
  `export default { kind: "provider", name: "${name}", contract: ${contract}, options: {}, launch: {}, capabilities: {}, drivers: [], create() {} };`;
const source = (name: string): string =>
  `export default { kind: "metric-source", name: "${name}", contract: 1, options: {}, query: {}, create() {} };`;

/** A folder with packages installed in it. */
function folderWith(
  packages: Record<string, { source: string; exports?: unknown }>,
  files: Record<string, string> = {},
): string {
  const folder = mkdtempSync(join(tmpdir(), "bellows-plugins-"));
  for (const [name, { source, exports = { ".": "./index.mjs" } }] of Object.entries(packages)) {
    const root = join(folder, "node_modules", name);
    mkdirSync(root, { recursive: true });
    writeFileSync(
      join(root, "package.json"),
      JSON.stringify({ name, version: "1.0.0", type: "module", exports }),
    );
    writeFileSync(join(root, "index.mjs"), source);
  }
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

async function refusal(loading: Promise<unknown>): Promise<{ message: string; hint: string | undefined }> {
  const error = await loading.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isBellowsError(error, "config")) throw new Error(`no ConfigError: ${String(error)}`);
  return { message: error.message, hint: error.hint };
}

describe("the name of a plugin", () => {
  it.each([
    ["provider", "x", ["@bellows/provider-x", "bellows-provider-x"]],
    ["metric-source", "x", ["@bellows/metrics-sources/x", "@bellows/source-x", "bellows-source-x"]],
    ["policy", "x", ["bellows-policy-x"]],
    ["provider", "@you/cloud", ["@you/cloud"]],
    ["provider", "bellows-provider-x", ["bellows-provider-x"]],
    ["provider", "./x.mjs", ["./x.mjs"]],
  ] as const)("%s %s is looked for as %j", (kind, use, candidates) => {
    expect(pluginCandidates(kind, use)).toEqual(candidates);
  });
});

describe("a plugin", () => {
  it("is found by its short name, and loaded once", async () => {
    const folder = folderWith({ "bellows-provider-x": { source: provider("x") } });
    const loader = createPluginLoader({ from: [folder] });
    const first = await loader.load("provider", "x");
    expect(first.name).toBe("x");
    expect(await loader.load("provider", "x")).toBe(first);
  });

  it("of Bellows's own scope comes before a stranger's of the same name", async () => {
    const folder = folderWith({
      "bellows-provider-x": { source: provider("stranger") },
      "@bellows/provider-x": { source: provider("own") },
    });
    expect((await createPluginLoader({ from: [folder] }).load("provider", "x")).name).toBe("own");
  });

  it("beside the config comes before one beside the command", async () => {
    const near = folderWith({ "bellows-provider-x": { source: provider("near") } });
    const far = folderWith({
      "bellows-provider-x": { source: provider("far") },
      "bellows-provider-y": { source: provider("y") },
    });
    const loader = createPluginLoader({ from: [near, far] });
    expect((await loader.load("provider", "x")).name).toBe("near");
    expect((await loader.load("provider", "y")).name).toBe("y");
  });

  it("may be a file, named from the config's folder", async () => {
    const folder = folderWith({}, { "plugins/mine.mjs": provider("mine") });
    expect((await createPluginLoader({ from: [folder] }).load("provider", "./plugins/mine.mjs")).name).toBe(
      "mine",
    );
  });

  it("of a source is found among the built-in ones by its subpath", async () => {
    const folder = folderWith({
      "@bellows/metrics-sources": { source: source("http"), exports: { "./http": "./index.mjs" } },
    });
    expect((await createPluginLoader({ from: [folder] }).load("metric-source", "http")).name).toBe("http");
  });

  it.each([
    ["for import alone", { ".": { import: "./index.mjs" } }],
    ["without subpaths", { import: "./index.mjs" }],
    ["by nested conditions", { ".": { node: { types: "./x.d.ts", import: "./index.mjs" } } }],
  ])("that exports %s is found as well", async (_how, exports) => {
    const folder = folderWith({ "bellows-provider-x": { source: provider("x"), exports } });
    expect((await createPluginLoader({ from: [folder] }).load("provider", "x")).name).toBe("x");
  });

  it("that is not installed says where it was looked for", async () => {
    const loader = createPluginLoader({ from: ["/srv/shop"] });
    expect(await refusal(loader.load("provider", "aws"))).toEqual({
      message:
        'provider "aws" is not installed (looked for @bellows/provider-aws and bellows-provider-aws from /srv/shop)',
      hint: "npm install @bellows/provider-aws",
    });
    expect((await refusal(loader.load("metric-source", "http"))).hint).toBe(
      "npm install @bellows/metrics-sources",
    );
    expect((await refusal(loader.load("metric-source", "mine"))).message).toContain(
      "looked for @bellows/source-mine and bellows-source-mine",
    );
    expect(await refusal(loader.load("provider", "./x.mjs"))).toEqual({
      message: 'provider "./x.mjs" is not installed (looked for ./x.mjs from /srv/shop)',
      hint: "the path is meant from the config file's folder",
    });
  });

  it("that throws while it loads fails alone, by name", async () => {
    const folder = folderWith({
      "bellows-provider-bad": { source: 'throw new TypeError("no such thing");' },
      "bellows-provider-good": { source: provider("good") },
    });
    const loader = createPluginLoader({ from: [folder] });
    const { message } = await refusal(loader.load("provider", "bad"));
    expect(message).toMatch(
      /^provider "bad" could not be loaded from .*index\.mjs: TypeError: no such thing$/,
    );
    expect((await loader.load("provider", "good")).name).toBe("good");
  });

  it.each([
    [
      "no default export",
      "export const a = 1;",
      'provider "x" is no plugin: its default export is not made by defineProvider',
    ],
    ["another kind", source("x"), '"x" is a plugin of another kind: metric source, not provider'],
    ["a newer contract", provider("x", 2), "x is written for contract 2; this is 1: upgrade @bellows/core"],
    ["an older contract", provider("x", 0), "x is written for contract 0; this is 1: upgrade the plugin"],
    [
      "parts missing",
      'export default { kind: "provider", name: "x", contract: 1, create() {} };',
      'provider "x" is incomplete: its default export lacks options, launch, capabilities, drivers',
    ],
  ])("with %s is refused in words", async (_what, text, message) => {
    const folder = folderWith({ "bellows-provider-x": { source: text } });
    expect((await refusal(createPluginLoader({ from: [folder] }).load("provider", "x"))).message).toBe(
      message,
    );
  });
});
