import { metricSourceSuite } from "@bellows/conformance";
import { createHost } from "@bellows/core";
import { hasProgram, startPrometheus, waitFor } from "@bellows/testing";
import { afterAll, beforeAll, describe, test } from "vitest";
import prometheus from "../src/prometheus.js";

describe.skipIf(!hasProgram("prometheus", "prometheus"))("prometheus", () => {
  let server: Awaited<ReturnType<typeof startPrometheus>>;
  beforeAll(async () => {
    server = await startPrometheus({ targets: [], scrapeInterval: "500ms" });
    const asked = (): Promise<Response> => fetch(`${server.url}/api/v1/query?query=1`);
    await waitFor(async () => (await asked()).ok, { what: "the first answer" });
  });
  afterAll(async () => server?.stop());

  const create = () => prometheus.create({ url: server.url }, createHost({ key: "prometheus" }));
  const good = [1, 2].map((value) => ({ params: { query: `vector(${value})` }, expect: value }));
  const bad = ["nothing_here", "1 / 0", "sum(", "up[5m]"].map((query) => ({ params: { query } }));
  metricSourceSuite({ describe, test }, { create, good, bad });
});
