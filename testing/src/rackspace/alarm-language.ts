/**
 * The alarm language of Cloud Monitoring: settings, then conditions of which the first that holds gives the state.
 * @see facts/rackspace-api.md, section 5.3
 */
import type { AlarmState, MetricValue } from "./monitoring-state.js";

/** What criteria are judged by. */
export interface Seen {
  /** The value now. */
  value(metric: string): MetricValue | undefined;
  /** The value before, or undefined. */
  previous(metric: string): MetricValue | undefined;
  /** Seconds since the value before. */
  seconds: number;
}

/** What an alarm says. */
export interface Verdict {
  state: AlarmState;
  status: string;
}

/** Criteria, understood. */
export interface Criteria {
  /** How often in a row a state must be found until it is the alarm's. */
  consecutiveCount: number;
  /** Undefined: nothing is said. */
  judge(seen: Seen): Verdict | undefined;
}

/** Criteria that cannot be understood. */
export class AlarmParseError extends Error {
  constructor(
    message: string,
    /** Characters before it. */
    readonly position: number,
  ) {
    super(`${message} at character ${position}`);
    this.name = "AlarmParseError";
  }
}

type Value = (seen: Seen) => MetricValue | undefined;
type Condition = (seen: Seen) => boolean;
interface Token {
  text: string;
  position: number;
}

const TOKEN =
  /\s+|#(?!\{).*|\/\*[\s\S]*?\*\/|:set\s+\w+\s*=\s*\w+|"[^"]*"|'[^']*'|-?\d+(?:\.\d+)?|\w+|&&|\|\||[=!<>]=|[<>(){}[\],;]|./gy;
const MOST_CONDITIONS = 10;
const MOST_CHARACTERS = 16_384;
const COMPARISONS: Readonly<Record<string, (a: MetricValue, b: MetricValue) => boolean>> = {
  "==": (a, b) => String(a) === String(b),
  "!=": (a, b) => String(a) !== String(b),
  ">": (a, b) => Number(a) > Number(b),
  "<": (a, b) => Number(a) < Number(b),
  ">=": (a, b) => Number(a) >= Number(b),
  "<=": (a, b) => Number(a) <= Number(b),
  regex: (a, b) => new RegExp(String(b)).test(String(a)),
  nregex: (a, b) => !new RegExp(String(b)).test(String(a)),
};
const STATES: readonly string[] = ["OK", "WARNING", "CRITICAL"] satisfies AlarmState[];

/** Understands criteria. @throws AlarmParseError */
export function parseCriteria(text: string): Criteria {
  if (text.length > MOST_CHARACTERS) throw new AlarmParseError("criteria are too long", MOST_CHARACTERS);
  return new Parser(text).criteria();
}

class Parser {
  private readonly tokens: Token[];
  private at = 0;
  private conditions = 0;

  constructor(private readonly text: string) {
    this.tokens = [...text.matchAll(TOKEN)]
      .map((match) => ({ text: match[0], position: match.index }))
      .filter((token) => !/^\s|^#|^\/\*/.test(token.text));
  }

  criteria(): Criteria {
    let consecutiveCount = 1;
    const steps: { when: Condition; say: (seen: Seen) => Verdict }[] = [];
    while (this.peek() !== "") {
      const setting = /^:set\s+(\w+)\s*=\s*(\w+)$/.exec(this.peek());
      if (setting !== null) {
        this.take();
        if (setting[1] === "consecutiveCount") consecutiveCount = Number(setting[2]);
      } else steps.push(this.peek() === "if" ? this.ifThen() : { when: () => true, say: this.status() });
    }
    if (this.conditions > MOST_CONDITIONS) throw this.wrong(`more than ${MOST_CONDITIONS} conditions`);
    if (!(consecutiveCount >= 1 && consecutiveCount <= 5)) throw this.wrong("consecutiveCount is 1 to 5");
    return { consecutiveCount, judge: (seen) => steps.find(({ when }) => when(seen))?.say(seen) };
  }

  private ifThen(): { when: Condition; say: (seen: Seen) => Verdict } {
    this.conditions++;
    this.expect("if");
    this.expect("(");
    const when = this.any();
    this.expect(")");
    this.expect("{");
    const say = this.status();
    this.expect("}");
    return { when, say };
  }

  private status(): (seen: Seen) => Verdict {
    for (const word of ["return", "new", "AlarmStatus", "("]) this.expect(word);
    const state = this.take();
    if (!STATES.includes(state)) throw this.wrong(`${state} is no state`);
    let message = "";
    if (this.peek() === ",") {
      this.take();
      message = this.string();
    }
    this.expect(")");
    if (this.peek() === ";") this.take();
    return (seen) => ({
      state: state as AlarmState,
      status: message.replace(/#\{([^}]*)\}/g, (_all, metric: string) => String(seen.value(metric) ?? "")),
    });
  }

  private any(): Condition {
    const parts = [this.every()];
    while (this.peek() === "||") {
      this.take();
      parts.push(this.every());
    }
    return (seen) => parts.some((holds) => holds(seen));
  }

  private every(): Condition {
    const parts = [this.comparison()];
    while (this.peek() === "&&") {
      this.take();
      parts.push(this.comparison());
    }
    return (seen) => parts.every((holds) => holds(seen));
  }

  private comparison(): Condition {
    if (this.peek() === "(") {
      this.take();
      const inner = this.any();
      this.expect(")");
      return inner;
    }
    const left = this.value();
    const compare = COMPARISONS[this.take()];
    if (compare === undefined) throw this.wrong("a comparison is missing");
    const right = this.value();
    return (seen) => {
      const [a, b] = [left(seen), right(seen)];
      return a !== undefined && b !== undefined && compare(a, b);
    };
  }

  private value(): Value {
    const next = this.peek();
    if (/^-?\d/.test(next)) {
      const number = Number(this.take());
      return () => number;
    }
    if (/^['"]/.test(next)) {
      const string = this.string();
      return () => string;
    }
    if (next === "metric") {
      const name = this.metric();
      return (seen) => seen.value(name);
    }
    return this.called();
  }

  private called(): Value {
    const name = this.take();
    this.expect("(");
    const first = this.metric();
    let second: Value | undefined;
    if (name === "percentage") {
      this.expect(",");
      second = this.value();
    }
    this.expect(")");
    switch (name) {
      case "previous":
        return (seen) => seen.previous(first);
      case "rate":
        return (seen) => difference(seen.value(first), seen.previous(first), seen.seconds);
      case "percentage":
        return (seen) => (Number(seen.value(first)) / Number(second?.(seen))) * 100;
      default:
        throw this.wrong(`there is no function ${name}`);
    }
  }

  private metric(): string {
    this.expect("metric");
    this.expect("[");
    const name = this.string();
    this.expect("]");
    return name;
  }

  private string(): string {
    const token = this.take();
    if (!/^(['"]).*\1$/s.test(token)) throw this.wrong("a string is missing");
    return token.slice(1, -1);
  }

  private peek(): string {
    return this.tokens[this.at]?.text ?? "";
  }

  private take(): string {
    const { text } = this.tokens[this.at] ?? { text: "" };
    this.at++;
    return text;
  }

  private expect(text: string): void {
    const found = this.take();
    if (found !== text) throw this.wrong(`${text} is missing`);
  }

  private wrong(message: string): AlarmParseError {
    return new AlarmParseError(message, this.tokens[this.at - 1]?.position ?? this.text.length);
  }
}

function difference(
  now: MetricValue | undefined,
  before: MetricValue | undefined,
  seconds: number,
): number | undefined {
  if (now === undefined || before === undefined || seconds <= 0) return undefined;
  return (Number(now) - Number(before)) / seconds;
}
