import { expect, it, vi } from "vitest";
import { bellows } from "./harness.js";

/** What a shell is told at TAB after these words. */
async function completed(...words: string[]): Promise<string[]> {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  try {
    expect((await bellows(["complete", "--", ...words])).code).toBe(0);
    return log.mock.calls.map(([line]) => String(line).split("\t")[0] ?? "");
  } finally {
    log.mockRestore();
  }
}

it.each(["bash", "zsh", "fish"])(
  "completion %s prints a script that asks the command itself",
  async (shell) => {
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    const { code } = await bellows(["completion", shell]);
    const script = log.mock.calls.flat().join("\n");
    log.mockRestore();
    expect(code).toBe(0);
    expect(script).toContain("bellows complete --");
  },
);

it("completes nouns, verbs, options and choices", async () => {
  expect(await completed("gro")).toContain("groups");
  expect(await completed("lbs", "he")).toContain("health-check");
  expect(await completed("groups", "create", "--zo")).toContain("--zone");
  expect(await completed("status", "--output", "")).toEqual(
    expect.arrayContaining(["table", "json", "yaml"]),
  );
});

it("a shell that it does not know is a usage error", async () => {
  expect((await bellows(["completion", "tcsh"])).code).toBe(2);
});
