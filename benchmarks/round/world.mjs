/** What the benchmark's rounds look at: groups of one configuration, a cloud and a source in memory. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

export const everyMs = 10_000;
export const startMs = Date.UTC(2026, 0, 1);

const noLimits = { stabilizationMs: 0, rates: [] };

/** One group's definition: three metrics, two policies. */
export function specOf(name, index) {
  const metric = (metricName, at) => ({
    name: metricName,
    source: "bench",
    params: { at: 3 * index + at },
    maxAgeMs: 300_000,
  });
  return {
    name,
    provider: "bench",
    ref: name,
    min: 1,
    max: 20,
    everyMs,
    cooldownMs: 60_000,
    mode: "act",
    metrics: [metric("cpu", 0), metric("queue", 1), metric("rate", 2)],
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

/** How a group looks with so many instances. */
export function observationOf(name, desired) {
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

/** A group's samples in a round: numbers without a random source, which change from round to round. */
export function samplesOf(index, round, nowMs) {
  const turn = (index * 7 + round * 13) % 97;
  const observedAtMs = nowMs - 1_500;
  return [
    { value: 40 + (turn % 41), observedAtMs },
    { value: turn, observedAtMs },
    { value: turn * 3, observedAtMs },
  ];
}

/** A cloud that does at once what it is told, and a source whose answers are there already. */
export function createWorld(names) {
  const observations = new Map(names.map((name, i) => [name, observationOf(name, 1 + (i % 12))]));
  let samples = [];
  let nowMs = startMs;
  return {
    now: () => nowMs,
    /** Goes on to a round's time and samples. */
    goTo(round) {
      nowMs = startMs + round * everyMs;
      samples = names.flatMap((_, i) => samplesOf(i, round, nowMs));
    },
    groups: {
      observe: async (refs) => refs.map((ref) => observations.get(ref)),
      async scale(ref, to) {
        observations.set(ref, observationOf(ref, to));
        return { result: "done", desired: to };
      },
    },
    source: { read: async (queries) => queries.map(({ params }) => samples[params.at]) },
  };
}

setFlagsFromString("--expose-gc");
/** Collects garbage now, so that nobody pays for what another has left. */
export const collect = runInNewContext("gc");

export const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
