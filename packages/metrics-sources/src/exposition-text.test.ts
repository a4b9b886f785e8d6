import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseExposition, printExposition, type Series } from "./exposition-text.js";

const read = (page: string, options = {}): Series[] => [...parseExposition(page, options)];

describe("a page of metrics", () => {
  test("is read as exporters write it", () => {
    const page = [
      "# HELP http_requests_total The total number of HTTP requests.",
      "# TYPE http_requests_total counter",
      'http_requests_total{method="post",code="200"} 1027 1395066363000',
      'http_requests_total{method="post",code="400",}    3 ',
      "",
      "# a comment",
      'path{text="C:\\\\DIR\\\\FILE.TXT",error="no\\nfile:\\"x\\""} 1.458255915e9',
      "metric_without_labels 12.47",
      'odd{problem="division by zero"} +Inf -3982045',
      "\tnothing\tNaN\t",
      'bucket { le = "+Inf" , } 144320\r',
      "small 1e-05",
    ].join("\n");
    expect(read(page)).toEqual([
      {
        name: "http_requests_total",
        labels: { method: "post", code: "200" },
        value: 1027,
        atMs: 1395066363000,
      },
      { name: "http_requests_total", labels: { method: "post", code: "400" }, value: 3 },
      { name: "path", labels: { text: "C:\\DIR\\FILE.TXT", error: 'no\nfile:"x"' }, value: 1458255915 },
      { name: "metric_without_labels", labels: {}, value: 12.47 },
      {
        name: "odd",
        labels: { problem: "division by zero" },
        value: Number.POSITIVE_INFINITY,
        atMs: -3982045,
      },
      { name: "nothing", labels: {}, value: Number.NaN },
      { name: "bucket", labels: { le: "+Inf" }, value: 144320 },
      { name: "small", labels: {}, value: 0.00001 },
    ]);
  });

  test("in OpenMetrics has times in seconds and exemplars, which are passed over", () => {
    const page = [
      "# TYPE foo histogram",
      'foo_bucket{le="0.01"} 0',
      'foo_bucket{le="1"} 11 # {trace_id="KOO5S4vxi0o"} 0.67',
      'foo_bucket{le="10"} 17 123.5 # {trace_id="} 1"} 9.8 1520879607.789',
      "# EOF",
    ].join("\n");
    expect(read(page, { openMetrics: true })).toEqual([
      { name: "foo_bucket", labels: { le: "0.01" }, value: 0 },
      { name: "foo_bucket", labels: { le: "1" }, value: 11 },
      { name: "foo_bucket", labels: { le: "10" }, value: 17, atMs: 123500 },
    ]);
  });

  test("may have names in quotes inside the braces", () => {
    expect(read('{"http.requests","my label"="a"} 2')).toEqual([
      { name: "http.requests", labels: { "my label": "a" }, value: 2 },
    ]);
  });

  test("gives only the series wanted", () => {
    expect(read("up 1\nup_time 4\nready 0\n", { names: new Set(["up"]) })).toEqual([
      { name: "up", labels: {}, value: 1 },
    ]);
  });

  test.each([
    ["<!doctype html>", 1],
    ["<html>\n", 1],
    ["good 1\nup{a=1} 2", 2],
    ['up{a="1"', 1],
    ['up{a="1} 3', 1],
    ['up{a="1" b="2"} 3', 1],
    ["up", 1],
    ["up x", 1],
    ["up 1 soon", 1],
    ["up 1 2 3", 1],
    ["{} 1", 1],
    ["1up 4", 1],
    ['{"queue": 3}', 1],
  ])("%j is none, and the line is named", (page, line) => {
    expect(() => read(page)).toThrow(`not a page of metrics: line ${line} is`);
  });

  test("that is something else is told even when other series are wanted", () => {
    expect(() => read("Not Found", { names: new Set(["up"]) })).not.toThrow();
    expect(() => read("404: not found", { names: new Set(["up"]) })).toThrow("not a page of metrics");
    expect(() => read("error, sorry", { names: new Set(["up"]) })).toThrow("not a page of metrics");
  });
});

describe("pages written and read again", () => {
  const word = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,12}$/);
  const series = fc.record(
    {
      name: fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,20}$/),
      labels: fc.dictionary(word, fc.string({ unit: "binary" }), { noNullPrototype: true, maxKeys: 5 }),
      value: fc.double(),
      atMs: fc.integer({ min: -1e15, max: 1e15 }),
    },
    { requiredKeys: ["name", "labels", "value"] },
  );

  test("are the same", () => {
    fc.assert(
      fc.property(fc.array(series), (all) => {
        expect(read(printExposition(all))).toEqual(all);
      }),
    );
  });

  test("however a page is cut short or spoiled, reading it ends with series or with a reason", () => {
    fc.assert(
      fc.property(fc.array(series), fc.nat(), fc.string(), (all, at, spoiled) => {
        const page = printExposition(all);
        const place = at % (page.length + 1);
        try {
          read(page.slice(0, place) + spoiled);
        } catch (error) {
          expect(String(error)).toContain("not a page of metrics");
        }
      }),
    );
  });
});
