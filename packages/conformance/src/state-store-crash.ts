import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { collect, type StateStore } from "@bellows/core";
import { freshName } from "./checks.js";
import type { StoreBench } from "./state-store-bench.js";
import type { Add } from "./tests.js";

/** After how many acknowledged commits the process is killed. */
const KILLED_AFTER = [1, 40, 111];

/**
 * What the process of `crash` runs: commits without end, each of two documents and an entry that belong together, and
 * prints the number of each commit once it is acknowledged. It ends by being killed.
 */
export async function commitForever(store: StateStore): Promise<never> {
  for (let n = 1; ; n++) {
    await store.commit("crash", {
      documents: [
        { key: "left", value: n },
        { key: "right", value: n },
      ],
      append: [{ atMs: n, value: n }],
    });
    process.stdout.write(`${n}\n`);
  }
}

/** What a killed process leaves behind. */
export function crashTests(add: Add, { options, parts }: StoreBench): void {
  const { crash } = options;
  if (crash === undefined) {
    add("no process was given to crash", async () => parts.absent("crashes"));
    return;
  }
  for (const count of KILLED_AFTER) {
    add(
      `killed after ${count} acknowledged commits, it has them all, whole, and can be written to`,
      async () => {
        const place = freshName("crash");
        try {
          const acknowledged = await killAfter(crash(place), count);
          const store = await options.create(place);
          try {
            await checkLeft(store, acknowledged);
          } finally {
            await store.close();
          }
          parts.exercised("crashes");
        } finally {
          await options.remove?.(place);
        }
      },
    );
  }
}

async function checkLeft(store: StateStore, acknowledged: number): Promise<void> {
  const left = Number((await store.get("crash", "left"))?.value);
  const right = Number((await store.get("crash", "right"))?.value);
  const entries = await collect(store.read<number>("crash"));
  assert.ok(left >= acknowledged, `${acknowledged} commits were acknowledged, and ${left} are there`);
  assert.equal(right, left, "a commit is there in half");
  assert.deepEqual(
    entries.map(({ seq, value }) => [seq, value]),
    Array.from({ length: left }, (_, index) => [index + 1, index + 1]),
  );
  await store.commit("crash", { documents: [{ key: "after", value: 1, ifVersion: 0 }] });
}

/** @returns the last number that was printed before the process was gone. */
async function killAfter(child: ChildProcess, count: number): Promise<number> {
  assert.ok(child.stdout, "the process of `crash` needs its standard output piped");
  let last = 0;
  const ended = once(child, "exit");
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line);
    if (last >= count) child.kill("SIGKILL");
  }
  await ended;
  assert.ok(last >= count, `the process ended by itself after ${last} commits`);
  return last;
}
