import {
  type Execute,
  type ExecutionOutcome,
  type OrderOrigin,
  type Policy,
  renderReason,
  type SimpleAdjust,
} from "@bellows/core";
import type { GroupRuntime, Line, OrderResult } from "@bellows/core/line";
import { runtimeOf } from "./guests.js";

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
 * that is not run here has no line: it is executed on its own.
 */
export function executeAsOrders(
  line: () => Line,
  groups: () => ReadonlyMap<string, GroupRuntime>,
  provider: string,
): Execute {
  return (group, policy, options, here) => {
    const runtime = runtimeOf(groups(), provider, group);
    if (runtime === undefined) return here();
    return orderPolicy(line(), runtime, policy, { kind: "api" }, options?.honorCooldown === false);
  };
}

/** Orders one policy of a group. Returned: accepted by the cloud, recorded durably. */
export async function orderPolicy(
  line: Pick<Line, "order">,
  runtime: GroupRuntime,
  policy: Policy,
  origin: OrderOrigin,
  skipCooldowns = false,
): Promise<ExecutionOutcome> {
  const result = await line.order(runtime.spec.name, {
    origin: { ...origin, policy: policy.name },
    policy: policy.name,
    ...ownAmount(runtime, policy),
    ...(skipCooldowns && { skipCooldowns }),
  });
  const { from, to, reasons, outcomes } = result.record;
  const text = [...reasons.map(renderReason), ...outcomes.flatMap(({ error }) => error ?? [])].join("; ");
  return { result: RESULT[result.outcome], from, to, ...(result.outcome === "executed" ? {} : { text }) };
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
