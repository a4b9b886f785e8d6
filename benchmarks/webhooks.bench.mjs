/**
 * Executions by webhook a second, from the call to the decision that is recorded: HTTP, the look-up of the link, the
 * accepted order on disk, the group's look, the step with its intent, the cloud (which only remembers a number here)
 * and the record on disk. One thread does all of it; the callers are another. Beside it, in the same run and with the
 * same callers: a bare fastify handler that reads a body and answers 202.
 *
 * First as fast as 64 callers get their answers, in turns with the bare handler; then 2,000 a second whatever comes
 * back, where it is measured how long each call takes until it is answered and until its decision is recorded. At the
 * end nothing that was answered with 202 may lack its record. BENCH_SHORT=1 takes less time and says less.
 */
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { startDaemon } from "../packages/control-plane/dist/index.js";
import { createPluginLoader, loadConfig, systemClock } from "../packages/core/dist/index.js";
import { median } from "./round/world.mjs";

const { default: Fastify } = createRequire(
  new URL("../packages/control-plane/dist/index.js", import.meta.url),
)("fastify");

const short = process.env.BENCH_SHORT === "1";
const turns = short ? 3 : 7;
const turnMs = short ? 500 : 2_000;
const steadyMs = short ? 2_000 : 10_000;
const perSecond = 2_000;
const callers = 64;
const groups = 50;

const here = dirname(fileURLToPath(import.meta.url));
const folder = mkdtempSync(join(here, ".webhooks-"));

/** Ids by the moment at which they were made: one of them is the accepted order's, and stands in its record. */
const madeMs = new Map();
const recordedMs = [];
let recorded = 0;

async function start() {
  const file = join(folder, "bellows.yaml");
  writeFileSync(
    file,
    `version: 1
providers: { remembered: { use: ${join(here, "webhooks", "remembered.mjs")} } }
server: { listen: "127.0.0.1:0", url: "http://127.0.0.1" }
every: 10s
`,
  );
  const loader = createPluginLoader({ from: [here] });
  const silent = () => {};
  const unlimited = Number.MAX_SAFE_INTEGER;
  const daemon = await startDaemon({
    file,
    load: () => loadConfig(file, { loader, cwd: folder, env: {} }),
    folder: join(folder, "state"),
    clock: systemClock,
    logger: { debug: silent, info: silent, warn: console.error, error: console.error },
    version: "0.0.0-bench",
    newId() {
      const id = randomUUID();
      madeMs.set(id, performance.now());
      return id;
    },
    httpLimits: { webhooksPerMinute: unlimited, callsPerWebhookPerMinute: unlimited },
  });
  daemon.line.records.subscribe(({ order }) => {
    const sinceMs = madeMs.get(order?.id);
    if (sinceMs === undefined) return;
    madeMs.delete(order.id);
    recordedMs.push(performance.now() - sinceMs);
    recorded += 1;
  });
  const invoke = (method, ...args) => daemon.control.invoke("remembered", method, args);
  const paths = [];
  for (let number = 0; number < groups; number++) {
    const name = `group-${number}`;
    await invoke("groups.create", { name, min: 0, max: 100_000, launch: {} });
    await invoke("policies.create", name, {
      name: "up",
      engine: "bellows",
      adjust: { change: 1 },
      cooldownMs: 0,
    });
    const { url } = await invoke("webhooks.create", name, "up", { name: "bench" });
    paths.push(new URL(url).pathname);
  }
  return { daemon, paths };
}

async function startBare() {
  const server = Fastify();
  server.post("/v1.0/execute/:version/:hash", async (_request, reply) => reply.code(202).send());
  await server.listen({ host: "127.0.0.1", port: 0 });
  return server;
}

const worker = new Worker(join(here, "webhooks", "callers.mjs"));
/** Has the callers call. @returns how many were answered 202, in how long, and how long each waited, in milliseconds. */
function call(order) {
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.postMessage(order);
  });
}

const percentile = (values, share) => {
  const sorted = [...values].sort((a, b) => a - b);
  return Number((sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(2));
};
const settled = async (accepted) => {
  for (let waited = 0; recorded < accepted && waited < 60_000; waited += 20)
    await new Promise((resolve) => setTimeout(resolve, 20));
};

const bare = await startBare();
const { daemon, paths } = await start();
const port = Number(new URL(daemon.url).port);
let accepted = 0;
try {
  const rates = { bare: [], webhooks: [] };
  for (let turn = 0; turn < turns + 1; turn++) {
    const plain = await call({ port: bare.server.address().port, paths, callers, forMs: turnMs });
    const beganMs = performance.now();
    const ours = await call({ port, paths, callers, forMs: turnMs });
    accepted += ours.accepted;
    await settled(accepted);
    if (turn === 0) continue;
    rates.bare.push((plain.accepted * 1_000) / plain.tookMs);
    // Until the last decision is recorded, not only until the last answer.
    rates.webhooks.push((ours.accepted * 1_000) / (performance.now() - beganMs));
  }
  recordedMs.length = 0;
  const steady = await call({ port, paths, callers: 256, forMs: steadyMs, perSecond });
  accepted += steady.accepted;
  await settled(accepted);
  const ratio = median(rates.webhooks.map((rate, turn) => rate / rates.bare[turn]));
  const result = {
    benchmark: "webhooks",
    groups,
    callers,
    turns,
    perSecond: { bare: Math.round(median(rates.bare)), executions: Math.round(median(rates.webhooks)) },
    steady: {
      offeredPerSecond: perSecond,
      acceptedPerSecond: Math.round((steady.accepted * 1_000) / steady.tookMs),
      answered: { p50Ms: percentile(steady.waitedMs, 0.5), p99Ms: percentile(steady.waitedMs, 0.99) },
      recorded: { p50Ms: percentile(recordedMs, 0.5), p99Ms: percentile(recordedMs, 0.99) },
    },
    accepted,
    lost: accepted - recorded,
    ratios: { executionsToBareHandler: Number(ratio.toFixed(2)) },
  };
  const { answered, recorded: noted } = result.steady;
  console.log(`${callers} callers, as fast as they are answered:`);
  console.log(`bare fastify handler, 202 alone   ${result.perSecond.bare} a second`);
  console.log(
    `executed and recorded             ${result.perSecond.executions} a second: ${result.ratios.executionsToBareHandler} × the bare handler`,
  );
  console.log(
    `${perSecond} calls a second, whatever comes back (${result.steady.acceptedPerSecond} accepted):`,
  );
  console.log(`answered    p50 ${answered.p50Ms} ms, p99 ${answered.p99Ms} ms`);
  console.log(`recorded    p50 ${noted.p50Ms} ms, p99 ${noted.p99Ms} ms after the call came in`);
  console.log(`${accepted} accepted, ${result.lost} without a record`);
  console.log(JSON.stringify(result));
} finally {
  await worker.terminate();
  await bare.close();
  await daemon.stop(5_000);
  rmSync(folder, { recursive: true, force: true });
}
