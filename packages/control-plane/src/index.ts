/** The Bellows daemon: rounds, state, HTTP. */
export * from "./access/server-key.js";
export * from "./access/tokens.js";
export * from "./control.js";
export * from "./daemon.js";
export * from "./examine-state.js";
export * from "./local-control.js";
export * from "./needed-methods.js";
export * from "./remote-control.js";
export * from "./resources/change.js";
export * from "./resources/plan.js";
export * from "./server-client.js";
export * from "./session.js";
export * from "./socket.js";
export * from "./standalone.js";
export * from "./state-folder.js";
export * from "./store/sqlite-store.js";
export * from "./wire.js";
