import { readFile, statfs } from "node:fs/promises";
import { cpus, freemem, loadavg, platform, totalmem } from "node:os";
import { resolve } from "node:path";
import type { Host } from "@bellows/core";
import { defineMetricSource, text, z } from "@bellows/core";
import { type Job, runJobs } from "./batch.js";

const METRICS = [
  "cpuPercent",
  "memoryPercent",
  "memoryAvailableBytes",
  "load1",
  "load5",
  "load15",
  "diskUsedPercent",
] as const;

const options = z.strictObject({});
const query = z.strictObject({
  metric: z.enum(METRICS),
  /** For diskUsedPercent: any path on the file system in question (default: the folder of the config file). */
  path: text().optional(),
});
type Params = z.infer<typeof query>;

/** Two readings of the processor's counters closer than this say little. */
const SHORTEST_SPAN_MS = 200;

/**
 * What the machine is doing that Bellows runs on: `cpuPercent` of all processors together since the read before (of a
 * fifth of a second, at first), `memoryPercent` of what cannot be had, `memoryAvailableBytes`, `load1 load5 load15`,
 * `diskUsedPercent` of the file system under `path` as `df` counts it.
 */
export default defineMetricSource({
  name: "host",
  contract: 1,
  options,
  query,
  create(_options, host: Host) {
    const cpu = createCpuMeter(host);
    const measure = async (params: Params): Promise<number | string> => {
      switch (params.metric) {
        case "cpuPercent":
          return cpu();
        case "memoryPercent":
          return 100 * (1 - (await availableBytes()) / totalmem());
        case "memoryAvailableBytes":
          return availableBytes();
        case "diskUsedPercent":
          return diskUsedPercent(resolve(host.baseFolder, params.path ?? "."));
        default:
          return load(params.metric);
      }
    };
    return {
      read(queries, readOptions) {
        const jobs = queries.map(
          ({ params }, index): Job => ({
            indexes: [index],
            async run(call) {
              const value = await measure(params);
              const told = typeof value === "number" && Number.isFinite(value);
              call.answer(
                index,
                told ? { value, observedAtMs: host.clock.now() } : { unavailable: String(value) },
              );
            },
          }),
        );
        const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));
        return runJobs(queries.length, jobs, {
          host,
          options: readOptions,
          concurrency: Math.max(1, jobs.length),
          reason,
        });
      },
    };
  },
});

interface CpuTimes {
  atMs: number;
  busyMs: number;
  allMs: number;
}

function cpuTimes(host: Host): CpuTimes {
  let busyMs = 0;
  let allMs = 0;
  for (const { times } of cpus()) {
    const all = times.user + times.nice + times.sys + times.irq + times.idle;
    allMs += all;
    busyMs += all - times.idle;
  }
  return { atMs: host.clock.monotonic(), busyMs, allMs };
}

/** Compares readings; those who ask at the same time share one. */
function createCpuMeter(host: Host): () => Promise<number | string> {
  let last: CpuTimes | undefined;
  let lastPercent: number | undefined;
  let measuring: Promise<number | string> | undefined;
  const measure = async (): Promise<number | string> => {
    if (
      last !== undefined &&
      lastPercent !== undefined &&
      host.clock.monotonic() - last.atMs < SHORTEST_SPAN_MS
    )
      return lastPercent;
    const before = last ?? cpuTimes(host);
    const leftMs = SHORTEST_SPAN_MS - (host.clock.monotonic() - before.atMs);
    if (leftMs > 0)
      await new Promise<void>((resolve) => host.clock.after(leftMs, resolve, { keepAlive: true }));
    const now = cpuTimes(host);
    const allMs = now.allMs - before.allMs;
    if (allMs <= 0) return "the system does not count processor time";
    last = now;
    lastPercent = Math.min(100, Math.max(0, (100 * (now.busyMs - before.busyMs)) / allMs));
    return lastPercent;
  };
  return () => {
    measuring ??= measure().finally(() => {
      measuring = undefined;
    });
    return measuring;
  };
}

/** What programs can still have: Linux counts caches that it would give up. */
async function availableBytes(): Promise<number> {
  if (platform() !== "linux") return freemem();
  const kibibytes = /^MemAvailable:\s+(\d+) kB$/m.exec(await readFile("/proc/meminfo", "utf8"))?.[1];
  return kibibytes === undefined ? freemem() : Number(kibibytes) * 1_024;
}

function load(metric: "load1" | "load5" | "load15"): number | string {
  if (platform() === "win32") return "this system has no load average";
  return loadavg()[{ load1: 0, load5: 1, load15: 2 }[metric]] ?? "this system has no load average";
}

async function diskUsedPercent(path: string): Promise<number | string> {
  try {
    const { blocks, bfree, bavail } = await statfs(path);
    const used = blocks - bfree;
    return used + bavail === 0 ? `the file system of ${path} has no size` : (100 * used) / (used + bavail);
  } catch (error) {
    return `${path} cannot be looked at: ${(error as { code?: string }).code ?? "no reason given"}`;
  }
}
