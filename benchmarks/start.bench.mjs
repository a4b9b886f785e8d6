/**
 * What starting the command costs, beside Node's own start: `bellows --version`, and `bellows validate` on a file of
 * ten groups. The three take turns, so that they share whatever else the machine does; ratios are made pair by pair.
 * BENCH_SHORT=1 takes less time and says less.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const turns = process.env.BENCH_SHORT === "1" ? 9 : 41;
const launcher = fileURLToPath(new URL("../packages/cli/bin/bellows.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "bellows-start-"));

const group = (name) => `  ${name}:
    min: 1
    max: 6
    cooldown: 10s
    launch: { command: node, args: [server.mjs] }
    metrics:
      cpu: { source: group, metric: cpuPercent }
      queue: { source: http, url: "http://127.0.0.1:8080/stats", select: queue.ready }
    signals: { backlog: "queue / max([instances, 1])" }
    policies:
      busy: { when: backlog > 5, for: 20s, change: +1 }
      cpu: { target: { signal: cpu, value: 60 } }
`;
const names = Array.from({ length: 10 }, (_, i) => `group-${i}`);
const text = `version: 1\nname: ten\nproviders: { local: {} }\ngroups:\n${names.map(group).join("")}`;
writeFileSync(join(folder, "bellows.yaml"), text);

/** Milliseconds of one whole process. */
function time(args) {
  const beganMs = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
  const tookMs = performance.now() - beganMs;
  if (status !== 0) throw new Error(`node ${args.join(" ")} exits with ${status}:\n${stderr}`);
  return tookMs;
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const round = (number) => Number(number.toFixed(2));

const rivals = { node: ["-e", "0"], version: [launcher, "--version"], validate: [launcher, "validate"] };
try {
  const times = { node: [], version: [], validate: [] };
  for (const args of Object.values(rivals)) time(args);
  for (let turn = 0; turn < turns; turn++)
    for (const [name, args] of Object.entries(rivals)) times[name].push(time(args));
  const result = { benchmark: "start", turns, nodeMs: round(median(times.node)) };
  for (const name of ["version", "validate"]) {
    result[`${name}Ms`] = round(median(times[name]));
    result[`${name}Ratio`] = round(median(times[name].map((ms, i) => ms / times.node[i])));
  }
  console.log(`node -e 0                    ${result.nodeMs} ms`);
  console.log(`bellows --version            ${result.versionMs} ms: ratio ${result.versionRatio} (aim: 1.5)`);
  console.log(`bellows validate, 10 groups  ${result.validateMs} ms: ratio ${result.validateRatio} (aim: 4)`);
  console.log(JSON.stringify(result));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
