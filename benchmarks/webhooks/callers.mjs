// Callers on a thread of their own: each has a connection, asks, and waits for the answer before it asks again.
import { connect } from "node:net";
import { parentPort } from "node:worker_threads";

parentPort.on("message", async (order) => parentPort.postMessage(await run(order)));

/** @param perSecond - so many calls begin a second, each with a caller that waits for nothing; absent: without a pause. */
async function run({ port, paths, callers, forMs, perSecond }) {
  const requests = paths.map((path) =>
    Buffer.from(
      `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}`,
    ),
  );
  const seen = { accepted: 0, other: 0, waitedMs: [] };
  let next = 0;
  const idle = await Promise.all(Array.from({ length: callers }, () => open(port, seen)));
  const beganMs = performance.now();
  const request = () => requests[next++ % requests.length];
  if (perSecond === undefined) {
    const endMs = beganMs + forMs;
    await Promise.all(
      idle.map(async (caller) => {
        while (performance.now() < endMs) await caller.ask(request(), performance.now());
      }),
    );
  } else await steadily(idle, request, { beganMs, forMs, perSecond });
  const tookMs = performance.now() - beganMs;
  for (const caller of idle) caller.close();
  return { ...seen, tookMs };
}

/** A call that finds no idle caller waits, and its waiting counts from when it was due. */
async function steadily(idle, request, { beganMs, forMs, perSecond }) {
  const free = [...idle];
  const underway = new Set();
  const due = [];
  let begun = 0;
  const begin = () => {
    while (due.length > 0 && free.length > 0) {
      const caller = free.pop();
      const asked = caller.ask(request(), due.shift()).then(() => {
        underway.delete(asked);
        free.push(caller);
        begin();
      });
      underway.add(asked);
    }
  };
  const total = Math.round((forMs * perSecond) / 1_000);
  while (begun < total) {
    const wanted = Math.min(total, Math.floor(((performance.now() - beganMs) * perSecond) / 1_000));
    for (; begun < wanted; begun++) due.push(beganMs + (begun * 1_000) / perSecond);
    begin();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  while (underway.size > 0 || due.length > 0) await Promise.all(underway);
}

function open(port, seen) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1").setNoDelay(true);
    let answered = () => {};
    let sinceMs = 0;
    socket.once("error", reject);
    socket.on("data", (chunk) => {
      if (chunk.includes("HTTP/1.1 202 ")) seen.accepted += 1;
      else seen.other += 1;
      seen.waitedMs.push(performance.now() - sinceMs);
      answered();
    });
    socket.once("connect", () =>
      resolve({
        ask(request, dueMs) {
          sinceMs = dueMs;
          socket.write(request);
          return new Promise((done) => {
            answered = done;
          });
        },
        close: () => socket.destroy(),
      }),
    );
  });
}
