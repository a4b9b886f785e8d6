// A worker: takes a job, works on it for half a second, tells that it is done.
const queue = "http://127.0.0.1:8090";
let stopping = false;
process.on("SIGTERM", () => {
  stopping = true; // the job in hand is finished first
});

const post = async (path) => (await fetch(queue + path, { method: "POST" })).json();
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

while (!stopping) {
  const { job } = await post("/take").catch(() => ({ job: false }));
  await wait(job ? 500 : 250);
  if (job) await post("/done");
}
