/**
 * What a round asks of AWS: API calls and wall time with 50 ms added to each call, for 1, 100 and 500 groups with three
 * CloudWatch metrics each. Side by side with the same reads one call at a time, as a loop over groups makes them. Then
 * what Node holds in memory, and what `bellows groups list --provider aws` costs over bare node.
 * BENCH_SHORT=1 takes less time and says less.
 */
import { fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connect, createHost, createMemoryStore, systemClock } from "../packages/core/dist/index.js";
import { createLine } from "../packages/core/dist/pipeline/line.js";
import cloudwatch from "../packages/metrics-sources/dist/cloudwatch.js";
import aws from "../packages/provider-aws/dist/index.js";
import { collect, median } from "./round/world.mjs";

const short = process.env.BENCH_SHORT === "1";
const latencyMs = 50;
const sizes = short ? [1, 100] : [1, 100, 500];
const turns = short ? 3 : 7;
/** With more groups the loop is reckoned from what its calls took: it would run for minutes. */
const mostByLoop = short ? 10 : 100;
const starts = short ? 5 : 21;
const metricNames = ["QueueLength", "Jobs", "Users"];
const region = "eu-west-1";
const credentials = { accessKeyId: "bench", secretAccessKey: "bench" };

const server = fork(fileURLToPath(new URL("aws/server.mjs", import.meta.url)), {
  stdio: ["ignore", "inherit", "inherit", "ipc"],
});
const [{ port }] = await once(server, "message");
const endpoint = `http://127.0.0.1:${port}`;
async function tell(message) {
  server.send(message);
  return (await once(server, "message"))[0];
}

const nameOf = (i) => `group-${String(i).padStart(4, "0")}`;
const namesOf = (count) => Array.from({ length: count }, (_, i) => nameOf(i));
const noLimits = { stabilizationMs: 0, rates: [] };
const specOf = (name) => ({
  name,
  provider: "aws",
  ref: name,
  min: 1,
  max: 20,
  everyMs: 60_000,
  cooldownMs: 60_000,
  mode: "act",
  metrics: metricNames.map((metric) => ({
    name: metric,
    source: "cloudwatch",
    params: cloudwatch.query.parse({ namespace: "Bench", metric, dimensions: { group: name } }),
    maxAgeMs: 300_000,
  })),
  signals: [],
  policies: [{ name: "busy", when: "Jobs > 1000", forMs: 0, adjust: { change: 1 } }],
  windows: [],
  scaleOut: noLimits,
  scaleIn: noLimits,
  combine: "largest",
  onMissing: { kind: "hold" },
});

/** The numbers that a round of Bellows decides by. */
async function openLine(count) {
  const cloud = await connect(aws, { region, endpoint, credentials });
  const source = await cloudwatch.create({}, createHost({ key: "cloudwatch" }));
  const { capabilities } = aws;
  const groups = new Map(
    namesOf(count).map((name) => [name, { spec: specOf(name), drivers: cloud, capabilities }]),
  );
  const sources = new Map([["cloudwatch", source]]);
  let made = 0;
  const line = createLine({
    clock: systemClock,
    store: createMemoryStore(),
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    holder: "bench",
    groups: () => groups,
    sources: () => sources,
    newId: () => `r${++made}`,
  });
  const read = async () => {
    const records = await line.decide();
    return records
      .toSorted((a, b) => (a.group < b.group ? -1 : 1))
      .map(({ metrics, counts }) => [counts?.desired, ...metrics.map(({ value }) => value)]);
  };
  return { read, close: () => cloud.close() };
}

/** The same by a loop: a group after the other, a metric after the other. */
function openLoop(count) {
  const load = createRequire(new URL("../packages/provider-aws/package.json", import.meta.url));
  const { AutoScalingClient, DescribeAutoScalingGroupsCommand } = load("@aws-sdk/client-auto-scaling");
  const { CloudWatchClient, GetMetricStatisticsCommand } = load("@aws-sdk/client-cloudwatch");
  const scaling = new AutoScalingClient({ region, endpoint, credentials: { ...credentials } });
  const watch = new CloudWatchClient({ region, endpoint, credentials: { ...credentials } });
  const read = async () => {
    const rows = [];
    for (const name of namesOf(count)) {
      const { AutoScalingGroups } = await scaling.send(
        new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [name] }),
      );
      const row = [AutoScalingGroups[0].DesiredCapacity];
      for (const MetricName of metricNames) {
        const { Datapoints } = await watch.send(
          new GetMetricStatisticsCommand({
            Namespace: "Bench",
            MetricName,
            Dimensions: [{ Name: "group", Value: name }],
            StartTime: new Date(Date.now() - 300_000),
            EndTime: new Date(),
            Period: 60,
            Statistics: ["Average"],
          }),
        );
        row.push(Datapoints[0].Average);
      }
      rows.push(row);
    }
    return rows;
  };
  const close = () => {
    scaling.destroy();
    watch.destroy();
  };
  return { read, close };
}

/** Calls and milliseconds of one read, after one that opens connections. */
async function measure(open, count, times) {
  const { read, close } = await open(count);
  await tell({ latencyMs, groups: count });
  let rows = await read();
  const { calls } = await tell("count");
  const took = [];
  for (let turn = 0; turn < times; turn++) {
    const beganMs = performance.now();
    rows = await read();
    took.push(performance.now() - beganMs);
  }
  await close();
  return {
    calls: Object.values(calls).reduce((sum, each) => sum + each, 0),
    ms: Math.round(median(took)),
    rows,
  };
}

async function sideBySide(count) {
  const most = Math.ceil((count * metricNames.length) / 500) + Math.ceil(count / 100);
  const ours = await measure(openLine, count, turns);
  if (ours.calls > most)
    throw new Error(`${ours.calls} calls for ${count} groups; at most ${most} were to be made`);
  const loopOf = Math.min(count, mostByLoop);
  const loop = await measure(openLoop, loopOf, loopOf > 1 ? 1 : turns);
  if (JSON.stringify(ours.rows.slice(0, loopOf)) !== JSON.stringify(loop.rows))
    throw new Error(`not equal:\n${JSON.stringify(ours.rows[0])}\n${JSON.stringify(loop.rows[0])}`);
  const times = count / loopOf;
  return {
    groups: count,
    calls: ours.calls,
    most,
    ms: ours.ms,
    loopCalls: loop.calls * times,
    loopMs: Math.round(loop.ms * times),
    ...(times > 1 ? { loopReckonedFrom: loopOf } : {}),
  };
}

function memory() {
  collect();
  const { rss, heapUsed } = process.memoryUsage();
  return { rssMiB: Math.round(rss / 1_048_576), heapMiB: Math.round(heapUsed / 1_048_576) };
}

/** Milliseconds of a whole process over those of bare node, in pairs. */
async function coldStart() {
  await tell({ latencyMs: 0, groups: 10 });
  const folder = mkdtempSync(join(tmpdir(), "bellows-aws-"));
  const launcher = fileURLToPath(new URL("../packages/cli/bin/bellows.js", import.meta.url));
  const env = {
    ...process.env,
    HOME: folder,
    BELLOWS_STATE_DIR: join(folder, "state"),
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  };
  const time = (args) => {
    const beganMs = performance.now();
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: folder, env, encoding: "utf8" });
    if (status !== 0) throw new Error(`node ${args.join(" ")} exits with ${status}:\n${stderr}`);
    return performance.now() - beganMs;
  };
  const list = [launcher, "groups", "list", "--provider", "aws", "--region", region];
  try {
    time(list);
    const pairs = Array.from({ length: starts }, () => [time(["-e", "0"]), time(list)]);
    return {
      nodeMs: Math.round(median(pairs.map(([node]) => node))),
      listMs: Math.round(median(pairs.map(([, list]) => list))),
      overNodeMs: Math.round(median(pairs.map(([node, list]) => list - node))),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

try {
  const rounds = [];
  for (const count of sizes) rounds.push(await sideBySide(count));
  const held = memory();
  const start = await coldStart();
  for (const { groups, calls, most, ms, loopCalls, loopMs, loopReckonedFrom } of rounds) {
    const reckoned = loopReckonedFrom === undefined ? "" : `, reckoned from ${loopReckonedFrom}`;
    console.log(
      `${String(groups).padStart(4)} groups  ${calls} calls (at most ${most}), ${ms} ms; one at a time ${loopCalls} calls, ${loopMs} ms${reckoned}`,
    );
  }
  console.log(`memory       ${held.rssMiB} MiB resident, ${held.heapMiB} MiB of them in use by JavaScript`);
  console.log(
    `groups list  ${start.listMs} ms, bare node ${start.nodeMs} ms: ${start.overNodeMs} ms over (aim: at most 250)`,
  );
  console.log(
    JSON.stringify({
      benchmark: "aws-calls",
      latencyMs,
      metrics: metricNames.length,
      rounds,
      ...held,
      ...start,
    }),
  );
} finally {
  server.disconnect();
}
