/**
 * One round of many groups through the pure middle of the line (evaluate, combine, constrain, record), beside a
 * hand-written loop that knows this one configuration by heart, computes the same desired counts and builds equal
 * records. Both start from the same observations and samples, take turns, and are compared record by record before
 * anything is timed. BENCH_SHORT=1 takes less time and says less.
 */
import { isDeepStrictEqual } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { compileScaling, decideRound, emptyMemory } from "../packages/core/dist/index.js";

const short = process.env.BENCH_SHORT === "1";
const groups = short ? 1_000 : 10_000;
const turns = short ? 5 : 15;
const everyMs = 10_000;
const startMs = Date.UTC(2026, 0, 1);

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");

const noLimits = { stabilizationMs: 0, rates: [] };

function specOf(name) {
  const metric = (metricName) => ({ name: metricName, source: "bench", params: {}, maxAgeMs: 300_000 });
  return {
    name,
    provider: "bench",
    ref: name,
    min: 1,
    max: 20,
    everyMs,
    cooldownMs: 60_000,
    mode: "act",
    metrics: [metric("cpu"), metric("queue"), metric("rate")],
    signals: [],
    policies: [
      { name: "busy", when: "queue > 50", forMs: 20_000, adjust: { change: 1 } },
      { name: "cpu", signal: "cpu", adjust: { target: { value: 60 } } },
    ],
    windows: [],
    scaleOut: noLimits,
    scaleIn: noLimits,
    combine: "largest",
    onMissing: { kind: "hold" },
  };
}

/** The world: what a group looks like, and its samples in a round. Numbers without a random source. */
function observationOf(name, desired) {
  const instances = Array.from({ length: desired }, (_, i) => ({
    id: `${name}-${i}`,
    group: name,
    lifecycle: "in-service",
    health: "healthy",
    addresses: [],
    protected: false,
  }));
  const group = {
    name,
    id: name,
    min: 1,
    max: 20,
    desired,
    cooldownMs: 60_000,
    metadata: {},
    loadBalancers: [],
    zones: [],
    paused: false,
  };
  return { status: { group, instances, observedAtMs: startMs } };
}

function samplesOf(index, round, nowMs) {
  const turn = (index * 7 + round * 13) % 97;
  const observedAtMs = nowMs - 1_500;
  return [
    { value: 40 + (turn % 41), observedAtMs },
    { value: turn, observedAtMs },
    { value: turn * 3, observedAtMs },
  ];
}

// ---- The hand-written loop ------------------------------------------------------------------------------------------

function reading(name, sample, nowMs) {
  return {
    name,
    source: "bench",
    value: sample.value,
    observedAtMs: sample.observedAtMs,
    ageMs: nowMs - sample.observedAtMs,
  };
}

// biome-ignore lint/complexity/noExcessiveCognitiveComplexity: one straight function is what it is compared with
function byHand(name, { status }, samples, memory, nowMs, id) {
  const { desired, min, max, paused } = status.group;
  let inService = 0;
  let pending = 0;
  let draining = 0;
  let other = 0;
  for (const { lifecycle, health } of status.instances) {
    if (lifecycle === "in-service" && health !== "unhealthy") inService++;
    else if (lifecycle === "pending") pending++;
    else if (lifecycle === "draining") draining++;
    else if (lifecycle !== "terminated") other++;
  }
  const cpu = samples[0].value;
  const queue = samples[1].value;
  const next = {
    version: 1,
    atMs: nowMs,
    policies: memory.policies,
    recommendations: [],
    moves: [],
    keeps: [],
  };
  if (memory.stamp) next.stamp = memory.stamp;
  if (memory.step && !(pending === 0 && draining === 0 && inService === desired)) next.step = memory.step;

  const when = "queue > 50";
  const numbers = `${queue} > 50`;
  const old = memory.policies.busy;
  let busy;
  if (queue > 50) {
    const heldMs = old?.timer ? old.timer.heldMs + nowMs - old.timer.seenAtMs : 0;
    next.policies = { ...next.policies, busy: { ...old, timer: { heldMs, seenAtMs: nowMs } } };
    busy =
      heldMs < 20_000
        ? {
            policy: "busy",
            kind: "abstain",
            reason: {
              code: "when-waiting",
              params: { policy: "busy", when, numbers, heldMs, forMs: 20_000 },
            },
          }
        : {
            policy: "busy",
            kind: "want",
            want: desired + 1,
            reason: {
              code: "when-true",
              params: { policy: "busy", when, numbers, forMs: 20_000, want: desired + 1 },
            },
          };
  } else {
    if (old?.timer) {
      const { timer: _, ...rest } = old;
      next.policies = { ...next.policies, busy: rest };
    }
    busy = {
      policy: "busy",
      kind: "abstain",
      reason: { code: "when-false", params: { policy: "busy", when, numbers } },
    };
  }
  const within = cpu >= 54 && cpu <= 66;
  const want = within ? desired : Math.ceil((inService * cpu) / 60);
  const params = { policy: "cpu", signal: "cpu", value: cpu, target: 60, inService, want };
  let code = "within-target";
  if (within) params.tolerance = 0.1;
  else code = cpu > 60 ? "over-target" : "under-target";
  const target = { policy: "cpu", kind: "want", want, reason: { code, params } };

  const winner = busy.kind === "want" && busy.want >= want ? busy : target;
  const wanted = winner.want;
  const reasons = [winner.reason];
  if (wanted === desired && want < desired)
    reasons.push({ code: "outvoted", params: { policy: "cpu", wanted: want, by: "busy" } });
  const wouldChangeIf = [];
  let to = wanted;
  const leftMs = memory.stamp ? Math.max(0, memory.stamp.atMs + 60_000 - nowMs) : 0;
  if (paused) to = desired;
  if (leftMs > 0 && to !== desired) {
    reasons.push({ code: "group-cooldown", params: { leftMs, wanted: to } });
    wouldChangeIf.push({ code: "if-group-cooldown-ends", params: { leftMs, wanted: to } });
    to = desired;
  }
  if (to < min) {
    reasons.push({ code: "min", params: { bound: min, wanted: to } });
    wouldChangeIf.push({ code: "if-min-lowered", params: { min } });
    to = min;
  }
  if (to > max) {
    reasons.push({ code: "max", params: { bound: max, wanted: to } });
    wouldChangeIf.push({ code: "if-max-raised", params: { max } });
    to = max;
  }
  const action = to === desired ? "hold" : "scale";
  if (action === "scale") {
    const before = memory.stamp ? { atMs: nowMs, id, beforeMs: memory.stamp.atMs } : { atMs: nowMs, id };
    next.stamp = before;
    next.step = { id, atMs: nowMs, to };
    next.moves = [{ id, atMs: nowMs, delta: to - desired }];
    const mine = next.policies[winner.policy];
    const stamp = mine?.stamp ? { atMs: nowMs, id, beforeMs: mine.stamp.atMs } : { atMs: nowMs, id };
    next.policies = { ...next.policies, [winner.policy]: { ...mine, stamp } };
  } else {
    if (busy.reason.code === "when-false") {
      wouldChangeIf.push({
        code: "if-above",
        params: { policy: "busy", signal: "queue", bound: 50, orEqual: false, value: queue, forMs: 20_000 },
      });
    } else if (busy.reason.code === "when-waiting") {
      wouldChangeIf.push({
        code: "if-held",
        params: { policy: "busy", what: when, leftMs: 20_000 - busy.reason.params.heldMs },
      });
    }
    if (want === desired) {
      const shared = { policy: "cpu", signal: "cpu", value: cpu, forMs: 0 };
      const more = Math.round(Math.max(66, (60 * desired) / inService) * 1e9) / 1e9;
      wouldChangeIf.push({ code: "if-above", params: { ...shared, bound: more, orEqual: false } });
      const fewer = (60 * (desired - 1)) / inService;
      if (fewer > 0) {
        const bound = Math.round(Math.min(54, fewer) * 1e9) / 1e9;
        wouldChangeIf.push({ code: "if-below", params: { ...shared, bound, orEqual: fewer < 54 } });
      }
    }
    if (wouldChangeIf.length === 0) wouldChangeIf.push({ code: "if-wanted-otherwise", params: {} });
  }
  const record = {
    id,
    group: name,
    provider: "bench",
    trigger: "round",
    atMs: nowMs,
    lastAtMs: nowMs,
    count: 1,
    mode: "act",
    metrics: [
      reading("cpu", samples[0], nowMs),
      reading("queue", samples[1], nowMs),
      reading("rate", samples[2], nowMs),
    ],
    signals: [],
    proposals: [busy, target],
    action,
    from: desired,
    to,
    reasons,
    wouldChangeIf,
    outcomes: [],
    counts: { desired, min: 1, max: 20, inService, pending, draining, other },
    wanted,
  };
  return { record, memory: next };
}

// ---- Turns ----------------------------------------------------------------------------------------------------------

const names = Array.from({ length: groups }, (_, i) => `group-${i}`);
const observations = names.map((name, i) => observationOf(name, 1 + (i % 12)));

/** One round of all groups; keeps each group's memory and last record, as the line does. */
function roundOf(decide, state, round) {
  const nowMs = startMs + round * everyMs;
  const inputs = names.map((_, i) => samplesOf(i, round, nowMs));
  const beganMs = performance.now();
  for (let i = 0; i < groups; i++) {
    const { record, memory } = decide(
      i,
      observations[i],
      inputs[i],
      state.memories[i],
      nowMs,
      `r${round}-${i}`,
    );
    state.memories[i] = memory;
    state.records[i] = record;
  }
  return performance.now() - beganMs;
}

/** The first group that differs says more than ten thousand that do. */
function requireEqual(ours, theirs) {
  for (let i = 0; i < groups; i++) {
    const [a, b] = [ours, theirs].map(({ memories, records }) => ({
      memory: memories[i],
      record: records[i],
    }));
    if (!isDeepStrictEqual(a, b)) throw new Error(`not equal:\n${JSON.stringify(a)}\n${JSON.stringify(b)}`);
  }
}

const freshState = () => ({ memories: names.map(emptyMemory), records: new Array(groups) });
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

collect();
const before = process.memoryUsage().heapUsed;
const compiled = names.map((name) => compileScaling(specOf(name), { rounding: "otter" }));
const line = freshState();
const hand = freshState();
const decideLine = (i, observation, samples, memory, nowMs, id) =>
  decideRound({ compiled: compiled[i], observation, samples, memory, nowMs, id });
const decideHand = (i, observation, samples, memory, nowMs, id) =>
  byHand(names[i], observation, samples, memory, nowMs, id);

roundOf(decideLine, line, 0);
roundOf(decideLine, line, 1);
collect();
const heapBytesPerGroup = Math.round((process.memoryUsage().heapUsed - before) / groups);

line.memories = names.map(emptyMemory);
for (let round = 0; round < 6; round++) {
  roundOf(decideLine, line, round);
  roundOf(decideHand, hand, round);
  requireEqual(line, hand);
}

const times = { line: [], hand: [] };
for (let round = 6; round < 6 + turns; round++) {
  collect();
  times.line.push(roundOf(decideLine, line, round));
  collect();
  times.hand.push(roundOf(decideHand, hand, round));
}
requireEqual(line, hand);

const lineMs = median(times.line);
const handMs = median(times.hand);
const ratio = Number((lineMs / handMs).toFixed(2));
console.log(
  `decideRound   ${lineMs.toFixed(1)} ms for ${groups} groups (${((lineMs * 1_000) / groups).toFixed(2)} µs each)`,
);
console.log(`by hand       ${handMs.toFixed(1)} ms`);
console.log(`ratio         ${ratio} (aim: at most 3)`);
console.log(
  `heap          ${heapBytesPerGroup} bytes a group: definition, memory, last record (aim: under 8192)`,
);
console.log(
  JSON.stringify({
    benchmark: "round",
    groups,
    metrics: 3,
    policies: 2,
    turns,
    lineMs,
    handMs,
    ratio,
    heapBytesPerGroup,
  }),
);
