import {
  defineMetricSource,
  duration,
  type MetricQuery,
  type MetricsDriver,
  type ReadOptions,
  type Sample,
  text,
  z,
} from "@bellows/core";

/** Resolutions of Cloud Monitoring: the checks' own points, or means of slots. */
const RESOLUTIONS = ["full", "5m", "20m", "1h", "4h", "1d"] as const;

const query = z
  .strictObject({
    /** Id, label or type of the check: `agent.cpu`. */
    check: text(),
    /** One of its metrics: `usage_average`; of remote checks with its zone, `mzdfw.duration`. */
    metric: text(),
    /** Whose check: that of one entity, by id or label (default: of every server of the group). */
    entity: text().optional(),
    /** Whose check: that of one server, by its id. */
    server: text().optional(),
    /** What of a point's measurements: average (default), min, max or variance. */
    select: z.enum(["average", "min", "max", "variance"]).optional(),
    /** How the group's servers become one number (default mean). */
    stat: z.enum(["mean", "max", "min", "sum"]).optional(),
    /** Points as the check takes them (full, default), or one for each slot of 5m, 20m, 1h, 4h or 1d. */
    resolution: z.enum(RESOLUTIONS).optional(),
    /** How far before now the newest point wanted is: some metrics arrive late. */
    offset: duration().optional(),
  })
  .superRefine(({ entity, server }, ctx) => {
    if (entity === undefined || server === undefined) return;
    const hint = "leave one of them out";
    ctx.addIssue({ code: "custom", path: ["server"], message: "server beside entity", params: { hint } });
  });
type Params = z.infer<typeof query>;

/**
 * Rackspace Cloud Monitoring. It checks queries, and hands them to the Rackspace provider of the group that asks, whose
 * account, token and throttle they use: one look at the account's checks for all of a round, and one call for each series
 * of points, however many queries need it.
 */
export default defineMetricSource({
  name: "rackspace-monitoring",
  contract: 1,
  options: z.strictObject({}),
  query,
  throughProvider: true,
  create: () => ({
    async read(queries: readonly MetricQuery<Params>[], readOptions: ReadOptions) {
      const metrics = ownMetrics(readOptions);
      if (metrics?.readOwn !== undefined) return metrics.readOwn(queries, readOptions);
      return queries.map((_query, index) => {
        const sample: Sample = { unavailable: without(readOptions) };
        readOptions.onSample?.(index, sample);
        return sample;
      });
    },
    async readRange(queries, range, readOptions) {
      const metrics = ownMetrics(readOptions);
      if (metrics?.readOwnRange !== undefined) return metrics.readOwnRange(queries, range, readOptions);
      return queries.map((): Sample[] => [{ unavailable: without(readOptions) }]);
    },
  }),
});

/** The metrics of the bound provider, if Cloud Monitoring is its own metric service. */
function ownMetrics({ provider }: ReadOptions): MetricsDriver | undefined {
  return provider?.metrics?.ownSource === "rackspace-monitoring" ? provider.metrics : undefined;
}

function without({ provider }: ReadOptions): string {
  return provider === undefined
    ? "the rackspace-monitoring source asks with the account of a Rackspace provider, and none is bound: name one (--provider rackspace)"
    : "the rackspace-monitoring source asks with the account of the group's provider, which is not Rackspace: keep the group on Rackspace, or read the number from another source";
}
