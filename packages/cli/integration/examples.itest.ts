import { type ChildProcess, spawn } from "node:child_process";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { freePort, openWorkshop, until, type Workshop } from "./workshop.js";

const examples = fileURLToPath(new URL("../../../examples/", import.meta.url));

let shop: Workshop;
const children: ChildProcess[] = [];
beforeEach(() => {
  shop = openWorkshop();
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await shop.close();
});

/** Copies an example, its fixed port given to one that is free here. */
function lay(name: string, port: number, free: number, files: readonly string[]): void {
  cpSync(join(examples, name), shop.folder, { recursive: true });
  for (const file of files) shop.write(file, shop.read(file).replaceAll(String(port), String(free)));
  shop.write("bellows.yaml", `${shop.read("bellows.yaml")}\nserver: { listen: "127.0.0.1:0" }\n`);
}

describe("examples", () => {
  test("local-web serves through its balancer, with as many instances as its file asks for", async () => {
    const port = await freePort();
    lay("local-web", 8080, port, ["bellows.yaml"]);
    await shop.run("run --apply");
    let answer = "";
    await until(async () => {
      const response = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
      answer = response?.status === 200 ? await response.text() : "";
      return answer !== "";
    });
    expect(answer).toMatch(/^done by \d+\n$/);
    const { groups } = (await shop.bellows("status --json")).json<{
      groups: { group: string; inService: number }[];
    }>();
    expect(groups).toMatchObject([{ group: "web", inService: 1 }]);
  });

  test("queue-workers works its queue off, from no worker at all", async () => {
    const port = await freePort();
    lay("queue-workers", 8090, port, ["bellows.yaml", "queue.mjs", "worker.mjs"]);
    children.push(spawn(process.execPath, ["queue.mjs", "12"], { cwd: shop.folder, stdio: "ignore" }));
    await shop.run("run --apply");
    let stats: unknown;
    await until(async () => {
      const response = await fetch(`http://127.0.0.1:${port}/stats`).catch(() => undefined);
      const now = (await response?.json()) as { done: number } | undefined;
      stats = now;
      return now?.done === 12;
    });
    expect(stats).toEqual({ waiting: 0, done: 12 });
    const explained = await shop.bellows("explain workers");
    expect(explained.stdout).toMatch(/scale 0 → 2/);
  });
});
