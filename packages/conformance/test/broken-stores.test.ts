import { spawn } from "node:child_process";
import type { Commit, StateStore } from "@bellows/core";
import { collect, createMemoryStore } from "@bellows/core";
import { describe, expect, test } from "vitest";
import { type StateStoreSuiteOptions, stateStoreSuite } from "../src/index.js";
import { failureOfTest } from "./collect-tests.js";

/** A store in memory with some of its methods done otherwise. */
function broken(change: (store: StateStore) => Partial<StateStore>): Partial<StateStoreSuiteOptions> {
  return {
    create: () => {
      const store = createMemoryStore();
      return { ...store, ...change(store) };
    },
  };
}

const withoutVersions = (commit: Commit): Commit => ({
  ...commit,
  documents: (commit.documents ?? []).map(({ key, value }) => ({ key, value })),
});

async function* reversed<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
  yield* (await collect(items)).reverse();
}

const ROWS: [fault: string, caughtBy: string, options: Partial<StateStoreSuiteOptions>][] = [
  [
    "versions are not compared",
    "a commit writes only if every version named in it still holds",
    broken((store) => ({
      commit: (name, commit, call) => store.commit(name, withoutVersions(commit), call),
    })),
  ],
  [
    "a commit is written piece by piece",
    "of a commit that is refused nothing is written",
    broken((store) => ({
      async commit(name, { documents = [], ...rest }) {
        const result = { versions: {}, appended: [] as number[] };
        for (const document of documents)
          Object.assign(result.versions, (await store.commit(name, { documents: [document] })).versions);
        return { ...result, appended: (await store.commit(name, rest)).appended };
      },
    })),
  ],
  [
    "versions are compared, and then somebody else may write",
    "of many who create the same document at once, one succeeds",
    broken((store) => ({
      async commit(name, commit, call) {
        const found = await Promise.all((commit.documents ?? []).map(({ key }) => store.get(name, key)));
        await new Promise(setImmediate);
        for (const [index, { ifVersion, key }] of (commit.documents ?? []).entries())
          if (ifVersion !== undefined && ifVersion !== (found[index]?.version ?? 0))
            return store.commit(name, { documents: [{ key, value: 0, ifVersion: -1 }] });
        return store.commit(name, withoutVersions(commit), call);
      },
    })),
  ],
  [
    "writers who come together undo each other",
    "of many who count up at once, no one's count is lost",
    broken((store) => ({
      async commit(name, commit, call) {
        const found = await Promise.all((commit.documents ?? []).map(({ key }) => store.get(name, key)));
        await new Promise(setImmediate);
        for (const [index, { ifVersion, key }] of (commit.documents ?? []).entries())
          if (ifVersion !== undefined && ifVersion !== (found[index]?.version ?? 0))
            return store.commit(name, { documents: [{ key, value: 0, ifVersion: -1 }] });
        return store.commit(name, withoutVersions(commit), call);
      },
    })),
  ],
  [
    "every version is 1",
    "versions of a key only grow",
    broken((store) => ({
      async commit(name, commit, call) {
        const { versions, appended } = await store.commit(name, withoutVersions(commit), call);
        return { versions: Object.fromEntries(Object.keys(versions).map((key) => [key, 1])), appended };
      },
    })),
  ],
  [
    "a deletion is kept as null",
    "a deletion keeps to versions too",
    broken((store) => ({
      commit: (name, commit, call) =>
        store.commit(
          name,
          { ...commit, documents: (commit.documents ?? []).filter(({ value }) => value !== undefined) },
          call,
        ),
    })),
  ],
  [
    "whoever reads holds what the store holds",
    "a value is kept as it was when it was written",
    broken((store) => {
      const held = new Map<string, unknown>();
      return {
        async get<T>(name: string, key: string) {
          const found = await store.get<T>(name, key);
          const value = held.get(key) ?? found?.value;
          held.set(key, value);
          return found && { ...found, value: value as T };
        },
      };
    }),
  ],
  [
    "the log is read backwards",
    "entries are numbered from one without gaps",
    broken((store) => ({ read: (name, range, call) => reversed(store.read(name, range, call)) })),
  ],
  [
    "newest first begins with the oldest of its page",
    'of six entries at 10 to 60 ms, {"newestFirst":true,"limit":2}',
    broken((store) => ({
      read: (name, range, call) =>
        range?.newestFirst
          ? reversed(store.read(name, { ...range, newestFirst: false }, call))
          : store.read(name, range, call),
    })),
  ],
  [
    "the end of a span belongs to it",
    'of six entries at 10 to 60 ms, {"fromMs":20,"toMs":40}',
    broken((store) => ({
      read: (name, range, call) =>
        store.read(name, range?.toMs === undefined ? range : { ...range, toMs: range.toMs + 1 }, call),
    })),
  ],
  [
    "a log is read by pages of a hundred, and the second is forgotten",
    "a long log can be read whole",
    broken((store) => ({ read: (name, range, call) => store.read(name, { limit: 100, ...range }, call) })),
  ],
  [
    "the log is in order of time",
    "the order is that of writing",
    broken((store) => ({
      async *read<T>(name: string, range: Parameters<StateStore["read"]>[1]) {
        yield* (await collect(store.read<T>(name, range))).sort((a, b) => a.atMs - b.atMs);
      },
    })),
  ],
  [
    "an entry that is overwritten is added once more",
    "an entry can be overwritten in its place",
    broken((store) => ({
      commit: (name, { replace, append = [], ...rest }, call) =>
        store.commit(
          name,
          { ...rest, append: replace ? [...append, { atMs: 0, value: replace.value }] : append },
          call,
        ),
    })),
  ],
  [
    "pruning keeps nothing",
    "pruning takes what is older",
    broken((store) => ({ prune: (name, { beforeMs }, call) => store.prune(name, { beforeMs }, call) })),
  ],
  [
    "numbers begin again after pruning",
    "numbers go on after pruning",
    broken((store) => ({
      async prune(name, limits) {
        const count = await store.prune(name, limits);
        const left = await collect(store.read(name));
        await store.drop(name);
        await store.commit(name, { append: left });
        return count;
      },
    })),
  ],
  [
    "a partition takes those below it along",
    "partitions know nothing of each other",
    broken((store) => ({
      async drop(name) {
        for (const other of await collect(store.partitions()))
          if (other.startsWith(name)) await store.drop(other);
      },
    })),
  ],
  [
    "the partition of what belongs to none is forgotten",
    "the list of partitions has those that hold something",
    broken((store) => ({
      async *partitions() {
        for await (const name of store.partitions()) if (name !== "") yield name;
      },
    })),
  ],
  [
    "names are compared without regard to case",
    "no name is mistaken for a pattern",
    broken((store) => ({
      get: (name, key, call) => store.get(name, key.toLowerCase(), call),
      commit: (name, commit, call) =>
        store.commit(
          name,
          {
            ...commit,
            documents: (commit.documents ?? []).map((one) => ({ ...one, key: one.key.toLowerCase() })),
          },
          call,
        ),
    })),
  ],
  [
    "lists are in no order",
    "a list is in order of key",
    broken((store) => ({ list: (name, prefix, call) => reversed(store.list(name, prefix, call)) })),
  ],
  [
    "large values are cut off",
    "a large value comes back whole",
    broken((store) => ({
      commit: (name, commit, call) =>
        store.commit(
          name,
          {
            ...commit,
            documents: (commit.documents ?? []).map((one) => ({
              ...one,
              value: String(one.value).slice(0, 65_536),
            })),
          },
          call,
        ),
    })),
  ],
  [
    "reads see what was there a moment ago",
    "what a commit wrote is there for every read that follows it",
    broken((store) => {
      const hidden = new Set<string>();
      return {
        async commit(name, commit, call) {
          hidden.add(name);
          setTimeout(() => hidden.delete(name), 50);
          return store.commit(name, commit, call);
        },
        get: async (name, key, call) => (hidden.has(name) ? undefined : store.get(name, key, call)),
      };
    }),
  ],
  [
    "an aborted call is made all the same",
    "a call that is aborted beforehand is not made",
    broken((store) => ({ commit: (name, commit) => store.commit(name, commit) })),
  ],
  ["a closed store goes on", "a closed store refuses", broken(() => ({ close: async () => {} }))],
  [
    "nothing outlives it",
    "what was committed is there when the store is opened again",
    { durable: true, create: createMemoryStore },
  ],
  [
    "two may have it open",
    "a place that is open cannot be opened a second time",
    {
      durable: true,
      create: (() => {
        const places = new Map<string, StateStore>();
        return (place: string) =>
          places.get(place) ?? places.set(place, createMemoryStore()).get(place) ?? createMemoryStore();
      })(),
    },
  ],
  [
    "commits are acknowledged before they are kept",
    "killed after 1 acknowledged commits",
    {
      create: createMemoryStore,
      crash: () =>
        spawn(process.execPath, ["-e", "let n = 0; setInterval(() => console.log(++n), 1)"], {
          stdio: ["ignore", "pipe", "inherit"],
        }),
    },
  ],
];

describe("a store that is broken fails the suite", () => {
  test.each(ROWS)("%s: caught by “%s”", async (_fault, caughtBy, options) => {
    const whole = { create: createMemoryStore, durable: false, ...options };
    expect(await failureOfTest((tests) => stateStoreSuite(tests, whole), caughtBy)).toBeInstanceOf(Error);
  });
});
