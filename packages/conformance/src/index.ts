/**
 * Proofs for Bellows providers, metric sources and state stores: suites that take the caller's test functions and a
 * factory.
 */

export {
  type BadQuery,
  type GoodQuery,
  type MetricSourceSuiteOptions,
  metricSourceSuite,
  type OpenedSource,
} from "./metric-source.js";
export { type OpenedCloud, type ProviderSuiteOptions, providerSuite } from "./provider.js";
export { type ServersSuiteOptions, serversSuite } from "./servers.js";
export { type StateStoreSuiteOptions, stateStoreSuite } from "./state-store.js";
export { commitForever } from "./state-store-crash.js";
export type { ReportOptions, Tests } from "./tests.js";
