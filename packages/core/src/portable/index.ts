export type { PortableGroups, PortableGroupsOptions } from "./groups.js";
export { createPortableGroups } from "./groups.js";
export { LABELS } from "./labels.js";
export type { ConvergenceInput, ConvergencePlan, ConvergenceSettings, ConvergenceStep } from "./plan.js";
export { planConvergence } from "./plan.js";
export type { Execute, KeptGroup } from "./policies.js";
export type { Portable } from "./portable.js";
export type { Capability } from "./webhooks.js";
export { resolveCapability } from "./webhooks.js";
