import type { Tests } from "../src/index.js";

/** The tests of a suite, by name, run by nobody yet. */
export function testsOf(register: (tests: Tests) => void): Map<string, () => Promise<void>> {
  const found = new Map<string, () => Promise<void>>();
  register({
    test(name, run) {
      if (found.has(name)) throw new Error(`there are two tests "${name}"`);
      found.set(name, run);
    },
  });
  return found;
}

/** Runs the one test whose name has that part. @returns the error that it ended with, if it did. */
export async function failureOfTest(register: (tests: Tests) => void, part: string): Promise<unknown> {
  const all = testsOf(register);
  const fitting = [...all.keys()].filter((name) => name.includes(part));
  if (fitting.length !== 1) throw new Error(`${fitting.length} tests have "${part}" in their names`);
  try {
    await all.get(fitting[0] ?? "")?.();
  } catch (error) {
    return error;
  }
  return undefined;
}
