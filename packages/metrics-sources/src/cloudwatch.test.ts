import {
  createHost,
  type MetricQuery,
  type MetricsDriver,
  type ReadOptions,
  type Sample,
} from "@bellows/core";
import { describe, expect, test } from "vitest";
import cloudwatch from "./cloudwatch.js";

const soon = { deadlineMs: 1_000 };
const range = { fromMs: 0, toMs: 60_000, stepMs: 10_000 };
const queries = [
  { params: cloudwatch.query.parse({ namespace: "Shop", metric: "Jobs", period: "5m", offset: "2m" }) },
  { params: cloudwatch.query.parse({ expression: "1", region: "us-east-1" }) },
];
const open = (options: object = {}) =>
  cloudwatch.create(cloudwatch.options.parse(options), createHost({ key: "cw" }));

/** A provider's metrics that answer with the number of the query, and remember what they were asked. */
function metricsOf(ownSource: string) {
  const asked: MetricQuery[][] = [];
  const answer = (index: number): Sample => ({ value: index, observedAtMs: 7 });
  const metrics: MetricsDriver = {
    names: [],
    ownSource,
    read: async () => [],
    async readOwn(own, { onSample }) {
      asked.push([...own]);
      return own.map((_query, index) => {
        onSample?.(index, answer(index));
        return answer(index);
      });
    },
    async readOwnRange(own) {
      asked.push([...own]);
      return own.map((_query, index) => [answer(index)]);
    },
  };
  return { asked, provider: { metrics } };
}

describe("the cloudwatch source", () => {
  test("hands checked queries to the AWS provider, in one go, and its answers on", async () => {
    const { asked, provider } = metricsOf("cloudwatch");
    const heard: number[] = [];
    const onSample = (index: number): void => void heard.push(index);
    const source = await open();
    expect(await source.read(queries, { ...soon, provider, onSample })).toEqual([
      { value: 0, observedAtMs: 7 },
      { value: 1, observedAtMs: 7 },
    ]);
    expect(await source.readRange?.(queries, range, { ...soon, provider })).toEqual([
      [{ value: 0, observedAtMs: 7 }],
      [{ value: 1, observedAtMs: 7 }],
    ]);
    const params = [
      { namespace: "Shop", metric: "Jobs", period: 300_000, offset: 120_000 },
      { expression: "1", region: "us-east-1" },
    ];
    expect(asked).toEqual(Array(2).fill(params.map((each) => ({ params: each }))));
    expect(heard).toEqual([0, 1]);
  });

  test("asks in its own region, unless a query names one", async () => {
    const { asked, provider } = metricsOf("cloudwatch");
    await (await open({ region: "eu-north-1" })).read(queries, { ...soon, provider });
    expect(asked[0]?.map(({ params }) => params)).toMatchObject([
      { region: "eu-north-1" },
      { region: "us-east-1" },
    ]);
  });

  test.each<[string, Pick<ReadOptions, "provider">, string]>([
    ["no provider", {}, "name one (--provider aws)"],
    [
      "a provider without metrics",
      { provider: {} },
      "is not AWS: read the metric through a Prometheus exporter",
    ],
    ["another cloud's", { provider: metricsOf("monitoring").provider }, "is not AWS"],
  ])("says what to do with %s", async (_which, bound, words) => {
    const heard: Sample[] = [];
    const reason = { unavailable: expect.stringContaining(words) };
    const onSample = (_index: number, sample: Sample): void => void heard.push(sample);
    expect(await (await open()).read(queries, { ...soon, ...bound, onSample })).toEqual([reason, reason]);
    expect(heard).toEqual([reason, reason]);
    expect(await (await open()).readRange?.(queries, range, { ...soon, ...bound })).toEqual([
      [reason],
      [reason],
    ]);
  });
});
