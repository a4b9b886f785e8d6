import type { ComparisonOperator } from "./ast.js";

type Compare = (left: number, right: number) => number;

/** The comparisons by their sign: 1 or 0, and NaN (no value) if an operand is NaN. */
export const COMPARISON: Readonly<Record<ComparisonOperator, Compare>> = {
  "<": (left, right) => (left < right ? 1 : left >= right ? 0 : Number.NaN),
  "<=": (left, right) => (left <= right ? 1 : left > right ? 0 : Number.NaN),
  ">": (left, right) => (left > right ? 1 : left <= right ? 0 : Number.NaN),
  ">=": (left, right) => (left >= right ? 1 : left < right ? 0 : Number.NaN),
  "==": (left, right) => (left === right ? 1 : differs(left, right)),
  "!=": (left, right) => (left === right ? 0 : 1 - differs(left, right)),
};

/** 0 for two different numbers, NaN if one of them is none. */
function differs(left: number, right: number): number {
  return left < right || left > right ? 0 : Number.NaN;
}
