/*
 * Note: one kind of number. Everything is a double, as Python's floats are; Python's whole numbers beyond 2**53 stay
 * exact and these do not. Every function here answers a finite number or NaN, and NaN means "no value": NaN and the
 * infinities are never values themselves, so NaN is free to say it, and it passes through arithmetic by itself.
 */
import type { ArithmeticOperator } from "./ast.js";

/** The number itself if it is finite, else NaN. */
export function finite(value: number): number {
  return value - value === 0 ? value : Number.NaN;
}

/**
 * Rounds the quotient toward minus infinity: `-7 // 2` is -4. Goes by the remainder, which is exact, because the
 * rounded quotient can reach the next whole number (`1 // 0.1` is 9).
 */
export function floorDivide(left: number, right: number): number {
  const remainder = modulo(left, right);
  const quotient = (left - remainder) / right;
  const floor = Math.floor(quotient);
  return finite(quotient - floor > 0.5 ? floor + 1 : floor);
}

/** The remainder of `floorDivide`, with the sign of the divisor: `-7 % 3` is 2. */
export function modulo(left: number, right: number): number {
  const remainder = left % right;
  return remainder !== 0 && remainder < 0 !== right < 0 ? finite(remainder + right) : remainder;
}

/** Larger powers of whole numbers overflow 2**53 anyway, except of 0, 1 and -1, which `**` has right. */
const LARGEST_EXACT_EXPONENT = 53;

/**
 * Left to the power of right. No value for zero to a negative power, and for a negative number to a fraction (Python
 * answers a complex number).
 */
export function power(left: number, right: number): number {
  if (right === 2) return finite(left * left);
  if (Number.isNaN(left)) return left; // NaN ** 0 would be 1
  if (Number.isInteger(right) && Number.isInteger(left) && Math.abs(right) <= LARGEST_EXACT_EXPONENT) {
    // The engine's own ** misses the last bit of some of these: 10 ** -5 is 0.000009999999999999999.
    const exact = wholePower(left, Math.abs(right));
    if (Math.abs(exact) <= Number.MAX_SAFE_INTEGER) return finite(right < 0 ? 1 / exact : exact);
  }
  return finite(left ** right);
}

function wholePower(base: number, exponent: number): number {
  let result = 1;
  for (let factors = exponent; factors > 0; factors--) result *= base;
  return result;
}

/** To the nearest whole number, halves to the even one: 2.5 gives 2, 3.5 gives 4. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const above = value - floor;
  if (above !== 0.5) return above < 0.5 ? floor : above > 0.5 ? floor + 1 : value;
  return floor % 2 === 0 ? floor : floor + 1;
}

/** From here on every double is a whole number. */
const WHOLE_FROM = 2 ** 52;

/**
 * Rounds the exact value of the double to a number of decimals, halves to even, as Python does: `round(2.675, 2)` is
 * 2.67, since 2.675 is stored a little below itself.
 * @param digits a whole number from -20 to 20; -2 rounds to hundreds
 */
export function roundTo(value: number, digits: number): number {
  if (digits < 0) return roundToMultiple(value, Number(`1e${-digits}`));
  if (!(Math.abs(value) < WHOLE_FROM)) return value;
  const rounded = value.toFixed(digits);
  // A tie ends in one digit 5 after the last decimal kept; only multiples of 1/2**(digits+1) can, and toFixed is exact.
  if (!Number.isInteger(value * 2 ** (digits + 1))) return Number(rounded);
  const exact = value.toFixed(digits + 1);
  if (!exact.endsWith("5")) return Number(rounded);
  const kept = exact.slice(0, -1);
  return Number(/[02468]\.?$/.test(kept) ? kept : rounded);
}

function roundToMultiple(value: number, unit: number): number {
  const over = Math.abs(value) % unit;
  const below = Math.abs(value) - over;
  const tieUp = (below / unit) % 2 !== 0;
  const up = over > unit / 2 || (over === unit / 2 && tieUp);
  return finite(Math.sign(value) * (up ? below + unit : below));
}

/** The operators by their sign. Operands may be NaN (no value); so may the answer. */
export const ARITHMETIC: Readonly<Record<ArithmeticOperator, (left: number, right: number) => number>> = {
  "+": (left, right) => finite(left + right),
  "-": (left, right) => finite(left - right),
  "*": (left, right) => finite(left * right),
  "/": (left, right) => finite(left / right),
  "//": floorDivide,
  "%": modulo,
  "**": power,
};
