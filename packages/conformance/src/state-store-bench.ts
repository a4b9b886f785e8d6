import type { ChildProcess } from "node:child_process";
import type { StateStore } from "@bellows/core";
import type { Parts, ReportOptions } from "./tests.js";

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
