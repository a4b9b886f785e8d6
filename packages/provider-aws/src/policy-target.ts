/** Target tracking and forecasts in AWS's words, and back. Pure. */
import type {
  CustomizedMetricSpecification,
  PredictiveScalingConfiguration,
  PredictiveScalingMetricSpecification,
  TargetTrackingConfiguration,
} from "@aws-sdk/client-auto-scaling";
import {
  dimensionList,
  dimensionsOf,
  isPlainStat,
  periodOf,
  plainMetricOf,
  queriesOf,
  queryFaults,
  queryInputs,
} from "./alarm-query.js";
import type { Predictive, TargetMetric, TargetNative } from "./policy-native.js";

/** The period of metrics that name none, in milliseconds. @see docs.aws.amazon.com, CustomizedMetricSpecification */
const PERIOD_MS = 60_000;
/** Id of the only query of a metric whose statistic only queries can have. */
const ONLY = "m1";

/** What AWS says of a forecast that named neither. @see docs.aws.amazon.com, PredictiveScalingConfiguration */
const DEFAULT_MODE = "ForecastOnly";
const DEFAULT_BUFFER_S = 300;

/** What AWS would refuse in a target beyond what its schema says. */
export function targetFaults({ metrics }: TargetNative): string[] {
  return queryFaults(metrics ?? []).map((fault) => `native.metrics: ${fault}`);
}

/** A target in AWS's words. */
export function targetConfiguration(value: number, native: TargetNative): TargetTrackingConfiguration {
  const { predefined, resourceLabel, metric, metrics, disableScaleIn } = native;
  const queries = metrics ?? [];
  return {
    TargetValue: value,
    ...(predefined === undefined
      ? {
          CustomizedMetricSpecification:
            metric === undefined ? { Metrics: queryInputs(queries, PERIOD_MS) } : customized(metric),
        }
      : {
          PredefinedMetricSpecification: {
            PredefinedMetricType: predefined,
            ...(resourceLabel === undefined ? {} : { ResourceLabel: resourceLabel }),
          },
        }),
    ...(disableScaleIn === undefined ? {} : { DisableScaleIn: disableScaleIn }),
  };
}

/** A metric in the words of target tracking, which has percentiles only in queries. */
function customized(metric: TargetMetric): CustomizedMetricSpecification {
  const { periodMs, ...plain } = metric;
  const { namespace, name, stat = "Average", dimensions, unit } = plain;
  if (!isPlainStat(stat))
    return { Metrics: queryInputs([{ id: ONLY, metric: plain }], periodMs ?? PERIOD_MS) };
  return {
    Namespace: namespace,
    MetricName: name,
    Statistic: stat,
    ...(dimensions === undefined ? {} : { Dimensions: dimensionList(dimensions) }),
    ...(unit === undefined ? {} : { Unit: unit }),
    ...(periodMs === undefined ? {} : { Period: periodMs / 1_000 }),
  };
}

/** A target of AWS in the words of `native`. */
export function targetNativeOf(configuration: TargetTrackingConfiguration): TargetNative {
  const { PredefinedMetricSpecification, CustomizedMetricSpecification, DisableScaleIn } = configuration;
  const { PredefinedMetricType, ResourceLabel } = PredefinedMetricSpecification ?? {};
  return {
    ...(PredefinedMetricType === undefined ? {} : { predefined: PredefinedMetricType }),
    ...(ResourceLabel === undefined ? {} : { resourceLabel: ResourceLabel }),
    ...(CustomizedMetricSpecification === undefined ? {} : customizedOf(CustomizedMetricSpecification)),
    ...(DisableScaleIn === true ? { disableScaleIn: true } : {}),
  };
}

function customizedOf(metric: CustomizedMetricSpecification): Pick<TargetNative, "metric" | "metrics"> {
  const { Metrics = [], Namespace = "", MetricName = "", Statistic, Unit, Period } = metric;
  const [only] = Metrics;
  if (Metrics.length === 1 && only?.Id === ONLY && only.MetricStat !== undefined && only.Label === undefined)
    return { metric: { ...plainMetricOf(only.MetricStat), ...spanOf(periodOf(only)) } };
  if (Metrics.length > 0) return { metrics: queriesOf(Metrics, PERIOD_MS) };
  const dimensions = dimensionsOf(metric.Dimensions);
  return {
    metric: {
      namespace: Namespace,
      name: MetricName,
      ...(Statistic === undefined ? {} : { stat: Statistic }),
      ...(dimensions === undefined ? {} : { dimensions }),
      ...(Unit === undefined ? {} : { unit: Unit }),
      ...spanOf(Period === undefined ? undefined : Period * 1_000),
    },
  };
}

/** A period, unless it is the usual one. */
function spanOf(periodMs: number | undefined): { periodMs?: number } {
  return periodMs === undefined || periodMs === PERIOD_MS ? {} : { periodMs };
}

/** A forecast in AWS's words. */
export function predictiveConfiguration(
  value: number,
  predictive: Predictive,
): PredictiveScalingConfiguration {
  const { predefined, resourceLabel, specification, mode, bufferMs, maxCapacityBuffer } = predictive;
  const metrics: Omit<PredictiveScalingMetricSpecification, "TargetValue"> =
    predefined === undefined
      ? { ...specification }
      : {
          PredefinedMetricPairSpecification: {
            PredefinedMetricType: predefined,
            ...(resourceLabel === undefined ? {} : { ResourceLabel: resourceLabel }),
          },
        };
  return {
    MetricSpecifications: [{ ...metrics, TargetValue: value }],
    ...(mode === undefined ? {} : { Mode: mode }),
    ...(bufferMs === undefined ? {} : { SchedulingBufferTime: bufferMs / 1_000 }),
    ...(maxCapacityBuffer === undefined
      ? {}
      : { MaxCapacityBreachBehavior: "IncreaseMaxCapacity", MaxCapacityBuffer: maxCapacityBuffer }),
  };
}

/** A forecast of AWS: what it aims at, and its words under `native`. */
export function predictiveOf(configuration: PredictiveScalingConfiguration): {
  value: number;
  predictive: Predictive;
} {
  const { MetricSpecifications = [], Mode, SchedulingBufferTime, MaxCapacityBuffer } = configuration;
  const { TargetValue = 0, PredefinedMetricPairSpecification: pair, ...rest } = MetricSpecifications[0] ?? {};
  const given = Object.fromEntries(Object.entries(rest).filter(([, words]) => words !== undefined));
  return {
    value: TargetValue,
    predictive: {
      ...(pair?.PredefinedMetricType === undefined
        ? { specification: given }
        : { predefined: pair.PredefinedMetricType }),
      ...(pair?.ResourceLabel === undefined ? {} : { resourceLabel: pair.ResourceLabel }),
      ...(Mode === undefined || Mode === DEFAULT_MODE ? {} : { mode: Mode }),
      ...(SchedulingBufferTime === undefined || SchedulingBufferTime === DEFAULT_BUFFER_S
        ? {}
        : { bufferMs: SchedulingBufferTime * 1_000 }),
      ...(MaxCapacityBuffer === undefined ? {} : { maxCapacityBuffer: MaxCapacityBuffer }),
    },
  };
}
