/**
 * The two that take turns in the benchmark: a line of Bellows, and a loop written by hand which asks the same cloud and
 * source, decides with {@link byHand}, and keeps the same documents and records in the same kind of store.
 */
import { createMemoryStore, emptyMemory, sameHold, systemClock } from "../../packages/core/dist/index.js";
import { createLine } from "../../packages/core/dist/pipeline/line.js";
import { byHand } from "./by-hand.mjs";
import { createWorld, specOf } from "./world.mjs";

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const capabilities = {
  readAfterWriteMs: 0,
  rounding: "otter",
  pausable: [],
  labels: true,
  metricPeriodMs: 1_000,
  cooldown: "none",
  buildTimeoutMs: 60_000,
};

function idMaker() {
  let made = 0;
  return () => `r${++made}`;
}

/** Bellows: as a controller makes its line. */
export function lineOf(names, store = createMemoryStore()) {
  const world = createWorld(names);
  const drivers = { groups: world.groups };
  const groups = new Map(names.map((name, i) => [name, { spec: specOf(name, i), drivers, capabilities }]));
  const sources = new Map([["bench", world.source]]);
  const line = createLine({
    clock: { ...systemClock, now: world.now },
    store,
    logger: silent,
    holder: "bench",
    groups: () => groups,
    sources: () => sources,
    newId: idMaker(),
  });
  return { world, store, decide: () => line.decide(), once: () => line.once() };
}

/** The same by hand. */
export function handOf(names, store = createMemoryStore()) {
  const world = createWorld(names);
  const newId = idMaker();
  const queries = names.flatMap((_, i) => [0, 1, 2].map((at) => ({ params: { at: 3 * i + at } })));
  const books = names.map((name) => ({
    name,
    memory: emptyMemory(),
    last: undefined,
    seq: 0,
    isUnsaved: false,
  }));

  const decideAll = async (settle) => {
    const [observations, samples] = await Promise.all([
      world.groups.observe(names),
      world.source.read(queries),
    ]);
    const nowMs = world.now();
    return books.map((book, i) => {
      const own = [samples[3 * i], samples[3 * i + 1], samples[3 * i + 2]];
      return settle(book, byHand(book.name, observations[i], own, book.memory, nowMs, newId()));
    });
  };

  const write = async (book, record) => {
    const { appended } = await store.commit(book.name, {
      documents: [{ key: "memory", value: book.memory }],
      append: [{ atMs: record.atMs, value: record }],
    });
    book.seq = appended[0];
    return record;
  };
  const rewrite = (book) => {
    book.isUnsaved = false;
    return store.commit(book.name, {
      documents: [{ key: "memory", value: book.memory }],
      replace: { seq: book.seq, value: book.last },
    });
  };
  /** Notes what it is about to do, does it, notes how it ended. */
  const act = async (book, record) => {
    const { id, from, to, atMs } = record;
    const { appended } = await store.commit(book.name, {
      documents: [
        { key: "memory", value: book.memory },
        {
          key: "intent",
          value: { id, ref: book.name, kind: "set-desired", from, to, atMs, holder: "bench" },
        },
      ],
      append: [{ atMs, value: record }],
    });
    book.seq = appended[0];
    const { result } = await world.groups.scale(book.name, to);
    const endedAtMs = world.now();
    const ended = { ...record, outcomes: [{ kind: "set-desired", result, endedAtMs }] };
    await store.commit(book.name, {
      documents: [
        { key: "memory", value: book.memory },
        { key: "line", value: { schedules: {}, acknowledged: { desired: to, atMs: endedAtMs } } },
        { key: "intent", value: undefined },
      ],
      replace: { seq: book.seq, value: ended },
    });
    book.last = ended;
    return ended;
  };
  const settle = (book, { record, memory }) => {
    const { last } = book;
    book.memory = memory;
    book.last = record;
    if (record.action === "scale") return act(book, record);
    if (last === undefined || !sameHold(last, record)) return write(book, record);
    book.last = { ...record, id: last.id, atMs: last.atMs, count: last.count + 1 };
    book.isUnsaved = true;
    return book.last;
  };
  return {
    world,
    store,
    decide: () => decideAll((_, { record }) => record),
    async once() {
      const records = await Promise.all(await decideAll(settle));
      await Promise.all(books.filter(({ isUnsaved }) => isUnsaved).map(rewrite));
      return records;
    },
  };
}
