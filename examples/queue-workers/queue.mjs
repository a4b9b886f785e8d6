// The queue of this example: keeps jobs in memory, hands them out one by one, tells how many wait.
//   node queue.mjs 40        starts it with 40 jobs
//   curl -X POST 127.0.0.1:8090/jobs?count=20     adds 20
import { createServer } from "node:http";

let waiting = Number(process.argv[2] ?? 0);
let done = 0;

createServer((request, response) => {
  const url = new URL(request.url ?? "/", "http://127.0.0.1");
  response.setHeader("content-type", "application/json");
  if (request.method === "POST" && url.pathname === "/jobs")
    waiting += Number(url.searchParams.get("count") ?? 1);
  if (request.method === "POST" && url.pathname === "/take") {
    const job = waiting > 0;
    if (job) waiting -= 1;
    return response.end(JSON.stringify({ job }));
  }
  if (request.method === "POST" && url.pathname === "/done") done += 1;
  return response.end(JSON.stringify({ waiting, done }));
}).listen(8090, "127.0.0.1");
