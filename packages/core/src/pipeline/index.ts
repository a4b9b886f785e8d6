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
export type { Decided, DecidedOrder, OrderInput, OrderRequest, OrderVerdict, RoundInput } from "./decide.js";
export { BUSY_FOR_AT_MOST_MS, decideOrder, decideRound, sameHold } from "./decide.js";
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
