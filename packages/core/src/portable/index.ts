export type { PortableGroups, PortableGroupsOptions } from "./groups.js";
export { createPortableGroups } from "./groups.js";
export { LABELS } from "./labels.js";
export type { ConvergenceInput, ConvergencePlan, ConvergenceSettings, ConvergenceStep } from "./plan.js";
export { planConvergence } from "./plan.js";
