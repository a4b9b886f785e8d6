import type { Span } from "./ast.js";

/** What is wrong with an expression, and where: `offset` and `length` say where the caret goes. */
export interface ExpressionFault extends Span {
  readonly message: string;
  /** What to write instead, where that can be said. */
  readonly hint?: string;
}

/** Carries one fault from the depth of the parser to its door; never leaves this folder. */
export class ExpressionRefusal extends Error {
  readonly fault: ExpressionFault;

  constructor(fault: ExpressionFault) {
    super(fault.message);
    this.fault = fault;
  }
}

/**
 * Gives up at one place of the source.
 * @throws {ExpressionRefusal} always
 */
export function refuse({ offset, length }: Span, message: string, hint?: string): never {
  throw new ExpressionRefusal({ message, offset, length, ...(hint === undefined ? {} : { hint }) });
}
