/** What the choice of a member looks at. */
export interface Candidate {
  /** Share of the traffic, 1 or more. */
  readonly weight: number;
  /** Requests or connections under way now. */
  readonly active: number;
  /** Running credit of the smooth round robin; this file alone changes it. */
  credit: number;
}

/** How a pool spreads its work. */
export type Algorithm = "round-robin" | "least-connections";

/**
 * Smooth weighted round robin: each candidate earns its weight, the richest is chosen and pays the sum of all.
 * Weights 5, 1, 1 give a a b a c a a, never five in a row.
 * @see https://github.com/phusion/nginx/commit/27e94984486058d73157038f7950a0a36ecc6e35
 */
function pickRoundRobin<C extends Candidate>(candidates: readonly C[], tried: readonly C[]): C | undefined {
  let best: C | undefined;
  let sum = 0;
  for (const candidate of candidates) {
    if (tried.length > 0 && tried.includes(candidate)) continue;
    candidate.credit += candidate.weight;
    sum += candidate.weight;
    if (best === undefined || candidate.credit > best.credit) best = candidate;
  }
  if (best !== undefined) best.credit -= sum;
  return best;
}

/** The lightest load in proportion to weight; equals take turns by {@link pickRoundRobin}. */
function pickLeastConnections<C extends Candidate>(
  candidates: readonly C[],
  tried: readonly C[],
): C | undefined {
  let lightest: C[] = [];
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    if (tried.length > 0 && tried.includes(candidate)) continue;
    const load = candidate.active / candidate.weight;
    if (load < least) {
      least = load;
      lightest = [candidate];
    } else if (load === least) lightest.push(candidate);
  }
  return lightest.length > 1 ? pickRoundRobin(lightest, []) : lightest[0];
}

/**
 * Chooses who gets the next request. Deterministic; changes only the candidates' `credit`.
 * @param candidates - those that may be chosen, in a stable order.
 * @param tried - those that this request has failed on already; never chosen again.
 * @returns undefined when nobody is left.
 */
export function pick<C extends Candidate>(
  algorithm: Algorithm,
  candidates: readonly C[],
  tried: readonly C[],
): C | undefined {
  if (algorithm === "least-connections") return pickLeastConnections(candidates, tried);
  return pickRoundRobin(candidates, tried);
}
