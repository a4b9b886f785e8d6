import type { GroupMetricParams, LaunchConfiguration, Sample } from "@bellows/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Bench, Connected } from "./harness.js";
import { createBench, specOf, until, web } from "./harness.js";

let bench: Bench;
beforeEach(() => {
  bench = createBench();
});
afterEach(() => bench.clear());

const inGroup = { labels: { "bellows:group": "web" } };
const busy = { command: process.execPath, args: ["-e", "for (;;);"], local: { ready: "none" } };
const idle = { command: "sleep", args: ["600"], local: { ready: "none" } };

async function ask(local: Connected, params: GroupMetricParams, group = "web"): Promise<Sample> {
  const [sample] = await local.metrics.read([{ params, group }], { deadlineMs: 5_000 });
  return sample as Sample;
}

const valueIn = (sample: Sample): number => ("value" in sample ? sample.value : Number.NaN);

async function makeActive(local: Connected, launch: LaunchConfiguration): Promise<string> {
  const { id } = await local.servers.create(specOf({ ...inGroup, launch }));
  await until(
    () => local.servers.get(id),
    (server) => server.status === "active",
  );
  return id;
}

describe("processor and memory", () => {
  it("show a busy instance beside an idle one, each and together", async () => {
    const local = await bench.open();
    await makeActive(local, busy);
    await makeActive(local, idle);
    // Three looks at three moments: how busy it is in each depends on who else wants the processor.
    await until(
      async () => {
        const [most, mean, least] = [
          await ask(local, { metric: "cpuPercent", stat: "max" }),
          await ask(local, { metric: "cpuPercent" }),
          await ask(local, { metric: "cpuPercent", stat: "min" }),
        ].map(valueIn);
        return { most, mean, least };
      },
      ({ most = 0, mean = 0, least = 0 }) => most > 20 && least < 10 && mean > least && mean < most,
    );
    expect(valueIn(await ask(local, { metric: "memoryBytes" }))).toBeGreaterThan(10_000_000);
    expect(valueIn(await ask(local, { metric: "memoryPercent" }))).toBeGreaterThan(0);
  });

  // The shell itself does nothing: whatever is counted is what it has started, also where others want the processor too.
  it("count what an instance has started as its own", async () => {
    const local = await bench.open();
    const script = `"$0" -e "for (;;);" & wait`;
    await makeActive(local, {
      command: "sh",
      args: ["-c", script, process.execPath],
      local: { ready: "none" },
    });
    await until(
      () => ask(local, { metric: "cpuPercent" }),
      (sample) => valueIn(sample) > 5,
    );
  });

  it("are unavailable, with the reason, where no instance is in service", async () => {
    const local = await bench.open();
    expect(await ask(local, { metric: "cpuPercent" })).toEqual({ unavailable: "no instance in service" });
    expect(await ask(local, { metric: "memoryBytes" }, "other")).toEqual({
      unavailable: "no instance in service",
    });
  });
});

describe("requests", () => {
  it("are counted by the balancer, with their rate, errors and latency", async () => {
    const local = await bench.open();
    const id = await makeActive(local, web);
    const balancer = await local.loadBalancers.create({
      name: "front",
      listeners: [{ port: 0, protocol: "http" }],
    });
    expect(await ask(local, { metric: "requestCount" })).toEqual({
      unavailable: "no load balancer has an instance of it",
    });
    await local.loadBalancers.register("front", [id]);
    const url = `http://${balancer.addresses[0]}`;
    for (let count = 0; count < 6; count++) await (await fetch(url)).text();
    for (let count = 0; count < 2; count++) await (await fetch(`${url}/fail`)).text();
    expect(await ask(local, { metric: "requestCount" })).toMatchObject({ value: 8 });
    expect(await ask(local, { metric: "errorRate" })).toMatchObject({ value: 0.25 });
    expect(valueIn(await ask(local, { metric: "requestRate" }))).toBeCloseTo(8 / 60);
    expect(valueIn(await ask(local, { metric: "latencyMs" }))).toBeGreaterThan(0);
    const slow = fetch(`${url}/slow?ms=600`);
    await until(
      () => ask(local, { metric: "activeRequests" }),
      (sample) => valueIn(sample) === 1,
    );
    await slow;
  });

  it("are none for a group without instances, and their latency is unavailable", async () => {
    const local = await bench.open();
    expect(await ask(local, { metric: "requestCount" })).toMatchObject({ value: 0 });
    expect(await ask(local, { metric: "activeRequests" })).toMatchObject({ value: 0 });
    expect(await ask(local, { metric: "latencyMs" })).toEqual({ unavailable: "no instance in service" });
  });
});

describe("a query that cannot be answered", () => {
  it("says why and leaves the others alone", async () => {
    const local = await bench.open();
    const seen: number[] = [];
    const samples = await local.metrics.read(
      [
        { params: { metric: "happiness" }, group: "web" },
        { params: { metric: "requestCount" }, group: "web" },
        { params: { metric: "cpuPercent" } },
      ],
      { deadlineMs: 5_000, onSample: (index) => seen.push(index) },
    );
    expect(samples[0]).toMatchObject({
      unavailable: expect.stringContaining('"happiness" is not measured here'),
    });
    expect(samples[1]).toMatchObject({ value: 0 });
    expect(samples[2]).toMatchObject({ unavailable: expect.stringContaining("none is named") });
    expect(seen).toEqual([0, 1, 2]);
  });
});

describe("diagnose", () => {
  it("finds a machine that will do", async () => {
    const local = await bench.open();
    const findings = await local.diagnose();
    expect(findings.filter(({ level }) => level === "error")).toEqual([]);
    expect(findings.map(({ text }) => text).join("\n")).toContain(bench.stateDir);
  });
});
