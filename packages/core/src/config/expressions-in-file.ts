import type { Expression } from "../expressions/index.js";
import {
  checkNames,
  freeNames,
  GROUP_NAMES,
  isExpressionName,
  parseExpression,
  RESERVED_NAMES,
} from "../expressions/index.js";
import type { Report } from "./report.js";
import type { Entry, SourceNode } from "./source-node.js";
import { isPoisoned, rangeInScalar } from "./source-node.js";

/** Reads an expression where it stands; what is wrong points at the very name or sign. */
export function checkExpression(
  report: Report,
  node: SourceNode,
  known: readonly string[],
): Expression | undefined {
  if (node.kind !== "scalar" || isPoisoned(node)) return undefined;
  const parsed = parseExpression(node.text);
  const faults = parsed.ok ? checkNames(parsed.ast, known) : [parsed.fault];
  for (const { message, hint, offset, length } of faults) {
    report.fault(rangeInScalar(report.text, node, offset, Math.max(1, length)), message, hint);
  }
  return parsed.ok && faults.length === 0 ? parsed.ast : undefined;
}

/** As {@link checkExpression}, for what must be true or false. */
export function checkCondition(
  report: Report,
  node: SourceNode,
  key: string,
  known: readonly string[],
): Expression | undefined {
  const ast = checkExpression(report, node, known);
  if (ast === undefined || isCondition(ast)) return ast;
  report.fault(
    node,
    `${key} must be true or false, and this is a number`,
    `compare it: ${node.kind === "scalar" ? node.text.trim() : "cpu"} > 70`,
  );
  return undefined;
}

function isCondition(ast: Expression): boolean {
  if (ast.kind === "comparison" || ast.kind === "logical") return true;
  if (ast.kind === "unary") return ast.operator === "not";
  return ast.kind === "conditional" && isCondition(ast.whenTrue) && isCondition(ast.whenFalse);
}

/** What stands in expressions of a group: its metrics, its signals, and the group's own numbers. */
export function knownNames(metrics: readonly string[], signals: readonly string[]): string[] {
  return [...metrics, ...signals, ...GROUP_NAMES];
}

/** Whether a metric or signal may be called so; reports it if not. */
export function checkSignalName(report: Report, entry: Entry): boolean {
  const { key, keyRange } = entry;
  if (!isExpressionName(key)) {
    const better = key.replace(/[^A-Za-z0-9_]+/g, "_").replace(/^(?=\d)/, "_");
    report.fault(
      keyRange,
      `${JSON.stringify(key)} cannot be used in expressions: letters, digits and _ only`,
      `write ${better}`,
    );
    return false;
  }
  if (RESERVED_NAMES.has(key)) {
    report.fault(
      keyRange,
      `${JSON.stringify(key)} already means something in expressions`,
      `write ${key}_count or the like`,
    );
    return false;
  }
  return true;
}

/** Reports signals that are made from themselves. */
export function checkCircles(
  report: Report,
  signals: ReadonlyMap<string, { node: SourceNode; ast: Expression }>,
): void {
  const done = new Set<string>();
  const visit = (name: string, trail: readonly string[]): void => {
    const signal = signals.get(name);
    if (signal === undefined || done.has(name)) return;
    const start = trail.indexOf(name);
    if (start >= 0) {
      done.add(name);
      const circle = [...trail.slice(start), name].join(" → ");
      report.fault(
        signal.node,
        `signal ${name} is made from itself (${circle})`,
        "let one of them stand on metrics alone",
      );
      return;
    }
    for (const used of new Set(freeNames(signal.ast).map((use) => use.name))) visit(used, [...trail, name]);
    done.add(name);
  };
  for (const name of signals.keys()) visit(name, []);
}
