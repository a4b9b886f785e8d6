import type { ChildProcess } from "node:child_process";
import type { StateStore } from "@bellows/core";
import { freshName } from "./checks.js";
import { crashTests } from "./state-store-crash.js";
import { documentTests } from "./state-store-documents.js";
import { lifeTests } from "./state-store-life.js";
import { logTests } from "./state-store-log.js";
import { raceTests } from "./state-store-races.js";
import { type Parts, type ReportOptions, registerSuite, type Tests } from "./tests.js";

/** What a state store needs to be put to the proof. */
export interface StateStoreSuiteOptions extends ReportOptions {
  /**
   * Opens the store at a place (a file, a schema, a table; letters, digits and hyphens). A new place is empty; a place
   * that was written to and closed has what was written, unless `durable` is false.
   */
  create: (place: string) => Promise<StateStore> | StateStore;
  /** Removes what was kept at a place. The store is closed by then. */
  remove?: (place: string) => Promise<void> | void;
  /** False for a store whose content goes with it (default true). */
  durable?: boolean;
  /** `one`: a place that is open is refused a second time (default); `many`: both see and respect each other. */
  holders?: "one" | "many";
  /** Longest value that is taken, in characters of its JSON (default 1,000,000). */
  largestValue?: number;
  /**
   * Starts a process that opens the store at the place and runs {@link commitForever} on it. The suite kills it and
   * looks at what is left. Without it crashes are not exercised.
   */
  crash?: (place: string) => ChildProcess;
}

/** What the tests of a store work with. */
export interface StoreBench {
  options: StateStoreSuiteOptions;
  parts: Parts;
  /** Opens a store at a new place, hands it over, closes and removes it. */
  withStore(run: (store: StateStore, place: string) => Promise<void>): () => Promise<void>;
}

/**
 * Puts a state store to the proof: documents with compare-and-set, atomic commits, the log, races, what closing and
 * crashing leave behind.
 * @param tests - the caller's test functions.
 */
export function stateStoreSuite(tests: Tests, options: StateStoreSuiteOptions): void {
  registerSuite(tests, "a state store", options, (section, parts) => {
    const bench: StoreBench = { options, parts, withStore: (run) => () => atNewPlace(options, run) };
    section("documents", (add) => documentTests(add, bench));
    section("log", (add) => logTests(add, bench));
    section("races", (add) => raceTests(add, bench));
    section("life", (add) => lifeTests(add, bench));
    section("crashes", (add) => crashTests(add, bench));
  });
}

async function atNewPlace(
  options: StateStoreSuiteOptions,
  run: (store: StateStore, place: string) => Promise<void>,
): Promise<void> {
  const place = freshName("store");
  try {
    const store = await options.create(place);
    try {
      await run(store, place);
    } finally {
      await store.close();
    }
  } finally {
    await options.remove?.(place);
  }
}
