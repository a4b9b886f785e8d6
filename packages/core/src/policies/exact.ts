/**
 * Exact arithmetic where a count depends on it: `ceil(25 * 1.12)` is 29 in floating point, and wrong.
 *
 * A fraction is `num / den`, `den` above 0. Two readings of a double: by its decimal text, which is what people wrote
 * (`1.1` is 11/10), and by its bits, which is what Python's Decimal makes of it (`1.1` is a little more).
 */
export interface Fraction {
  readonly num: bigint;
  readonly den: bigint;
}

/** The fraction that the shortest decimal text of a finite number says: `1.1` is 11/10. */
export function decimalFraction(value: number): Fraction {
  const [mantissa = "0", exponent = "0"] = String(value).split("e");
  const [whole = "0", fraction = ""] = mantissa.split(".");
  const scale = Number(exponent) - fraction.length;
  const digits = BigInt(whole + fraction);
  return scale >= 0
    ? { num: digits * 10n ** BigInt(scale), den: 1n }
    : { num: digits, den: 10n ** BigInt(-scale) };
}

/** The fraction that the bits of a finite double say: 1.1 is 2476979795053773 / 2251799813685248. */
export function binaryFraction(value: number): Fraction {
  let scaled = value;
  let den = 1n;
  // Doubling is exact, and every finite double is whole after at most 1,074 of them.
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    den *= 2n;
  }
  return { num: BigInt(scaled), den };
}

/** The largest whole number that is not above `num / den`. */
export function floorDiv(num: bigint, den: bigint): bigint {
  const quotient = num / den;
  return num < 0n && quotient * den !== num ? quotient - 1n : quotient;
}

/** The smallest whole number that is not below `num / den`. */
export function ceilDiv(num: bigint, den: bigint): bigint {
  return -floorDiv(-num, den);
}

/** A double this near to a whole number, relative to its size, may stand for it; farther away it can't. */
const DOUBT = 1e-9;

/**
 * `ceil(count * value / target)`, exact for the decimal texts of `value` and `target`.
 * @param target - above 0.
 */
export function ceilRatio(count: number, value: number, target: number): number {
  const product = count * value;
  if (Number.isSafeInteger(product) && Number.isSafeInteger(value) && Number.isSafeInteger(target)) {
    const rest = product % target;
    return (product - rest) / target + (rest > 0 ? 1 : 0);
  }
  const quick = product / target;
  if (!Number.isFinite(quick)) return quick;
  if (Math.abs(quick - Math.round(quick)) > DOUBT * Math.max(1, Math.abs(quick))) return Math.ceil(quick);
  const v = decimalFraction(value);
  const t = decimalFraction(target);
  return Number(ceilDiv(BigInt(count) * v.num * t.den, v.den * t.num));
}

/** Whether `|value - target| <= tolerance * target`, exact for the decimal texts of the three. */
export function isWithin(value: number, target: number, tolerance: number): boolean {
  const quick = Math.abs(value - target) - tolerance * target;
  if (Math.abs(quick) > DOUBT * Math.max(Math.abs(value), target)) return quick < 0;
  const v = decimalFraction(value);
  const t = decimalFraction(target);
  const e = decimalFraction(tolerance);
  const gap = v.num * t.den - t.num * v.den;
  return (gap < 0n ? -gap : gap) * e.den <= e.num * t.num * v.den;
}
