/** Policies of AWS in the contract's words. Pure. */
import type { ScalingPolicy } from "@aws-sdk/client-auto-scaling";
import type { Policy, PolicySpec } from "@bellows/core";
import { adjustOf } from "./policy-adjust.js";
import { schedulePolicyOf } from "./policy-schedule.js";
import type { PolicyInput } from "./policy-spec.js";
import { readIntervals, stepsOf } from "./policy-steps.js";
import { predictiveOf, targetNativeOf } from "./policy-target.js";

/** What AWS says of a policy whose values are not made one in another way. */
const DEFAULT_AGGREGATION = "Average";

/** A scaling policy in the contract's words. Its id is its name, which is unique in its group. */
export function policyOf(policy: ScalingPolicy): Policy {
  const { AutoScalingGroupName: group = "", PolicyName: name = "", PolicyARN: arn } = policy;
  const { adjust, native } = adjustAndNative(policy);
  const own = {
    ...native,
    ...(policy.EstimatedInstanceWarmup === undefined || policy.PolicyType === "PredictiveScaling"
      ? {}
      : { warmupMs: policy.EstimatedInstanceWarmup * 1_000 }),
    ...(policy.Enabled === false ? { enabled: false } : {}),
  };
  const minMagnitude = policy.MinAdjustmentMagnitude ?? policy.MinAdjustmentStep;
  return {
    name,
    engine: "native",
    group,
    id: name,
    ...(arn === undefined ? {} : { providerId: arn }),
    adjust,
    ...(policy.Cooldown === undefined ? {} : { cooldownMs: policy.Cooldown * 1_000 }),
    ...(minMagnitude === undefined ? {} : { minMagnitude }),
    ...(Object.keys(own).length === 0 ? {} : { native: own }),
  };
}

function adjustAndNative(policy: ScalingPolicy): {
  adjust: PolicySpec["adjust"];
  native: Record<string, unknown>;
} {
  const { PolicyType, AdjustmentType, TargetTrackingConfiguration, PredictiveScalingConfiguration } = policy;
  if (PolicyType === "StepScaling") {
    const aggregation = policy.MetricAggregationType ?? DEFAULT_AGGREGATION;
    return {
      adjust: { steps: stepsOf(readIntervals(AdjustmentType, policy.StepAdjustments ?? [])) },
      native: aggregation === DEFAULT_AGGREGATION ? {} : { aggregation },
    };
  }
  if (PolicyType === "TargetTrackingScaling" && TargetTrackingConfiguration !== undefined)
    return {
      adjust: { target: { value: TargetTrackingConfiguration.TargetValue ?? 0 } },
      native: targetNativeOf(TargetTrackingConfiguration),
    };
  if (PolicyType === "PredictiveScaling" && PredictiveScalingConfiguration !== undefined) {
    const { value, predictive } = predictiveOf(PredictiveScalingConfiguration);
    return { adjust: { target: { value } }, native: { predictive } };
  }
  return { adjust: adjustOf(AdjustmentType, policy.ScalingAdjustment ?? 0), native: {} };
}

/** The policy that an input makes, as AWS will tell it. */
export function madeOf({ kind, input }: PolicyInput): Policy {
  return kind === "policy" ? policyOf(input) : schedulePolicyOf(input);
}

/** What a policy would be made from: itself without what AWS adds. */
export function specOf({ group: _group, id: _id, providerId: _arn, ...spec }: Policy): PolicySpec {
  return spec;
}
