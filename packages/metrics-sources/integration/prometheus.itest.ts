import { createHost, type Logger, type Sample } from "@bellows/core";
import {
  type Child,
  hasProgram,
  startChild,
  startPrometheus,
  type TestServer,
  waitFor,
} from "@bellows/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import exposition from "../src/exposition.js";
import prometheus from "../src/prometheus.js";

describe.skipIf(!hasProgram("prometheus", "prometheus"))(
  "the prometheus source, asking a real Prometheus",
  () => {
    let exporter: Child;
    let server: TestServer;
    const warnings: string[] = [];
    const logger: Logger = {
      debug() {},
      info() {},
      error() {},
      warn: (_data, message) => warnings.push(message),
    };

    const source = (options: object = {}) =>
      prometheus.create(
        prometheus.options.parse({ url: server.url, ...options }),
        createHost({ key: "prom", logger }),
      );
    const ask = async (...queries: string[]): Promise<Sample[]> =>
      (await source()).read(
        queries.map((query) => ({ params: { query } })),
        { deadlineMs: 10_000 },
      );

    beforeAll(async () => {
      exporter = startChild(process.execPath, [new URL("fixtures/exporter.mjs", import.meta.url).pathname]);
      const port = await waitFor(() => /listening on (\d+)/.exec(exporter.output())?.[1], {
        what: "the exporter",
      });
      server = await startPrometheus({ targets: [`127.0.0.1:${port}`], scrapeInterval: "500ms" });
      await waitFor(async () => "value" in ((await ask("rate(jobs_total[10s])"))[0] ?? {}), {
        what: "two scrapes",
      });
    });

    afterAll(async () => {
      await Promise.all([server?.stop(), exporter?.stop()]);
    });

    test("a query of one series gives its value and when it was true", async () => {
      const [sample] = await ask('queue_length{queue="fast"}');
      expect(sample).toMatchObject({ value: 7 });
      expect(Math.abs((sample as { observedAtMs: number }).observedAtMs - Date.now())).toBeLessThan(60_000);
    });

    test("the growth of a counter arrives as a rate", async () => {
      const [sample] = await ask("sum(rate(jobs_total[10s]))");
      expect((sample as { value: number }).value).toBeGreaterThan(0);
    });

    test("a scalar is a number too", async () => {
      expect(await ask("scalar(sum(queue_length)) * 2")).toMatchObject([{ value: 74 }]);
    });

    test("an empty answer, several series, a range, NaN and infinity are no numbers, and the reason says which", async () => {
      expect(
        await ask("nothing_here", "queue_length", "queue_length[5m]", "broken", "1/0", '"text"'),
      ).toEqual([
        { unavailable: "no series matches the query" },
        { unavailable: expect.stringContaining("2 series, and one number is needed: wrap it in sum(…)") },
        { unavailable: expect.stringContaining("gives a matrix") },
        { unavailable: "the value is NaN" },
        { unavailable: "the value is +Inf" },
        { unavailable: expect.stringContaining("gives a string") },
      ]);
    });

    test("what PromQL cannot read is refused in the server's words, and its neighbours are answered", async () => {
      const [bad, good] = await ask("sum(rate(", "sum(queue_length)");
      expect(bad).toEqual({
        unavailable: expect.stringMatching(/Prometheus refused it: bad_data: .*parse error/),
      });
      expect(good).toMatchObject({ value: 37 });
    });

    test("queries go by GET where the source says so", async () => {
      const read = (await source({ method: "GET" })).read([{ params: { query: "sum(queue_length)" } }], {
        deadlineMs: 10_000,
      });
      expect(await read).toMatchObject([{ value: 37 }]);
    });

    test("the past is read as points in order of time, the end left out", async () => {
      const toMs = Math.floor(Date.now() / 1_000) * 1_000;
      const range = { fromMs: toMs - 5_000, toMs, stepMs: 1_000 };
      const queries = [
        "vector(3)",
        'vector(1) or label_replace(vector(2), "a", "b", "", "")',
        "sum(rate(",
      ].map((query) => ({ params: { query } }));
      const [points, several, bad] =
        (await (await source()).readRange?.(queries, range, { deadlineMs: 10_000 })) ?? [];
      expect(points).toEqual(
        [5, 4, 3, 2, 1].map((back) => ({ value: 3, observedAtMs: toMs - back * 1_000 })),
      );
      expect(several).toEqual([{ unavailable: expect.stringContaining("2 series") }]);
      expect(bad).toEqual([{ unavailable: expect.stringContaining("parse error") }]);
    });

    test("a long past is read in several calls", async () => {
      const toMs = Math.floor(Date.now() / 1_000) * 1_000;
      const range = { fromMs: toMs - 25_000_000, toMs, stepMs: 1_000 };
      const [points] =
        (await (
          await source()
        ).readRange?.([{ params: { query: "vector(1)" } }], range, { deadlineMs: 30_000 })) ?? [];
      expect(points).toHaveLength(25_000);
    });

    test("its own page of metrics is one that the exposition source reads", async () => {
      const pages = await exposition.create(
        exposition.options.parse({ url: `${server.url}/metrics` }),
        createHost({ key: "own" }),
      );
      const samples = await pages.read(
        [
          { params: { metric: "prometheus_ready" } },
          {
            params: {
              metric: "prometheus_http_requests_total",
              labels: { handler: "/api/v1/query", code: "200" },
            },
          },
          { params: { metric: "prometheus_http_request_duration_seconds_bucket", stat: "max" } },
          { params: { metric: "prometheus_http_requests_totl" } },
        ],
        { deadlineMs: 10_000 },
      );
      expect(samples[0]).toMatchObject({ value: 1 });
      expect((samples[1] as { value: number }).value).toBeGreaterThan(0);
      expect((samples[2] as { value: number }).value).toBeGreaterThan(0);
      expect(samples[3]).toEqual({
        unavailable: expect.stringContaining("did you mean prometheus_http_requests_total?"),
      });
    });

    test("an address that is no Prometheus is named", async () => {
      const host = createHost({ key: "prom" });
      const wrong = await prometheus.create(
        prometheus.options.parse({ url: `${server.url}/elsewhere` }),
        host,
      );
      const [sample] = await wrong.read([{ params: { query: "up" } }], { deadlineMs: 10_000 });
      expect(sample).toEqual({ unavailable: expect.stringContaining("without /api/v1") });
    });
  },
);
