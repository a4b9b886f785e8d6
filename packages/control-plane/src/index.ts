/** The Bellows daemon: rounds, state, HTTP. */

export * from "./access/server-key.js";
export * from "./access/tokens.js";
export * from "./state-folder.js";
export * from "./store/sqlite-store.js";
