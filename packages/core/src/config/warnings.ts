/** What is legal and unwise: said once, with its place, and never a reason to refuse a file. */
import { formatDuration } from "../duration.js";
import { operandsOf } from "../expressions/ast.js";
import type { Expression } from "../expressions/index.js";
import { freeNames } from "../expressions/index.js";
import type { PolicySurroundings } from "./context.js";
import type { Fields } from "./read.js";
import type { Report } from "./report.js";
import type { policyFile } from "./schema-policy.js";
import type { SourceNode } from "./source-node.js";
import { childOf, rangeInScalar } from "./source-node.js";

/** A policy with what was found out about it. */
interface PolicyFacts {
  readonly fields: Fields<typeof policyFile.shape>;
  readonly asts: { when?: Expression; signal?: Expression };
  readonly around: PolicySurroundings;
  readonly name: string;
}

/** Warns of a policy that decides on nothing, or never. */
export function warnOfPolicy(report: Report, { fields, asts, around, name }: PolicyFacts): void {
  const { values, at } = fields;
  const { min, max, everyMs } = around;
  if (values.for !== undefined && at.for !== undefined && values.for > 0 && values.for < everyMs) {
    const message = `for ${formatDuration(values.for)} is shorter than every ${formatDuration(everyMs)}: one round decides`;
    report.warn(at.for.node, message, `write for: ${formatDuration(2 * everyMs)}, or leave it out`);
  }
  if (at.when !== undefined && asts.when !== undefined && freeNames(asts.when).length === 0) {
    report.warn(at.when.node, "when names no metric: it is always the same", "name one, such as cpu > 70");
  }
  const desired = values.desired;
  if (
    desired !== undefined &&
    at.desired !== undefined &&
    min !== undefined &&
    max !== undefined &&
    (desired < min || desired > max)
  ) {
    const reached = desired < min ? `min ${min}` : `max ${max}`;
    report.warn(
      at.desired.node,
      `desired ${desired} lies outside the group's bounds: it will be ${reached}`,
      "change one of them",
    );
  } else if (min !== undefined && min === max) {
    const place = at.change ?? at.steps ?? at.target;
    if (place)
      report.warn(place.keyRange, `policy ${name} can never act: min and max are both ${min}`, "raise max");
  }
  warnOfDivision(report, at.when?.node, asts.when, min);
  warnOfDivision(
    report,
    at.target === undefined ? at.signal?.node : childOf(at.target.node, "signal"),
    asts.signal,
    min,
  );
}

/** Warns of a division by `instances` in a group that may have none. */
export function warnOfDivision(
  report: Report,
  node: SourceNode | undefined,
  ast: Expression | undefined,
  min: number | undefined,
): void {
  if (node?.kind !== "scalar" || ast === undefined || min !== 0) return;
  for (const divisor of divisors(ast)) {
    if (divisor.kind !== "name" || divisor.name !== "instances") continue;
    const range = rangeInScalar(report.text, node, divisor.offset, divisor.length);
    report.warn(
      range,
      "division by instances, and min is 0: unavailable while there is none",
      "write max([instances, 1])",
    );
  }
}

function divisors(ast: Expression): Expression[] {
  const own = ast.kind === "arithmetic" && ["/", "//", "%"].includes(ast.operator) ? [ast.right] : [];
  return [...own, ...operandsOf(ast).flatMap(divisors)];
}
