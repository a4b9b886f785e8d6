import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bellows, fakeContext } from "./harness.js";

const FILE = `version: 1
name: shop
providers:
  here: { use: local }
  there: { use: local }
loadBalancers:
  front: { provider: there, listeners: [{ port: 8080, protocol: http }] }
groups:
  legacy: { provider: there, existing: my_group, min: 1, max: 2 }
`;

/** Runs a writer on that file, only to see whom it would ask. */
async function whom(line: string): Promise<{ code: number; stderr: string; asked?: unknown }> {
  const context = fakeContext();
  writeFileSync(join(context.cwd, "bellows.yaml"), FILE);
  const { code, stderr, json } = await bellows([...line.split(" "), "--dry-run", "--json"], context);
  return { code, stderr, ...(code === 0 ? { asked: json() } : {}) };
}

describe("which provider a command means", () => {
  it("a group of the file is asked for at its own provider, under its name there", async () => {
    const { asked } = await whom("groups update legacy --max 3");
    expect(asked).toMatchObject({ provider: "there", args: ["my_group", { max: 3 }, {}] });
  });

  it("so is a load balancer of the file", async () => {
    expect((await whom("lbs delete front")).asked).toMatchObject({ provider: "there", args: ["front", {}] });
  });

  it("a name that the file does not know needs --provider where there are several", async () => {
    const { code, stderr } = await whom("groups update web --max 3");
    expect(code).toBe(2);
    expect(stderr).toContain("--provider: here, there");
  });

  it("--provider chooses one of the file", async () => {
    const { asked } = await whom("groups update web --max 3 --provider here");
    expect(asked).toMatchObject({ provider: "here", args: ["web", { max: 3 }, {}] });
  });

  it("--provider may name one that the file does not have", async () => {
    const { asked } = await whom("groups update legacy --max 3 --provider local");
    expect(asked).toMatchObject({ provider: "local", args: ["legacy", { max: 3 }, {}] });
  });
});
