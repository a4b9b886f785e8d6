export type { PercentRule } from "./adjust.js";
export { applyAdjust, describeAdjust, LARGEST_COUNT } from "./adjust.js";
export { percentChange } from "./rounding.js";
export { checkSchedule, MISSED_GRACE_MS, missed, nextDue } from "./schedule.js";
export type { Direction } from "./steps.js";
export { findStep, stepDirection } from "./steps.js";
export type { Timer } from "./threshold.js";
export type { WindowBounds } from "./windows.js";
export { isWindowOpen, windowBounds } from "./windows.js";
