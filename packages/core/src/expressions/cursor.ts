import type { Expression, Span } from "./ast.js";
import { refuse } from "./fault.js";
import type { Token } from "./tokens.js";
import { tokenize } from "./tokens.js";

/**
 * How deep brackets, signs, powers and `if … else` may be nested. Far beyond what a person writes, far below what
 * would exhaust the stack.
 */
export const MAX_EXPRESSION_DEPTH = 64;

/** A place in the tokens of one expression that moves forward only. */
export class Cursor {
  private readonly tokens: readonly Token[];
  private index = 0;
  private depth = 0;

  /** @throws {ExpressionRefusal} if the source holds something that is no token */
  constructor(source: string) {
    this.tokens = tokenize(source);
  }

  /** The token not yet taken, `ahead` further on; at the end of the source, the end. */
  peek(ahead = 0): Token {
    const last = this.tokens.length - 1;
    return this.tokens[Math.min(this.index + ahead, last)] as Token;
  }

  /** The token taken last; undefined before the first. */
  previous(): Token | undefined {
    return this.tokens[this.index - 1];
  }

  /** Takes one token. */
  take(): Token {
    const token = this.peek();
    if (token.kind !== "end") this.index++;
    return token;
  }

  /** Whether the next token is this word or sign. */
  sees(text: string): boolean {
    const token = this.peek();
    return token.text === text && (token.kind === "sign" || token.kind === "word");
  }

  /** Takes the next token if it is this word or sign. */
  skip(text: string): boolean {
    const seen = this.sees(text);
    if (seen) this.take();
    return seen;
  }

  /**
   * Parses something one level further in.
   * @throws {ExpressionRefusal} beyond `MAX_EXPRESSION_DEPTH`
   */
  nested<T>(parse: () => T): T {
    if (++this.depth > MAX_EXPRESSION_DEPTH) {
      refuse(
        this.peek(),
        `this expression is nested more than ${MAX_EXPRESSION_DEPTH} levels deep`,
        "give a part of it a name of its own under signals",
      );
    }
    const parsed = parse();
    this.depth--;
    return parsed;
  }

  /** From the start of something up to the end of the token taken last. */
  spanFrom(start: Span): Span {
    const last = this.previous() ?? start;
    return { offset: start.offset, length: last.offset + last.length - start.offset };
  }
}

/** From the start of one expression to the end of another. */
export function spanOver(first: Span, last: Expression): Span {
  return { offset: first.offset, length: last.offset + last.length - first.offset };
}
