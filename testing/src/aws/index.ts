/** AWS for tests: what goes wrong with it, what moto does otherwise, and a stand-in for what moto lacks. */
export * from "./deviations.js";
export * from "./fault-proxy.js";
export * from "./stand-in.js";
export type { StandInBehaviour } from "./world.js";
