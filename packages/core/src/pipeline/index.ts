export type {
  CompiledFormula,
  CompiledPolicy,
  CompiledScaling,
  CompiledSignal,
  CompileOptions,
  CustomPolicy,
  SimpleComparison,
} from "./compiled.js";
export { compileScaling } from "./compiled.js";
export { decideRound, sameHold } from "./decide.js";
export type { DecidedOrder, OrderInput, OrderRequest, OrderVerdict } from "./decide-order.js";
export { decideOrder } from "./decide-order.js";
export type { Decided, RoundInput } from "./draft.js";
export { BUSY_FOR_AT_MOST_MS } from "./draft.js";
export type { FormulaTemplate } from "./formula.js";
export type {
  Execution,
  Holds,
  Keep,
  Memory,
  Move,
  OwnStep,
  Pin,
  PolicyMemory,
  Stamp,
} from "./memory.js";
export {
  cooldownLeftMs,
  emptyMemory,
  MEMORY_VERSION,
  openMemory,
  readHolds,
  stampCooldown,
  withdrawCooldown,
  withoutPause,
  withoutPin,
  withPause,
  withPin,
} from "./memory.js";
