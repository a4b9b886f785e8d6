import {
  createHost,
  type MetricQuery,
  type MetricsDriver,
  type ReadOptions,
  type Sample,
} from "@bellows/core";
import { describe, expect, test } from "vitest";
import source from "./rackspace-monitoring.js";

const soon = { deadlineMs: 1_000 };
const range = { fromMs: 0, toMs: 60_000, stepMs: 10_000 };
const queries = [
  { params: source.query.parse({ check: "agent.cpu", metric: "usage_average", offset: "1m" }), group: "web" },
];

function metricsOf(ownSource: string) {
  const asked: (readonly MetricQuery[])[] = [];
  const answer: Sample = { value: 42, observedAtMs: 7 };
  const metrics: MetricsDriver = {
    names: [],
    ownSource,
    read: async () => [],
    async readOwn(own) {
      asked.push(own);
      return own.map(() => answer);
    },
    async readOwnRange(own) {
      asked.push(own);
      return own.map(() => [answer]);
    },
  };
  return { asked, provider: { metrics } };
}

describe("the rackspace-monitoring source", () => {
  test("hands checked queries with their group to the Rackspace provider, and its answers on", async () => {
    const { asked, provider } = metricsOf("rackspace-monitoring");
    const opened = await source.create({}, createHost({ key: "m" }));
    expect(await opened.read(queries, { ...soon, provider })).toEqual([{ value: 42, observedAtMs: 7 }]);
    expect(await opened.readRange?.(queries, range, { ...soon, provider })).toEqual([
      [{ value: 42, observedAtMs: 7 }],
    ]);
    const params = { check: "agent.cpu", metric: "usage_average", offset: 60_000 };
    expect(asked).toEqual([[{ params, group: "web" }], [{ params, group: "web" }]]);
  });

  test.each<[string, Pick<ReadOptions, "provider">, string]>([
    ["no provider", {}, "name one (--provider rackspace)"],
    ["a provider without metrics", { provider: {} }, "is not Rackspace"],
    ["another cloud's", { provider: metricsOf("cloudwatch").provider }, "is not Rackspace"],
  ])("says what to do with %s", async (_which, bound, words) => {
    const heard: Sample[] = [];
    const reason = { unavailable: expect.stringContaining(words) };
    const onSample = (_index: number, sample: Sample): void => void heard.push(sample);
    const opened = await source.create({}, createHost({ key: "m" }));
    expect(await opened.read(queries, { ...soon, ...bound, onSample })).toEqual([reason]);
    expect(heard).toEqual([reason]);
    expect(await opened.readRange?.(queries, range, { ...soon, ...bound })).toEqual([[reason]]);
  });
});
