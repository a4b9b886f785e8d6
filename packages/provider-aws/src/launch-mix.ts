/** Several sizes and ways of paying in one group: `aws.mix`, which is the group's own and no part of a template. Pure. */
import type {
  InstancesDistribution,
  LaunchTemplateOverrides,
  LaunchTemplateSpecification,
  MixedInstancesPolicy,
} from "@aws-sdk/client-auto-scaling";
import { defined } from "./launch-data.js";
import type { AwsOwnWords } from "./launch-words.js";

/** Several sizes, on demand and spot. */
export type Mix = NonNullable<AwsOwnWords["mix"]>;

/**
 * What AWS takes where nothing is said; it is told all the same, because an update would keep what was there before.
 * @see docs.aws.amazon.com, Auto Scaling API, InstancesDistribution
 */
export const MIX_DEFAULTS = {
  onDemandBase: 0,
  onDemandPercent: 100,
  spotAllocation: "lowest-price",
} as const;

/** The policy of a group that is made from that version of a template. */
export function mixedPolicy(mix: Mix, template: LaunchTemplateSpecification): MixedInstancesPolicy {
  return {
    LaunchTemplate: { LaunchTemplateSpecification: template, Overrides: mix.sizes.map(overrideOf) },
    InstancesDistribution: {
      OnDemandBaseCapacity: mix.onDemandBase ?? MIX_DEFAULTS.onDemandBase,
      OnDemandPercentageAboveBaseCapacity: mix.onDemandPercent ?? MIX_DEFAULTS.onDemandPercent,
      SpotAllocationStrategy: mix.spotAllocation ?? MIX_DEFAULTS.spotAllocation,
      SpotMaxPrice: mix.spotMaxPrice ?? "",
    },
  };
}

function overrideOf(size: Mix["sizes"][number]): LaunchTemplateOverrides {
  return typeof size === "string"
    ? { InstanceType: size }
    : { InstanceType: size.size, WeightedCapacity: String(size.weight) };
}

/** A group's mix, if it has one that the contract has words for: chosen by name, not by requirements. */
export function mixOf(policy: MixedInstancesPolicy | undefined): Mix | undefined {
  const { Overrides = [] } = policy?.LaunchTemplate ?? {};
  const sizes = Overrides.flatMap(({ InstanceType, WeightedCapacity }) => {
    if (InstanceType === undefined) return [];
    return [WeightedCapacity ? { size: InstanceType, weight: Number(WeightedCapacity) } : InstanceType];
  });
  return sizes.length === 0 ? undefined : { sizes, ...distributionOf(policy?.InstancesDistribution ?? {}) };
}

function distributionOf(distribution: InstancesDistribution): Omit<Mix, "sizes"> | undefined {
  return defined({
    onDemandBase: other(distribution.OnDemandBaseCapacity, MIX_DEFAULTS.onDemandBase),
    onDemandPercent: other(distribution.OnDemandPercentageAboveBaseCapacity, MIX_DEFAULTS.onDemandPercent),
    spotAllocation: other(distribution.SpotAllocationStrategy, MIX_DEFAULTS.spotAllocation) as
      | Mix["spotAllocation"]
      | undefined,
    spotMaxPrice: distribution.SpotMaxPrice || undefined,
  });
}

/** A value, if it is another than the usual one. */
function other<T>(value: T | undefined, usual: T): T | undefined {
  return value === usual ? undefined : value;
}
