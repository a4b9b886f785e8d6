// Load for the application: clients that ask again as soon as they have their answer.
//   node load.mjs http://127.0.0.1:8080 "3 for 6s, 27 for 18s, 2 for 20s"
// Prints a JSON line twice a second, and a last one with the totals. SIGTERM ends it early.
import { Agent, request } from "node:http";

const [url = "http://127.0.0.1:8080", plan = "3 for 6s, 27 for 18s, 2 for 20s"] = process.argv.slice(2);
const phases = plan.split(",").map((phase) => {
  const [, clients, seconds] = /^\s*(\d+) for (\d+(?:\.\d+)?)s\s*$/.exec(phase) ?? [];
  if (clients === undefined) throw new Error(`cannot read ${JSON.stringify(phase)}: write "20 for 15s"`);
  return { clients: Number(clients), seconds: Number(seconds) };
});
const agent = new Agent({ keepAlive: true, maxSockets: 256 });
const totals = { requests: 0, failed: 0, inFlight: 0 };
const errors = {};
let wanted = 0;
let running = 0;

function once() {
  return new Promise((resolve) => {
    totals.inFlight += 1;
    const end = (failure) => {
      totals.inFlight -= 1;
      totals.requests += 1;
      if (failure !== undefined) {
        totals.failed += 1;
        errors[failure] = (errors[failure] ?? 0) + 1;
      }
      resolve(failure);
    };
    const call = request(url, { agent, timeout: 10_000 }, (response) => {
      response.resume();
      response.on("end", () =>
        end(response.statusCode === 200 ? undefined : `status ${response.statusCode}`),
      );
      response.on("error", (error) => end(error.code ?? error.message));
    });
    call.on("timeout", () => call.destroy(new Error("timeout")));
    call.on("error", (error) => end(error.code ?? error.message));
    call.end();
  });
}

async function client() {
  while (running <= wanted) {
    const failure = await once();
    if (failure !== undefined) await new Promise((resolve) => setTimeout(resolve, 100));
  }
  running -= 1;
}

function adjust(clients) {
  wanted = clients;
  while (running < wanted) {
    running += 1;
    void client();
  }
}

const tell = (more) => process.stdout.write(`${JSON.stringify({ clients: wanted, ...totals, ...more })}\n`);
const ticking = setInterval(() => tell({}), 500);
let stop = () => {};
const stopped = new Promise((resolve) => {
  stop = resolve;
});
process.on("SIGTERM", () => stop(true));
for (const { clients, seconds } of phases) {
  adjust(clients);
  const early = await Promise.race([
    new Promise((resolve) => setTimeout(() => resolve(false), seconds * 1_000)),
    stopped,
  ]);
  if (early) break;
}
adjust(0);
while (running > 0 && totals.inFlight > 0) await new Promise((resolve) => setTimeout(resolve, 20));
clearInterval(ticking);
tell({ done: true, errors });
agent.destroy();
process.exit(0);
