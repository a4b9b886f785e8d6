import { createHost, manualClock, z } from "@bellows/core";
import { describe, expect, test } from "vitest";
import cloudwatch from "../src/cloudwatch.js";
import constant from "../src/constant.js";
import exposition from "../src/exposition.js";
import hostSource from "../src/host.js";
import http from "../src/http.js";
import prometheus from "../src/prometheus.js";
import rabbitmq from "../src/rabbitmq.js";
import rackspaceMonitoring from "../src/rackspace-monitoring.js";
import replay from "../src/replay.js";

const PLUGINS = {
  http,
  prometheus,
  exposition,
  host: hostSource,
  replay,
  constant,
  rabbitmq,
  cloudwatch,
  "rackspace-monitoring": rackspaceMonitoring,
};

describe.each(Object.entries(PLUGINS))("the %s source", (name, plugin) => {
  test("declares itself", () => {
    expect(plugin).toMatchObject({ kind: "metric-source", name, contract: 1 });
  });

  test("tells editors what it takes, and refuses what it does not know", () => {
    for (const schema of [plugin.options, plugin.query]) {
      expect(z.toJSONSchema(schema, { io: "input" })).toMatchObject({
        type: "object",
        additionalProperties: false,
      });
      expect(schema.safeParse({ surprise: true }).success).toBe(false);
    }
  });
});

describe("what files say to sources", () => {
  const dimensions = { AutoScalingGroupName: "my_group" };
  const cpu = { namespace: "AWS/EC2", metric: "CPUUtilization", dimensions };
  test.each([
    [rabbitmq.options, { url: "https://rabbit:15671", user: "bellows", password: "x" }],
    [rabbitmq.query, { queue: "celery" }],
    [prometheus.options, { url: "http://prometheus:9090" }],
    [prometheus.query, { query: "sum(rate(http_requests_total[1m]))" }],
    [http.query, { url: "https://rabbit/api/queues/%2F/celery", select: "messages_ready" }],
    [exposition.query, { metric: "jobs_total", labels: { queue: "fast" }, stat: "sum", rate: "1m" }],
    [replay.query, { file: "load.csv", column: "queue", loop: true, speed: 10 }],
    [cloudwatch.query, { ...cpu, stat: "Average", period: "1m" }],
    [cloudwatch.query, { ...cpu, stat: "p99.9", period: "10s", offset: "2m" }],
    [cloudwatch.query, { ...cpu, stat: "p100", period: "1h", region: "eu-west-1" }],
    [cloudwatch.query, { expression: "100 * e / r", using: { e: { ...cpu, stat: "Sum" }, r: cpu } }],
    [rackspaceMonitoring.query, { check: "agent.load_average", metric: "5m", stat: "max" }],
    [
      rackspaceMonitoring.query,
      { check: "chOne", metric: "mzdfw.duration", entity: "enOne", resolution: "5m" },
    ],
    [rackspaceMonitoring.query, { check: "agent.cpu", metric: "usage_average", select: "max", offset: "1m" }],
    [cloudwatch.query, { expression: 'SELECT AVG(CPUUtilization) FROM "AWS/EC2"', period: "5m" }],
  ])("is taken (%#)", (schema, written) => {
    expect(schema.safeParse(written).error).toBeUndefined();
  });

  test.each([
    [cloudwatch.query, { ...cpu, period: "90s" }, "is no period that CloudWatch knows: 90s"],
    [cloudwatch.query, { ...cpu, stat: "average" }, "is no statistic of CloudWatch"],
    [cloudwatch.query, { ...cpu, stat: "p101" }, "is no statistic of CloudWatch"],
    [cloudwatch.query, { metric: "CPUUtilization" }, "namespace is missing"],
    [cloudwatch.query, { ...cpu, expression: "m1 * 2" }, "beside expression"],
    [cloudwatch.query, { ...cpu, using: { a: cpu } }, "using without expression"],
    [cloudwatch.query, { expression: "A", using: { A: cpu } }, "must be letters and digits"],
    [cloudwatch.query, { expression: "a", using: { a: { ...cpu, period: "1m" } } }, "period"],
    [rackspaceMonitoring.query, { metric: "usage_average" }, "check"],
    [rackspaceMonitoring.query, { check: "a", metric: "b", resolution: "1m" }, "resolution"],
    [
      rackspaceMonitoring.query,
      { check: "a", metric: "b", entity: "e", server: "s" },
      "server beside entity",
    ],
    [prometheus.options, {}, "url"],
    [prometheus.options, { url: "prometheus:9090" }, "is no http or https address"],
    [rabbitmq.query, {}, "queue"],
    [constant.query, { value: "many" }, "value"],
    [replay.query, { speed: 0 }, "speed"],
  ])("is refused (%#)", (schema, written, words) => {
    expect(JSON.stringify(schema.safeParse(written).error?.issues)).toContain(words);
  });
});

describe("sources that ask nobody", () => {
  test("constant gives its number, true now, and at every moment of the past", async () => {
    const source = await constant.create({}, createHost({ key: "c", clock: manualClock(7_000) }));
    const queries = [{ params: { value: 4 } }, { params: { value: -1.5 } }];
    expect(await source.read(queries, { deadlineMs: 1_000 })).toEqual([
      { value: 4, observedAtMs: 7_000 },
      { value: -1.5, observedAtMs: 7_000 },
    ]);
    const range = { fromMs: 1_000, toMs: 4_000, stepMs: 1_500 };
    expect((await source.readRange?.(queries, range, { deadlineMs: 1_000 }))?.[0]).toEqual([
      { value: 4, observedAtMs: 1_000 },
      { value: 4, observedAtMs: 2_500 },
    ]);
  });
});
