/**
 * Note [At once where possible]: most groups of a round have nothing to wait for: their book is open, nobody else works
 * on them, and they hold as before. Ten thousand promises, each waiting in memory for its turn, would then cost more
 * than the decisions themselves. What lies between a group's inputs and its record therefore answers with a value where
 * there is one already, and with a promise where something has to be waited for.
 */
export type Soon<T> = T | Promise<T>;

/** Goes on with a result: at once if it is there, else when it comes. */
export function soon<A, B>(result: Soon<A>, next: (value: A) => Soon<B>): Soon<B> {
  return result instanceof Promise ? result.then(next) : next(result);
}
