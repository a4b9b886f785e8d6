// biome-ignore-all lint/suspicious/noTemplateCurlyInString: texts as they are written in files.
import fc from "fast-check";
import { expect, it } from "vitest";
import { load } from "../../test/config-files.js";
import type { Loaded } from "./load.js";

const GOOD = `version: 1
name: shop
providers: { cloud: { region: north, tries: 3 } }
sources: { mq: { use: rabbitmq, url: "amqp://u:secret-word@h" } }
loadBalancers:
  front: { listeners: [{ port: 80 }], healthCheck: { target: "HTTP:/health", interval: 2s } }
groups:
  web:
    min: 1
    max: 4
    launch: { image: a, size: 1.10 }
    loadBalancers: [front]
    metrics: { cpu: { source: group, metric: cpuPercent }, jobs: { source: mq, queue: x } }
    signals: { load: "jobs / max([instances, 1])" }
    policies:
      up: { when: load > 5, for: 20s, change: +50% }
      night: { schedule: "0 22 * * *", desired: 1 }
      steps: { signal: cpu, steps: [{ atLeast: 70, change: +1 }] }
    windows: { office: { days: mon-fri, hours: 08:00-18:00, min: 2 } }
`;

/** Every place lies in the file, and every message is one that somebody wrote for people. */
function checkPlaces(text: string, loaded: Loaded): void {
  const lines = text.replace(/^\uFEFF/, "").split("\n");
  for (const fault of [...("faults" in loaded ? loaded.faults : []), ...loaded.warnings]) {
    expect(fault.message).not.toMatch(/undefined|NaN|\[object/);
    if (fault.line === 0) continue;
    expect(fault.line).toBeLessThanOrEqual(lines.length);
    expect(fault.column).toBeGreaterThan(0);
    expect(fault.column).toBeLessThanOrEqual((lines[fault.line - 1]?.length ?? 0) + 1);
    expect(fault.length).toBeGreaterThan(0);
  }
  if ("faults" in loaded) expect(loaded.faults).not.toEqual([]);
}

const piece = fc.constantFrom(
  "{",
  "}",
  "[",
  "]",
  ":",
  ": ",
  ",",
  "\n",
  "  ",
  "- ",
  "*a",
  "&a ",
  "|\n",
  ">-\n",
  '"',
  "'",
  "#",
  "${env:A}",
  "${",
  "!!x ",
  "<<: ",
  "\t",
  "0",
  "null",
  "(",
  ")",
  "\u00e9",
  "\ud800",
  "---\n",
  "...",
  "?",
  "%",
  "@",
  "__proto__",
  "constructor",
);

it("no bytes make it throw", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
      await load(bytes);
    }),
    { numRuns: 60 },
  );
});

it("no soup of YAML's signs makes it throw, and its faults lie in the file", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(piece, fc.string({ maxLength: 4 })), { maxLength: 40 }),
      async (pieces) => {
        const text = pieces.join("").replaceAll("\0", "");
        checkPlaces(Buffer.from(text).toString(), await load(text));
      },
    ),
    { numRuns: 80 },
  );
});

it("one damaged place in a good file is a fault in the file, or none", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(GOOD.length),
      fc.nat(6),
      fc.oneof(piece, fc.string({ maxLength: 6 })),
      async (at, cut, put) => {
        const text = GOOD.slice(0, at) + put + GOOD.slice(at + cut);
        const loaded = await load(text.replaceAll("\0", ""));
        checkPlaces(Buffer.from(text.replaceAll("\0", "")).toString(), loaded);
      },
    ),
    { numRuns: 120 },
  );
});

it("the file that they start from is good", async () => {
  const loaded = await load(GOOD);
  expect("faults" in loaded ? loaded.faults : []).toEqual([]);
  expect(loaded.secrets).toEqual(["secret-word"]);
});
