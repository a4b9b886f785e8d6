import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hasPython, pythonWith } from "@bellows/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AutoscaleBench, type Client, clientOf, createAutoscaleBench } from "./autoscale-fixture.js";

const MEMORY = fileURLToPath(new URL("fixtures/memory-provider.mjs", import.meta.url));

/** How long one run of the fuzzer may take, in seconds. */
const BUDGET_S = Number(process.env.FUZZ_SECONDS ?? 10);

/** What an answer is held to. */
const CHECKS = [
  "not_a_server_error",
  "status_code_conformance",
  "content_type_conformance",
  "response_headers_conformance",
  "response_schema_conformance",
  "negative_data_rejection",
  "unsupported_method",
  "allow_header_conformance",
  "ignored_auth",
  "use_after_free",
];

let bench: AutoscaleBench;
let alice: Client;
beforeAll(async () => {
  bench = await createAutoscaleBench();
  bench.write(`
version: 1
name: fuzzed
every: 1s
providers: { memory: { use: ${MEMORY} } }
server:
  listen: "${new URL(bench.url).host}"
  users: { alice: { apiKey: alices-key, role: admin } }
`);
  const much = 10_000_000;
  const daemon = await bench.start({
    httpLimits: {
      requestsPerMinute: much,
      callsPerMinute: much,
      signInsPerMinute: much,
      webhooksPerMinute: much,
    },
  });
  // A token that Identity cannot revoke, however it is asked.
  const { secret } = await daemon.control.createToken("fuzzer", "admin");
  alice = clientOf(`${bench.url}/v1.0/memory`, secret);
});
afterAll(() => bench?.end());

describe.skipIf(!hasPython())("schemathesis, with the document that is served", () => {
  test("finds no 500 and no answer against the document, whatever it makes up", async () => {
    expect(await fuzz({ tenant: "memory" })).toEqual({ code: 0, failures: "" });
  }, 400_000);

  test("nor with a group, a policy and a webhook that are there", async () => {
    const { id: group, scalingPolicies } = await alice.make("fuzzed", {
      policies: [{ name: "up", type: "webhook", cooldown: 0, change: 1 }],
    });
    const policy = scalingPolicies[0]?.id ?? "";
    const { webhooks } = (
      await alice.ask("POST", `/groups/${group}/policies/${policy}/webhooks`, [{ name: "w" }])
    ).json;
    const there = { tenant: "memory", group, policy, webhook: webhooks[0]?.id ?? "" };
    expect(await fuzz(there, "--exclude-method", "DELETE")).toEqual({ code: 0, failures: "" });
  }, 400_000);
});

/** Runs it on all of the API. @param parameters - of paths: always these values. */
async function fuzz(parameters: Record<string, string>, ...more: string[]) {
  const config = join(bench.folder, "schemathesis.toml");
  const lines = Object.entries(parameters).map(
    ([name, value]) => `"path.${name}" = ${JSON.stringify(value)}`,
  );
  // Servers are not listed: that is what 501 says, where the document has it.
  const expected = '[checks.not_a_server_error]\nexpected-statuses = ["2xx", "3xx", "4xx", "501"]\n';
  writeFileSync(config, ["[parameters]", ...lines, expected].join("\n"));
  const args = [
    "--config-file",
    config,
    "run",
    `${bench.url}/openapi.json`,
    "--include-path-regex",
    "^/v[12]\\.0/",
    "--header",
    `X-Auth-Token: ${alice.token}`,
    "--checks",
    CHECKS.join(","),
    "--phases",
    "coverage,fuzzing,stateful",
    "--max-time",
    String(BUDGET_S),
    "--seed",
    process.env.FUZZ_SEED ?? "1",
    "--no-color",
    "--warnings",
    "off",
    ...more,
  ];
  return new Promise((resolve) => {
    execFile(
      join(pythonWith("schemathesis"), "schemathesis"),
      args,
      // It remembers what it found in the folder where it runs.
      { maxBuffer: 1e8, cwd: bench.folder },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : (error.code ?? 1);
        resolve({ code, failures: code === 0 ? "" : stdout + stderr });
      },
    );
  });
}
