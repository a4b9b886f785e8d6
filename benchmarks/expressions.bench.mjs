// How many expressions a second one core evaluates, beside the same formula written as a function and as generated
// code. Prints lines to read and one line of JSON. BENCH_SHORT=1 shortens it.
//
// Baselines: "native" is a hand-written function over the same Map of values; "generated" is `new Function` over it,
// which Bellows never uses. Both keep their result in a sink, so that the engine cannot drop the work. Ours also
// builds the result object, and checks every step for overflow and missing values; "run" is ours without the object.
import { compileExpression, evaluate, parseExpression } from "../packages/core/dist/expressions/index.js";

const short = process.env.BENCH_SHORT === "1";
const ROUNDS = short ? 3 : 7;
const ROUND_MS = short ? 60 : 400;
const BATCH = 20_000;
const SETS = 64;
const GOAL_PER_SECOND = 6_000_000;

const formulas = [
  {
    name: "mixed",
    source: "cpu ** 2 - 0.5 * mem + max([cpu, mem])",
    native: (v) => v.get("cpu") ** 2 - 0.5 * v.get("mem") + Math.max(v.get("cpu"), v.get("mem")),
  },
  {
    name: "backlog",
    source: "queue / max([instances, 1])",
    native: (v) => v.get("queue") / Math.max(v.get("instances"), 1),
  },
  {
    name: "condition",
    source: "0 < cpu <= 90 and queue // 20 > instances or mem > 95",
    native: (v) =>
      Number(
        (v.get("cpu") > 0 && v.get("cpu") <= 90 && Math.floor(v.get("queue") / 20) > v.get("instances")) ||
          v.get("mem") > 95,
      ),
  },
];

// What a group has: its metrics, its signals, its own numbers.
const inputs = Array.from(
  { length: SETS },
  (_, i) =>
    new Map([
      ["instances", 1 + (i % 7)],
      ["desired", 1 + (i % 7)],
      ["pending", 0],
      ["min", 1],
      ["max", 9],
      ["queue", i * 3],
      ["cpu", 5 + i * 1.37],
      ["mem", 20 + i * 0.71],
    ]),
);

let sink = 0;

/** Median of several rounds, in evaluations a second. */
function measure(evaluateOne) {
  const rates = [];
  for (let round = -1; round < ROUNDS; round++) {
    let done = 0;
    let sum = 0;
    const start = performance.now();
    let elapsed = 0;
    do {
      for (let i = 0; i < BATCH; i++) sum += evaluateOne(inputs[i % SETS]);
      done += BATCH;
      elapsed = performance.now() - start;
    } while (elapsed < ROUND_MS);
    sink += sum;
    if (round >= 0) rates.push((done / elapsed) * 1000); // the first round only warms up
  }
  return rates.sort((a, b) => a - b)[ROUNDS >> 1];
}

function generate(source) {
  const body = source
    .replace(/\b(queue|cpu|mem|instances)\b/g, 'v.get("$1")')
    .replace(/max\(\[(.*?)\]\)/g, "Math.max($1)")
    .replace(/0 < (\S+) <= 90/, "0 < $1 && $1 <= 90")
    .replace(/(\S+) \/\/ 20/, "Math.floor($1 / 20)")
    .replace(" and ", " && ")
    .replace(" or ", " || ");
  return new Function("v", `return Number(${body})`);
}

function compiled(source) {
  const parsed = parseExpression(source);
  if (!parsed.ok) throw new Error(`${source}: ${parsed.fault.message}`);
  return compileExpression(parsed.ast);
}

function checkAgreement(ready, native, generated) {
  for (const values of inputs) {
    const { value } = evaluate(ready, values);
    if (Math.abs(value - native(values)) > 1e-9 || Math.abs(value - generated(values)) > 1e-9) {
      throw new Error(`the contestants disagree: ${value}, ${native(values)}, ${generated(values)}`);
    }
  }
}

const millions = (perSecond) => `${(perSecond / 1e6).toFixed(1)} M/s`;

// All are compiled and used before any is measured: in a daemon the engine sees many shapes, not one.
const contestants = formulas.map((formula) => {
  const ready = compiled(formula.source);
  const generated = generate(formula.source);
  checkAgreement(ready, formula.native, generated);
  return { ...formula, ready, generated };
});

const results = contestants.map(({ name, source, native, ready, generated }) => {
  const ours = measure((values) => evaluate(ready, values).value);
  const run = measure((values) => ready.run(values));
  const nativePerSecond = measure(native);
  const generatedPerSecond = measure(generated);
  const ratio = ours / generatedPerSecond;
  console.log(`${name}: ${source}`);
  console.log(`  evaluate ${millions(ours)}, run ${millions(run)}`);
  console.log(`  native ${millions(nativePerSecond)}, ratio ${(ours / nativePerSecond).toFixed(2)}`);
  console.log(`  generated ${millions(generatedPerSecond)}, ratio ${ratio.toFixed(2)}`);
  return {
    name,
    source,
    perSecond: Math.round(ours),
    runPerSecond: Math.round(run),
    nativePerSecond: Math.round(nativePerSecond),
    generatedPerSecond: Math.round(generatedPerSecond),
    ratioToNative: Number((ours / nativePerSecond).toFixed(3)),
    ratioToGenerated: Number(ratio.toFixed(3)),
  };
});

const parseSource = formulas[0].source;
const parsesPerSecond = measure(() => compiled(parseSource).names.length);
console.log(`parse and compile: ${Math.round(parsesPerSecond / 1000)} thousand/s`);
if (!Number.isFinite(sink)) throw new Error("the sink overflowed");
console.log(
  JSON.stringify({
    benchmark: "expressions",
    goalPerSecond: GOAL_PER_SECOND,
    goalReached: results.every(({ perSecond }) => perSecond >= GOAL_PER_SECOND),
    parsesPerSecond: Math.round(parsesPerSecond),
    results,
  }),
);
