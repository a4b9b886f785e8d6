import type { StateStore } from "@bellows/core";
import { freshName } from "./checks.js";
import type { StateStoreSuiteOptions, StoreBench } from "./state-store-bench.js";
import { crashTests } from "./state-store-crash.js";
import { documentTests } from "./state-store-documents.js";
import { lifeTests } from "./state-store-life.js";
import { logTests } from "./state-store-log.js";
import { raceTests } from "./state-store-races.js";
import { registerSuite, type Tests } from "./tests.js";

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
