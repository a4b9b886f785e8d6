import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createHost, manualClock, type Sample, systemClock } from "@bellows/core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import exposition from "../src/exposition.js";

let server: Server;
let url: string;
let page: string;
let type: string;
let asked: number;

beforeAll(async () => {
  server = createServer((_request, response) => {
    asked += 1;
    response.setHeader("content-type", type).end(page);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
});
afterAll(() => void server.close().closeAllConnections());
beforeEach(() => {
  asked = 0;
  type = "text/plain; version=0.0.4";
});

/** A clock whose own time stands still; deadlines are real. */
const clock = { ...manualClock(1_000), after: systemClock.after };
const create = () => exposition.create(exposition.options.parse({ url }), createHost({ key: "node", clock }));
const read = async (source: Awaited<ReturnType<typeof create>>, ...params: object[]): Promise<Sample[]> =>
  source.read(
    params.map((one) => ({ params: exposition.query.parse(one) })),
    { deadlineMs: 10_000 },
  );

test("one page answers many metrics, by name, labels and stat", async () => {
  page =
    'up 1\njobs{queue="fast",host="a"} 3\njobs{queue="fast",host="b"} 5\njobs{queue="slow",host="a"} 40\nhot NaN\n';
  const fast = { metric: "jobs", labels: { queue: "fast" } };
  const samples = await read(
    await create(),
    { metric: "up" },
    { metric: "jobs", labels: { queue: "slow" } },
    ...["sum", "max", "min", "mean"].map((stat) => ({ ...fast, stat })),
    { metric: "jobs", labels: { queue: "fast", zone: "" }, stat: "max" },
  );
  expect(samples.map((sample) => ("value" in sample ? sample.value : sample))).toEqual([
    1, 40, 8, 5, 3, 4, 5,
  ]);
  expect(samples[0]).toEqual({ value: 1, observedAtMs: 1_000 });
  expect(asked).toBe(1);
});

test("what gives no number says why", async () => {
  page = 'jobs{queue="fast"} 3\njobs{queue="slow"} 40\nhot NaN\nendless +Inf\n';
  expect(
    await read(
      await create(),
      { metric: "jobs" },
      { metric: "job" },
      { metric: "jobs", labels: { queue: "mail" } },
      { metric: "hot" },
      { metric: "endless" },
    ),
  ).toEqual([
    {
      unavailable:
        '2 series match jobs: jobs{queue="fast"}, jobs{queue="slow"}; narrow labels, or say stat: sum, max, min or mean',
    },
    { unavailable: "no series job on the page; did you mean jobs?" },
    {
      unavailable:
        'no series jobs{queue="mail"} on the page; there is jobs{queue="fast"}, jobs{queue="slow"}',
    },
    { unavailable: "hot is NaN" },
    { unavailable: "endless is Infinity" },
  ]);
});

test("a series' own time is the sample's, in milliseconds or, in OpenMetrics, in seconds", async () => {
  page = "late 1 250\n";
  expect(await read(await create(), { metric: "late" })).toEqual([{ value: 1, observedAtMs: 250 }]);
  type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
  page = "late 1 0.5\n# EOF\n";
  expect(await read(await create(), { metric: "late" })).toEqual([{ value: 1, observedAtMs: 500 }]);
});

test("a counter becomes a rate with its second reading, each series by itself, also when one begins again", async () => {
  const source = await create();
  const rate = { metric: "jobs_total", stat: "sum", rate: "1m" };
  page = 'jobs_total{w="1"} 100\njobs_total{w="2"} 1000\n';
  expect(await read(source, rate)).toEqual([
    { unavailable: "a rate needs two readings, and this is the first (1m window)" },
  ]);
  clock.advance(10_000);
  page = 'jobs_total{w="1"} 150\njobs_total{w="2"} 20\njobs_total{w="3"} 7\n';
  expect(await read(source, rate, { ...rate, stat: "max" })).toMatchObject([{ value: 7 }, { value: 5 }]);
});
