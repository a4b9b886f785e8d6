// A small web application. Each process is one instance: it does four jobs at a time, 50 ms each, and queues the rest.
// It reports its queue in a folder that all instances share, so that /stats of any one tells the queue of all.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

const port = Number(process.env.PORT ?? 8081);
const folder = process.env.QUEUE_FOLDER ?? join(process.cwd(), ".queue");
const mine = join(folder, `${process.pid}.json`);
const AT_ONCE = 4;
const JOB_MS = 50;
const FRESH_MS = 2_000;

const waiting = [];
let running = 0;

function work(done) {
  if (running >= AT_ONCE) {
    waiting.push(done);
    return;
  }
  running += 1;
  setTimeout(() => {
    running -= 1;
    done();
    const next = waiting.shift();
    if (next !== undefined) work(next);
  }, JOB_MS);
}

function report() {
  writeFileSync(`${mine}.new`, JSON.stringify({ jobs: waiting.length + running, at: Date.now() }));
  renameSync(`${mine}.new`, mine);
}

function jobsOfAll() {
  let jobs = 0;
  for (const name of readdirSync(folder)) {
    if (!name.endsWith(".json")) continue;
    try {
      const entry = JSON.parse(readFileSync(join(folder, name), "utf8"));
      if (Date.now() - entry.at < FRESH_MS) jobs += entry.jobs;
    } catch {
      // Its owner has just gone.
    }
  }
  return jobs;
}

const server = createServer((request, response) => {
  if (request.url === "/health") return response.end("ok\n");
  if (request.url === "/stats") {
    report();
    response.setHeader("content-type", "application/json");
    return response.end(JSON.stringify({ queue: { jobs: jobsOfAll() } }));
  }
  return work(() => response.end(`done by ${process.pid}\n`));
});
server.keepAliveTimeout = 65_000;

mkdirSync(folder, { recursive: true });
const reporting = setInterval(report, 100);
server.listen(port, "127.0.0.1");

// Told to stop: take no more, finish what was taken, go.
process.on("SIGTERM", () => {
  clearInterval(reporting);
  rmSync(mine, { force: true });
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
