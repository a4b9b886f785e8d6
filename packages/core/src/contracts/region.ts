import type { CallOptions } from "./common.js";

/** A region of a cloud. */
export interface Region {
  name: string;
  endpoint?: string;
  /** True for the one this connection uses. */
  current: boolean;
}

/** Regions. */
export interface RegionsDriver {
  list(options?: CallOptions): AsyncIterable<Region>;
}
