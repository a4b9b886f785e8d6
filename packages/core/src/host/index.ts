export * from "./host.js";
export * from "./http.js";
export * from "./redaction.js";
export * from "./throttle.js";
