import {
  type Execute,
  type ExecutionOutcome,
  type Policy,
  renderReason,
  type SimpleAdjust,
} from "@bellows/core";
import type { GroupRuntime, Line, OrderResult } from "@bellows/core/line";

/** What became of an order, in the words of a policy's execution. */
const RESULT: Record<OrderResult["outcome"], ExecutionOutcome["result"]> = {
  executed: "executed",
  unchanged: "unchanged",
  cooldown: "cooldown",
  paused: "paused",
  observed: "accepted",
  refused: "refused",
  failed: "refused",
};

/**
 * Runs executions of policies as orders of a line, so that they pass its queue, its limits and its records. A group
 * that no file declares has no line: it is executed on its own.
 */
export function executeAsOrders(
  line: () => Line,
  groups: () => ReadonlyMap<string, GroupRuntime>,
  provider: string,
): Execute {
  return async (group, policy, options, here) => {
    const runtime = [...groups().values()].find(
      ({ spec }) => spec.provider === provider && (spec.ref === group.name || spec.ref === group.id),
    );
    if (runtime === undefined) return here();
    const result = await line().order(runtime.spec.name, {
      origin: { kind: "api", policy: policy.name },
      policy: policy.name,
      ...ownAmount(runtime, policy),
      ...(options?.honorCooldown === false ? { skipCooldowns: true } : {}),
    });
    const { from, to, reasons } = result.record;
    const text = reasons.map(renderReason).join("; ");
    return { result: RESULT[result.outcome], from, to, ...(result.outcome === "executed" ? {} : { text }) };
  };
}

/** A policy that the file does not have brings its amount and its cooldown along. */
export function ownAmount(
  runtime: GroupRuntime,
  policy: Policy,
): { adjust?: SimpleAdjust; keepMs?: number; policyCooldownMs?: number } {
  if (runtime.spec.policies.some(({ name }) => name === policy.name)) return {};
  const { adjust, keepMs, cooldownMs } = policy;
  if ("steps" in adjust || "target" in adjust) return {};
  return {
    adjust,
    ...(keepMs === undefined ? {} : { keepMs }),
    ...(cooldownMs === undefined ? {} : { policyCooldownMs: cooldownMs }),
  };
}
