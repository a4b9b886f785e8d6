export type {
  ArithmeticNode,
  ArithmeticOperator,
  CallNode,
  ComparisonNode,
  ComparisonOperator,
  ConditionalNode,
  Expression,
  FunctionName,
  LogicalNode,
  NameNode,
  NumberNode,
  Span,
  UnaryNode,
} from "./ast.js";
export type { CompiledExpression } from "./compile.js";
export { compileExpression } from "./compile.js";
export { MAX_EXPRESSION_DEPTH } from "./cursor.js";
export { describeEvaluation } from "./describe.js";
export { evaluate } from "./evaluate.js";
export type { ExpressionFault } from "./fault.js";
export type { NameUse } from "./names.js";
export {
  checkNames,
  FUNCTION_NAMES,
  freeNames,
  GROUP_NAMES,
  isExpressionName,
  KEYWORDS,
  RESERVED_NAMES,
} from "./names.js";
export type { ParsedExpression } from "./parse.js";
export { MAX_EXPRESSION_LENGTH, parseExpression } from "./parse.js";
export { printExpression } from "./print.js";
export type { Evaluation, ExpressionInput, ExpressionValues } from "./values.js";
