/**
 * Contracts, policies and services of the Bellows autoscaler.
 *
 * The rounds themselves (RxJS) are a second entry point, `@bellows/core/line`, so that whoever only calls a cloud or
 * checks a file does not pay for loading them.
 */

export { z } from "zod";
export * from "./clock.js";
export * from "./config/index.js";
export * from "./connect.js";
export * from "./contracts/activity.js";
export * from "./contracts/alarm.js";
export * from "./contracts/cluster.js";
export * from "./contracts/common.js";
export * from "./contracts/decision.js";
export * from "./contracts/group.js";
export * from "./contracts/http.js";
export * from "./contracts/instance.js";
export * from "./contracts/launch.js";
export * from "./contracts/load-balancer.js";
export * from "./contracts/metric.js";
export * from "./contracts/policy.js";
export * from "./contracts/provider.js";
export * from "./contracts/region.js";
export * from "./contracts/scaling.js";
export * from "./contracts/server.js";
export * from "./contracts/state-store.js";
export * from "./contracts/webhook.js";
export * from "./duration.js";
export * from "./errors.js";
export * from "./explain.js";
export * from "./expressions/index.js";
export * from "./freeze.js";
export * from "./group-handle.js";
export * from "./host/index.js";
export * from "./json-text.js";
export * from "./memory-store.js";
export * from "./nearest.js";
export * from "./paging.js";
export * from "./pipeline/index.js";
export * from "./plugins/define.js";
export type { LoaderOptions, PluginKinds, PluginLoader } from "./plugins/load.js";
export { createPluginLoader } from "./plugins/load.js";
export * from "./policies/index.js";
export * from "./portable/index.js";
export * from "./reasons.js";
export * from "./ref.js";
export * from "./wait.js";
export * from "./waiters.js";
