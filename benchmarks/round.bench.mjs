/**
 * Rounds of many groups, beside a loop written by hand that knows this one configuration and builds equal records:
 * the pure middle alone (`decideRound`), all that leads from observing to records without writing them
 * (`line.decide()`), and an acting round (`line.once()`), which scales groups and writes to a store in memory. The two
 * take turns on the same samples, and what they decide and write is compared before anything is timed.
 * BENCH_SHORT=1 takes less time and says less.
 */
import { isDeepStrictEqual } from "node:util";
import { compileScaling, decideRound, emptyMemory } from "../packages/core/dist/index.js";
import { byHand } from "./round/by-hand.mjs";
import { handOf, lineOf } from "./round/lines.mjs";
import { collect, everyMs, median, observationOf, samplesOf, specOf, startMs } from "./round/world.mjs";

const short = process.env.BENCH_SHORT === "1";
const groups = short ? 1_000 : 10_000;
const turns = short ? 5 : 9;
const warmups = 6;
const names = Array.from({ length: groups }, (_, i) => `group-${i}`);

/** The first difference says more than ten thousand of them. */
function requireEqual(ours, theirs) {
  for (const [i, a] of ours.entries()) {
    if (!isDeepStrictEqual(a, theirs[i]))
      throw new Error(`not equal:\n${JSON.stringify(a)}\n${JSON.stringify(theirs[i])}`);
  }
}

const asStored = (memory) => JSON.parse(JSON.stringify(memory));

/** Milliseconds of both, and the ratio pair by pair, which holds when the machine's speed drifts. */
function summary(times) {
  const [oursMs, byHandMs] = ["ours", "theirs"].map((who) => Number(median(times[who]).toFixed(2)));
  const ratio = Number(median(times.ours.map((ms, i) => ms / times.theirs[i])).toFixed(2));
  return { oursMs, byHandMs, ratio };
}

function print(what, { oursMs, byHandMs, ratio }) {
  const each = ((oursMs * 1_000) / groups).toFixed(2);
  console.log(
    `${what.padEnd(14)}${oursMs.toFixed(1)} ms (${each} µs a group), by hand ${byHandMs.toFixed(1)} ms: ratio ${ratio}`,
  );
}

// ---- decideRound alone ----------------------------------------------------------------------------------------------

function middle() {
  const observations = names.map((name, i) => observationOf(name, 1 + (i % 12)));
  const compiled = names.map((name, i) => compileScaling(specOf(name, i), { rounding: "otter" }));
  const ours = (i, samples, memory, nowMs, id) =>
    decideRound({ compiled: compiled[i], observation: observations[i], samples, memory, nowMs, id });
  const theirs = (i, samples, memory, nowMs, id) =>
    byHand(names[i], observations[i], samples, memory, nowMs, id);
  const states = { ours: names.map(emptyMemory), theirs: names.map(emptyMemory) };
  const times = { ours: [], theirs: [] };
  const roundOf = (decide, memories, round) => {
    const nowMs = startMs + round * everyMs;
    const inputs = names.map((_, i) => samplesOf(i, round, nowMs));
    const records = new Array(groups);
    collect();
    const beganMs = performance.now();
    for (let i = 0; i < groups; i++) {
      const { record, memory } = decide(i, inputs[i], memories[i], nowMs, `r${round}-${i}`);
      memories[i] = memory;
      records[i] = record;
    }
    return { ms: performance.now() - beganMs, records };
  };
  for (let round = 0; round < warmups + turns; round++) {
    const a = roundOf(ours, states.ours, round);
    const b = roundOf(theirs, states.theirs, round);
    if (round < warmups) {
      requireEqual(a.records, b.records);
      requireEqual(states.ours.map(asStored), states.theirs.map(asStored));
      continue;
    }
    times.ours.push(a.ms);
    times.theirs.push(b.ms);
  }
  return summary(times);
}

// ---- The whole line -------------------------------------------------------------------------------------------------

async function timed(run) {
  collect();
  const beganMs = performance.now();
  const records = await run();
  return { ms: performance.now() - beganMs, records };
}

/** Rounds of both in turn; `what`: what is timed. Every round acts, so that the next one finds the world moved. */
async function wholeLine() {
  const ours = lineOf(names);
  const theirs = handOf(names);
  const decide = { ours: [], theirs: [] };
  const once = { ours: [], theirs: [] };
  let scales = 0;
  for (let round = 0; round < warmups + turns; round++) {
    for (const { world } of [ours, theirs]) world.goTo(round);
    const decided = [await timed(ours.decide), await timed(theirs.decide)];
    const acted = [await timed(ours.once), await timed(theirs.once)];
    for (const { store } of [ours, theirs]) await prune(store);
    if (round < warmups) {
      requireEqual(...decided.map(({ records }) => inOrder(records)));
      requireEqual(...acted.map(({ records }) => inOrder(records)));
      continue;
    }
    scales += acted[0].records.filter(({ action }) => action === "scale").length;
    for (const [times, [a, b]] of [
      [decide, decided],
      [once, acted],
    ]) {
      times.ours.push(a.ms);
      times.theirs.push(b.ms);
    }
  }
  requireEqual(await documentsOf(ours.store), await documentsOf(theirs.store));
  return { decide: summary(decide), once: summary(once), scalesPerRound: Math.round(scales / turns) };
}

/** The line settles each group when it is ready: its records come in another order than its groups. */
function inOrder(records) {
  return records.toSorted((a, b) => (a.group < b.group ? -1 : 1));
}

/** Records that nobody looks at any more would only make collecting garbage slow, for both. */
const prune = (store) =>
  Promise.all(names.map((name) => store.prune(name, { beforeMs: Number.POSITIVE_INFINITY, keep: 1 })));

const documentsOf = (store) =>
  Promise.all(
    names.map(async (name) => {
      const documents = { memory: (await store.get(name, "memory"))?.value };
      for await (const { value } of store.read(name, { newestFirst: true, limit: 1 }))
        documents.newest = value;
      return documents;
    }),
  );

/** A store whose documents lie elsewhere, as on a disk: what weighs is the line. */
function forgetfulStore() {
  let version = 0;
  return {
    get: async () => undefined,
    async *read() {},
    async commit(_partition, { documents = [], append = [] }) {
      version += 1;
      const versions = Object.fromEntries(documents.map(({ key }) => [key, version]));
      return { versions, appended: append.map(() => version) };
    },
  };
}

/** Bytes a group after some rounds: definition, made ready, memory, last record, its place in the round's plan. */
async function heapPerGroup() {
  const holder = {};
  const weigh = () => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  holder.line = lineOf(names, forgetfulStore());
  const before = weigh();
  for (let round = 0; round < warmups; round++) {
    holder.line.world.goTo(round);
    await holder.line.once();
  }
  holder.line.world.goTo(warmups);
  return Math.round((weigh() - before) / groups);
}

const alone = middle();
const { decide, once, scalesPerRound } = await wholeLine();
const heapBytesPerGroup = await heapPerGroup();

print("decideRound", alone);
print("line.decide", decide);
print("line.once", once);
console.log(`${scalesPerRound} of ${groups} groups scale in each acting round; aim of each ratio: at most 3`);
console.log(`heap          ${heapBytesPerGroup} bytes a group (aim: under 8192)`);
console.log(
  JSON.stringify({
    benchmark: "round",
    groups,
    metrics: 3,
    policies: 2,
    turns,
    decideRound: alone,
    decide,
    once,
    scalesPerRound,
    ratio: decide.ratio,
    heapBytesPerGroup,
  }),
);
