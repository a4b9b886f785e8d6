import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assertRunning, startChild } from "./child.js";
import { findProgram, freePort, waitFor } from "./programs.js";

/** A server that runs for a test, in a folder of its own that goes with it. */
export interface TestServer {
  /** Where it answers, such as `http://127.0.0.1:41234`. */
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** What a Prometheus is started with. */
export interface PrometheusOptions {
  /** `host:port` of what it scrapes at `/metrics`, under the job `test`. */
  targets: readonly string[];
  /** Time between two scrapes, as Prometheus writes it (default `1s`). */
  scrapeInterval?: string;
}

/**
 * Starts Debian's Prometheus on a free loopback port. "Returned" means that it answers; the first scrape comes some
 * five seconds later, whatever the interval is.
 * @throws Error when it is not installed or does not come up, with its log.
 */
export async function startPrometheus(options: PrometheusOptions): Promise<TestServer> {
  const program = findProgram("prometheus");
  if (program === undefined) throw new Error("prometheus is not installed");
  const folder = await mkdtemp(join(tmpdir(), "bellows-prometheus-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const interval = options.scrapeInterval ?? "1s";
  const config = {
    global: { scrape_interval: interval, scrape_timeout: interval },
    scrape_configs: [{ job_name: "test", static_configs: [{ targets: options.targets }] }],
  };
  // JSON is YAML.
  await writeFile(join(folder, "prometheus.yml"), JSON.stringify(config));
  const child = startChild(program, [
    `--config.file=${join(folder, "prometheus.yml")}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]);
  const stop = async (): Promise<void> => {
    await child.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await waitFor(
      async () => {
        assertRunning(child, "prometheus");
        return (await fetch(`${url}/-/ready`)).ok;
      },
      { what: "prometheus" },
    );
  } catch (error) {
    await stop();
    throw new Error(`prometheus does not come up:\n${child.output()}`, { cause: error });
  }
  return { url, pid: child.process.pid ?? 0, stop };
}
