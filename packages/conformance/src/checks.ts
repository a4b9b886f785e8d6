import assert from "node:assert/strict";
import { type BellowsError, type ErrorCode, isBellowsError, systemClock } from "@bellows/core";

/** Awaits a rejection and checks that it is one of ours, of that sort, with a message. @returns the error. */
export async function refused(
  call: Promise<unknown> | (() => Promise<unknown> | unknown),
  code: ErrorCode | readonly ErrorCode[],
  what: string,
): Promise<BellowsError> {
  const codes = typeof code === "string" ? [code] : code;
  const error = await failureOf(call, what);
  if (error instanceof assert.AssertionError) throw error;
  assert.ok(isBellowsError(error), `${what}: threw ${String(error)}, which is no BellowsError`);
  assert.ok(
    codes.includes(error.code),
    `${what}: is a "${error.code}" error, not "${codes.join('" or "')}": ${error.message}`,
  );
  assert.notEqual(error.message.trim(), "", `${what}: has no message`);
  return error;
}

/** Awaits a rejection of any sort. */
export async function failureOf(
  call: Promise<unknown> | (() => Promise<unknown> | unknown),
  what: string,
): Promise<unknown> {
  try {
    await (typeof call === "function" ? call() : call);
  } catch (error) {
    return error;
  }
  return assert.fail(`${what}: was not refused`);
}

/** Checks that a call with an aborted signal is not made. */
export async function abortedAtOnce(
  call: (options: { signal: AbortSignal }) => Promise<unknown>,
  what: string,
): Promise<void> {
  const reason = new Error("the caller gave up");
  await failureOf(call({ signal: AbortSignal.abort(reason) }), `${what} with an aborted signal`);
}

/** Checks that data is plain: objects, arrays and JSON's own values, through and through, and frozen where asked. */
export function checkPlain(value: unknown, what: string, frozen: boolean): void {
  if (typeof value === "number") assert.ok(Number.isFinite(value), `${what} is ${value}`);
  if (typeof value !== "object" || value === null) {
    assert.ok(
      typeof value !== "function" && typeof value !== "symbol" && typeof value !== "bigint",
      `${what} is a ${typeof value}`,
    );
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = Array.isArray(value) || prototype === Object.prototype || prototype === null;
  assert.ok(isPlain, `${what} is an instance of a class, not plain data`);
  if (frozen) assert.ok(Object.isFrozen(value), `${what} can be changed by whoever got it`);
  for (const [key, inner] of Object.entries(value)) checkPlain(inner, `${what}.${key}`, frozen);
}

/** A schema, as far as the suites need it. */
export interface Schema {
  safeParse(value: unknown): { success: boolean; error?: { message: string } | undefined };
}

/** Checks an answer against the contract's schema, and that it is plain and frozen. @returns the answer. */
export function checked<T>(schema: Schema, value: T, what: string, frozen = true): T {
  const parsed = schema.safeParse(value);
  assert.ok(parsed.success, `${what} does not fit the contract: ${parsed.error?.message ?? ""}`);
  checkPlain(value, what, frozen);
  return value;
}

let serial = 0;
const RUN = `${process.pid.toString(36)}${Math.floor(performance.timeOrigin).toString(36).slice(-4)}`;

/** A name that no other test of this or another run has: small letters, digits and hyphens. */
export function freshName(word: string): string {
  serial += 1;
  return `${word}-${RUN}-${serial}`;
}

/** Awaits a promise that must settle soon. */
export async function settledWithin<T>(promise: Promise<T>, limitMs: number, what: string): Promise<T> {
  let cancel = (): void => {};
  const late = new Promise<never>((_, reject) => {
    const fail = (): void =>
      reject(new assert.AssertionError({ message: `${what} has not ended after ${limitMs} ms` }));
    cancel = systemClock.after(limitMs, fail, { keepAlive: true });
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    cancel();
  }
}
