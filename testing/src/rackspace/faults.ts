/**
 * What Rackspace does on a bad day.
 *
 * Note [Order]: of the rules that are set, the first one that fits the operation, has times left and whose die says so
 * is applied; the others are not asked. The dice come from one seed.
 */
import { createDice } from "../dice.js";

/** What can go wrong with a call. @see facts/rackspace-api.md, the sections on errors of each service */
export type RackspaceFaultKind =
  /** 401, with a token that was good a moment ago and is not any more; it did nothing. */
  | "unauthorized"
  /** 413 (Monitoring: 429) with Retry-After; it did nothing. */
  | "throttle"
  /** Cloud Load Balancers' 422 for a balancer that is being changed; it did nothing. */
  | "immutable"
  /** The service's own fault (500); it did nothing. */
  | "broken"
  /** 503, in the service's own form, with Retry-After; it did nothing. */
  | "unavailable"
  /** A page of HTML (502), as a proxy between would send it; it did nothing. */
  | "html"
  /** The connection is reset before the call has done anything. */
  | "reset"
  /** The call takes effect, then the connection is reset. */
  | "lost-answer"
  /** The call takes effect, then a 500 says otherwise. */
  | "lying-500"
  /** The call takes effect at once, its answer comes late. */
  | "slow"
  /** The server that this call makes, or Autoscale makes, ends in ERROR. */
  | "build-error";

/** When what goes wrong. */
export interface RackspaceFault {
  kind: RackspaceFaultKind;
  /** Only these operations, such as `CreateServer` (default: all). */
  operations?: readonly string[];
  /** 0..1 (default 1). */
  probability?: number;
  /** How often at most (default: always). */
  times?: number;
  /** For `slow`: how late, in milliseconds (default 200). */
  delayMs?: number;
  /** For `throttle` and `unavailable`: what Retry-After says, in seconds (default 1). */
  retryAfterSeconds?: number;
}

/** The faults that are set, and those that happened. */
export interface Faults {
  set(rules: readonly RackspaceFault[]): void;
  /** The fault of a call, which is counted then. */
  ofCall(operation: string): RackspaceFault | undefined;
  /** Whether a server that is made now is to fail, which is counted then. */
  failsBuild(): boolean;
  counts(): Partial<Record<RackspaceFaultKind, number>>;
  forget(): void;
}

/** @param seed - of the dice. */
export function createFaults(seed: number): Faults {
  const dice = createDice(seed);
  let rules: { rule: RackspaceFault; left: number }[] = [];
  let counts: Partial<Record<RackspaceFaultKind, number>> = {};
  const take = (operation: string, isBuild: boolean): RackspaceFault | undefined => {
    const chosen = rules.find(
      ({ rule, left }) =>
        left > 0 &&
        (rule.kind === "build-error") === isBuild &&
        (rule.operations?.includes(operation) ?? true) &&
        dice() < (rule.probability ?? 1),
    );
    if (chosen === undefined) return undefined;
    chosen.left--;
    counts[chosen.rule.kind] = (counts[chosen.rule.kind] ?? 0) + 1;
    return chosen.rule;
  };
  return {
    set(given) {
      rules = given.map((rule) => ({ rule, left: rule.times ?? Number.POSITIVE_INFINITY }));
    },
    ofCall: (operation) => take(operation, false),
    failsBuild: () => take("CreateServer", true) !== undefined,
    counts: () => ({ ...counts }),
    forget() {
      counts = {};
    },
  };
}
