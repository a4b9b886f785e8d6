/**
 * Freezes plain data through and through; what is not a plain object or array is left as it is.
 * @returns the same value.
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) return value;
  Object.freeze(value);
  for (const inner of Object.values(value)) deepFreeze(inner);
  return value;
}

/**
 * A driver whose answers are frozen: promises of data, and the items of lists. Methods that it lacks stay absent, and
 * its own `this` is kept.
 */
export function freezeAnswers<T extends object>(driver: T): T {
  const wrapped = new Map<PropertyKey, unknown>();
  return new Proxy(driver, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key, target);
      if (typeof member === "function") {
        if (!wrapped.has(key))
          wrapped.set(key, (...args: unknown[]) => freezeAnswer(Reflect.apply(member, target, args)));
        return wrapped.get(key);
      }
      if (typeof member !== "object" || member === null || Array.isArray(member) || member instanceof Map)
        return member;
      if (!wrapped.has(key)) wrapped.set(key, freezeAnswers(member));
      return wrapped.get(key);
    },
  });
}

function freezeAnswer(answer: unknown): unknown {
  if (answer instanceof Promise) return answer.then(deepFreeze);
  return isAsyncIterable(answer) ? freezeItems(answer) : answer;
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

async function* freezeItems(items: AsyncIterable<unknown>): AsyncGenerator<unknown> {
  for await (const item of items) yield deepFreeze(item);
}
