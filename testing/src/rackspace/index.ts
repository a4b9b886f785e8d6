/** Rackspace for tests: a stand-in of its services, and what goes wrong with them. */
export * from "./asking.js";
export type { AutoscaleHandler, AutoscaleRequest } from "./autoscale.js";
export type { RackspaceFault, RackspaceFaultKind } from "./faults.js";
export type { MonitoringDesk } from "./monitoring.js";
export type { AlarmState, Change, Delivery, MetricValue } from "./monitoring-state.js";
export * from "./stand-in.js";
export { IMAGE_ID } from "./state.js";
export type { RackspaceBehaviour } from "./world.js";
