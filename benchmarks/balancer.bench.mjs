/**
 * HTTP throughput through the load balancer of provider-local, through nginx, and without any balancer.
 *
 * Two upstream servers answer three bytes each; wrk loads one way after the other, in turns, so that a slow moment of
 * the machine hits all three alike. Printed are medians, and the processor time that a request costs in the balancer
 * itself, which other work on the machine disturbs less. BENCH_SHORT=1 takes less time and says less.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { startBalancer } from "../packages/provider-local/dist/balancer/client.js";

const short = process.env.BENCH_SHORT === "1";
const rounds = short ? 1 : 5;
const seconds = short ? 1 : 3;
const connections = 32;

const upstreamSource = `
  const server = require("node:http").createServer((request, response) => response.end("ok\\n"));
  server.listen(0, "127.0.0.1", () => process.send(server.address().port));
  process.on("disconnect", () => process.exit(0));
`;

async function startUpstream() {
  const child = spawn(process.execPath, ["-e", upstreamSource], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const [port] = await once(child, "message");
  return { child, port };
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

async function waitForPort(port) {
  for (let attempt = 0; attempt < 500; attempt += 1) {
    const socket = connect(port, "127.0.0.1");
    const open = await new Promise((resolve) => {
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    });
    socket.destroy();
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`nothing listens on port ${port}`);
}

async function startNginx(folder, ports) {
  const port = await freePort();
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};`,
  );
  writeFileSync(
    join(folder, "nginx.conf"),
    `daemon off; pid ${folder}/nginx.pid; worker_processes ${availableParallelism()}; error_log stderr error;
     ${process.getuid?.() === 0 ? "user root;" : ""}
     events { worker_connections 1024; }
     http { access_log off; ${temporary.join(" ")}
       upstream members { ${ports.map((member) => `server 127.0.0.1:${member};`).join(" ")} keepalive 64; }
       server { listen 127.0.0.1:${port}; keepalive_requests 100000000;
         location / { proxy_pass http://members; proxy_http_version 1.1; proxy_set_header Connection ""; } } }`,
  );
  const child = spawn("nginx", ["-p", `${folder}/`, "-e", "stderr", "-c", join(folder, "nginx.conf")], {
    stdio: "inherit",
  });
  await Promise.race([waitForPort(port), once(child, "error").then(([error]) => Promise.reject(error))]);
  return { child, port };
}

/** Processor time that a process and its children have used, in microseconds; undefined where /proc is not. */
function processorMicros(pid) {
  const own = (each) => {
    const stat = readFileSync(`/proc/${each}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // Ticks of 10 ms, in user and in kernel mode.
    return (Number(fields[11]) + Number(fields[12])) * 10_000;
  };
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean);
    return [pid, ...children].reduce((sum, each) => sum + own(each), 0);
  } catch {
    return undefined;
  }
}

/** Requests a second, how many failed, and what one cost in process `pid`. */
async function load(port, pid) {
  const before = processorMicros(pid);
  const child = spawn("wrk", [
    "-t",
    "1",
    "-c",
    String(connections),
    "-d",
    `${seconds}s`,
    `http://127.0.0.1:${port}/`,
  ]);
  let text = "";
  child.stdout.on("data", (chunk) => {
    text += chunk;
  });
  await once(child, "close");
  const rate = Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1]);
  const errors =
    /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text)?.slice(1) ?? [];
  const bad = Number(/Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0);
  const requests = Number(/(\d+) requests in/.exec(text)?.[1]);
  const micros = before === undefined ? undefined : (processorMicros(pid) - before) / requests;
  return { rate, micros, failed: errors.reduce((sum, count) => sum + Number(count), bad) };
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

function report(results, ways) {
  const rates = Object.fromEntries(
    ways.map(([name]) => [name, Math.round(median(results[name].map((run) => run.rate)))]),
  );
  const failed = Object.values(results)
    .flat()
    .reduce((sum, run) => sum + run.failed, 0);
  const ratio = (base) => (rates[base] ? Number((rates.balancer / rates[base]).toFixed(3)) : null);
  const micros = Object.fromEntries(
    ways
      .filter(([name]) => name !== "direct" && results[name].every((run) => run.micros !== undefined))
      .map(([name]) => [name, Number(median(results[name].map((run) => run.micros)).toFixed(1))]),
  );
  for (const [name, rate] of Object.entries(rates)) {
    const cost = micros[name] === undefined ? "" : `  ${micros[name]} µs of processor time each`;
    console.log(`${name.padEnd(9)} ${String(rate).padStart(7)} requests/s${cost}`);
  }
  if (rates.nginx) console.log(`balancer / nginx  = ${ratio("nginx")} (aim: at least 0.5)`);
  console.log(`balancer / direct = ${ratio("direct")}`);
  const line = { benchmark: "balancer", connections, seconds, rounds, cores: availableParallelism() };
  Object.assign(line, {
    requestsPerSecond: rates,
    processorMicros: micros,
    ratioToNginx: ratio("nginx"),
    ratioToDirect: ratio("direct"),
    failed,
  });
  console.log(JSON.stringify(line));
}

const has = (command) => spawnSync(command, ["-v"], { stdio: "ignore" }).error === undefined;
if (!has("wrk")) {
  console.log("balancer: skipped, wrk is not installed (Debian: apt-get install wrk nginx-light)");
  console.log(JSON.stringify({ benchmark: "balancer", skipped: "wrk is not installed" }));
  process.exit(process.env.CI === "true" ? 1 : 0);
}

const folder = mkdtempSync(join(tmpdir(), "balancer-bench-"));
const children = [];
let balancer;
try {
  const upstreams = [await startUpstream(), await startUpstream()];
  children.push(...upstreams.map((upstream) => upstream.child));
  const ports = upstreams.map((upstream) => upstream.port);
  const members = ports.map((port, index) => ({ id: `member-${index}`, address: "127.0.0.1", port }));
  const config = { listeners: [{ port: 0, protocol: "http", pool: "bench" }], pools: { bench: { members } } };
  balancer = await startBalancer({ folder: join(folder, "balancer"), name: "bench", config });
  const ways = [
    ["direct", ports[0], upstreams[0].child.pid],
    ["balancer", (await balancer.status()).listeners[0].boundPort, balancer.pid],
  ];
  if (has("nginx")) {
    const nginx = await startNginx(folder, ports);
    children.push(nginx.child);
    ways.splice(1, 0, ["nginx", nginx.port, nginx.child.pid]);
  } else console.log("nginx is not installed: no ratio to it (Debian: apt-get install nginx-light)");
  const results = Object.fromEntries(ways.map(([name]) => [name, []]));
  // Once unmeasured, so that every side has compiled its hot code and opened its connections.
  for (const [, port, pid] of ways) await load(port, pid);
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, port, pid] of ways) results[name].push(await load(port, pid));
  }
  report(results, ways);
} finally {
  await balancer?.stop({ deadlineMs: 0 });
  for (const child of children) child.kill("SIGTERM");
  rmSync(folder, { recursive: true, force: true });
}
