import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { metricSourceSuite } from "@bellows/conformance";
import { createHost } from "@bellows/core";
import { describe, test } from "vitest";
import constant from "../src/constant.js";
import exposition from "../src/exposition.js";
import hostSource from "../src/host.js";
import http from "../src/http.js";
import replay from "../src/replay.js";

const host = createHost({ key: "proof", baseFolder: import.meta.dirname });
const SECRET = "correct-horse";

/** `/NUMBER` answers it as JSON, `/page` as a page of metrics, `/silent` never; all else is refused. */
const server = createServer((request, response) => {
  const name = request.url?.slice(1) ?? "";
  if (name === "silent") return;
  if (name === "page") return void response.end('jobs{queue="a"} 7\njobs{queue="b"} 8\n');
  if (/^\d+$/.test(name)) return void response.end(`{"queue":{"ready":${name}}}`);
  response.writeHead(401).end(`nobody knows ${request.headers.authorization}`);
});
await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
server.unref();
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const at = (name: string, more = {}) => ({
  params: { url: `${url}/${name}`, select: "queue.ready", ...more },
});

describe("constant", () => {
  const good = [
    { params: { value: 3 }, expect: 3 },
    { params: { value: -0.5 }, expect: -0.5 },
  ];
  metricSourceSuite({ describe, test }, { create: () => constant.create({}, host), good, bad: [] });
});

describe("host", () => {
  const metrics = ["memoryPercent", "load1", "cpuPercent"] as const;
  const good = metrics.map((metric) => ({ params: { metric }, expect: (value: number) => value >= 0 }));
  const bad = [{ params: { metric: "diskUsedPercent" as const, path: "/nowhere" }, why: /nowhere/ }];
  metricSourceSuite({ describe, test }, { create: () => hostSource.create({}, host), good, bad });
});

describe("replay", () => {
  const good = ["up", "down"].map((column) => ({
    params: { file: "fixtures/recording.csv", column, start: "now" as const, hold: true },
    expect: column === "up" ? 1 : 9,
  }));
  const bad = [
    { params: { file: "gone.csv" }, why: /gone\.csv/ },
    { params: { file: "fixtures/recording.csv", column: "x" } },
  ];
  metricSourceSuite({ describe, test }, { create: () => replay.create({}, host), good, bad });
});

describe("http", () => {
  const good = [
    { ...at("12"), expect: 12 },
    { ...at("7"), expect: 7 },
  ];
  const bad = [at("refused", { auth: { bearer: SECRET } }), at("page")];
  const silent = [at("silent")];
  const create = () => http.create({}, host);
  metricSourceSuite(
    { describe, test },
    { create, good, bad, silent, secrets: [SECRET], parts: ["silent servers"] },
  );
});

describe("exposition", () => {
  const page = (queue: string) => ({ params: { url: `${url}/page`, metric: "jobs", labels: { queue } } });
  const good = [
    { ...page("a"), expect: 7 },
    { ...page("b"), expect: 8 },
  ];
  const silent = [{ params: { url: `${url}/silent`, metric: "jobs" } }];
  const create = () => exposition.create({}, host);
  metricSourceSuite(
    { describe, test },
    { create, good, bad: [page("none"), { params: { url: `${url}/12`, metric: "jobs" } }], silent },
  );
});
