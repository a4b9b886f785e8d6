/**
 * Proofs for Bellows providers, metric sources and state stores: suites that take the caller's test functions and a
 * factory.
 */
export { metricSourceSuite } from "./metric-source.js";
export type { BadQuery, GoodQuery, MetricSourceSuiteOptions, OpenedSource } from "./metric-source-bench.js";
export type { OpenedCloud, ProviderSuiteOptions } from "./provider/options.js";
export { providerSuite } from "./provider.js";
export { type ServersSuiteOptions, serversSuite } from "./servers.js";
export { stateStoreSuite } from "./state-store.js";
export type { StateStoreSuiteOptions } from "./state-store-bench.js";
export { commitForever } from "./state-store-crash.js";
export type { ReportOptions, Tests } from "./tests.js";
