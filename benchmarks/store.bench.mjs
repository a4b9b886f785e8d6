/**
 * Acknowledged durable writes a second of the embedded store: each commit is what a round writes (memory, and a record
 * of about 1.5 KB), and counts when its promise has resolved, that is after the sync of the disk. One writer that
 * awaits each commit, then 64 side by side, whose commits share syncs. Beside them, in the same run and on the same
 * disk: a record appended to a plain file and synced, and a bare INSERT of the same text with the same library and
 * `synchronous = FULL`. The four take turns. BENCH_SHORT=1 takes less time and says less.
 */
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { openSqliteStore } from "../packages/control-plane/dist/store/sqlite-store.js";
import { emptyMemory } from "../packages/core/dist/index.js";
import { byHand } from "./round/by-hand.mjs";
import { median, observationOf, samplesOf, startMs } from "./round/world.mjs";

const Database = createRequire(new URL("../packages/control-plane/dist/index.js", import.meta.url))("libsql");

const short = process.env.BENCH_SHORT === "1";
const turns = short ? 3 : 7;
const turnMs = short ? 300 : 1_500;
const writers = 64;

const here = dirname(fileURLToPath(import.meta.url));
const folder = mkdtempSync(join(here, ".store-"));

/** What a round of one group writes. */
const { record, memory } = byHand(
  "group-1",
  observationOf("group-1", 4),
  samplesOf(1, 0, startMs),
  emptyMemory(),
  startMs,
  "r-1",
);
const commit = { documents: [{ key: "memory", value: memory }], append: [{ atMs: startMs, value: record }] };
const text = JSON.stringify(record);

/** Acknowledged writes a second of writers that each await one write after the other. */
async function rateOf(count, write) {
  const beganMs = performance.now();
  const endMs = beganMs + turnMs;
  let acknowledged = 0;
  const writer = async (_, index) => {
    while (performance.now() < endMs) {
      await write(index);
      acknowledged += 1;
    }
  };
  await Promise.all(Array.from({ length: count }, writer));
  return (acknowledged * 1_000) / (performance.now() - beganMs);
}

/** A file that each record is appended to and synced. */
function plainFile() {
  const file = openSync(join(folder, "plain.log"), "a");
  return {
    write() {
      writeSync(file, `${text}\n`);
      fsyncSync(file);
    },
    close: () => closeSync(file),
  };
}

/** One INSERT a record, in a file that is set up as the store's is. */
function bareTable() {
  const database = new Database(join(folder, "bare.db"));
  database.prepare("PRAGMA locking_mode = EXCLUSIVE").get();
  database.prepare("PRAGMA journal_mode = WAL").get();
  database.exec("PRAGMA synchronous = FULL; CREATE TABLE log (seq INTEGER PRIMARY KEY, value TEXT NOT NULL)");
  const insert = database.prepare("INSERT INTO log (value) VALUES (?)");
  return { write: () => void insert.run(text), close: () => database.close() };
}

const file = plainFile();
const bare = bareTable();
const store = openSqliteStore({ file: join(folder, "state.db") });
const write = (index) => store.commit(`group-${index}`, commit);
const rates = { plainFile: [], bareInsert: [], oneWriter: [], sideBySide: [] };
try {
  for (let turn = 0; turn < turns + 1; turn++) {
    const seen = {
      plainFile: await rateOf(1, file.write),
      bareInsert: await rateOf(1, bare.write),
      oneWriter: await rateOf(1, write),
      sideBySide: await rateOf(writers, write),
    };
    if (turn > 0) for (const [what, perSecond] of Object.entries(seen)) rates[what].push(perSecond);
  }
} finally {
  file.close();
  bare.close();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
}

/** Turn by turn, which holds when the disk's speed drifts. */
const ratioTo = (what, baseline) =>
  Number(median(rates[what].map((rate, i) => rate / rates[baseline][i])).toFixed(2));
const result = {
  benchmark: "store",
  recordBytes: text.length,
  turns,
  perSecond: Object.fromEntries(
    Object.entries(rates).map(([what, seen]) => [what, Math.round(median(seen))]),
  ),
  writers,
  ratios: {
    oneWriterToPlainFile: ratioTo("oneWriter", "plainFile"),
    oneWriterToBareInsert: ratioTo("oneWriter", "bareInsert"),
    sideBySideToPlainFile: ratioTo("sideBySide", "plainFile"),
    sideBySideToBareInsert: ratioTo("sideBySide", "bareInsert"),
  },
};
const { perSecond, ratios } = result;
console.log(`records of ${text.length} bytes, acknowledged after the sync, a second:`);
console.log(`plain file, append and fsync    ${perSecond.plainFile}`);
console.log(`libsql, one INSERT each         ${perSecond.bareInsert}`);
console.log(
  `store, one writer               ${perSecond.oneWriter}: ${ratios.oneWriterToPlainFile} × the plain file, ${ratios.oneWriterToBareInsert} × the INSERT`,
);
console.log(
  `store, ${writers} writers               ${perSecond.sideBySide}: ${ratios.sideBySideToPlainFile} × the plain file, ${ratios.sideBySideToBareInsert} × the INSERT`,
);
console.log(JSON.stringify(result));
