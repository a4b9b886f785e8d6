import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Host, Sample, TimeRange } from "@bellows/core";
import { ConfigError, defineMetricSource, errorLine, text, z } from "@bellows/core";
import { runJobs } from "./batch.js";
import { type Playing, parseRecording, type Recording, type Track, trackOf, valueAt } from "./replay-rows.js";

const fields = {
  /** CSV with a header, or JSON lines (`.jsonl`, `.ndjson`); relative to the config file. */
  file: text().optional(),
  /** Column that holds the value (default: the first that is not the time). */
  column: text().optional(),
  /** Column that holds the time: ISO 8601, seconds since the epoch, or seconds from the start (default `time`). */
  time: text().optional(),
  /** Begin again after the last row. */
  loop: z.boolean().optional(),
  /** How much faster than the recorded time (default 1). */
  speed: z.number().positive().optional(),
  /**
   * `now`: the first row is true when the source starts. `file`: at the times in the file. Default: `file` where the
   * file has times of the calendar, `now` where it counts from the start.
   */
  start: z.enum(["now", "file"]).optional(),
  /** What holds between two rows (default `previous`). */
  interpolation: z.enum(["previous", "linear"]).optional(),
  /** Before the first and after the last row, answer with it. */
  hold: z.boolean().optional(),
};
const options = z.strictObject(fields);
const query = z.strictObject(fields);
type Params = z.infer<typeof query>;

const MOST_BYTES = 64 * 1_048_576;
const SHOWN_BAD_ROWS = 3;

/**
 * Recorded numbers, played again: for demonstrations, tests and simulations. What a metric says is laid over what its
 * source says. A file that changes is read again, and rows that cannot be read are named in the log and left out.
 */
export default defineMetricSource({
  name: "replay",
  contract: 1,
  options,
  query,
  create(settings: Params, host: Host) {
    const startMs = host.clock.now();
    const load = createLoader(host);
    const play = async (params: Params, moments: readonly number[]): Promise<Sample[]> => {
      const all = { ...settings, ...params };
      const track = await load(all);
      return moments.map((nowMs) => sampleAt(track, all, startMs, nowMs));
    };
    return {
      read(queries, readOptions) {
        const nowMs = host.clock.now();
        const jobs = queries.map(({ params }, index) => ({
          indexes: [index],
          run: async (call: { answer(index: number, sample: Sample): void }) => {
            const [sample] = await play(params, [nowMs]);
            if (sample !== undefined) call.answer(index, sample);
          },
        }));
        return runJobs(queries.length, jobs, {
          host,
          options: readOptions,
          concurrency: Math.max(1, jobs.length),
          reason: errorLine,
        });
      },
      readRange(queries, range) {
        const moments = momentsOf(range);
        return Promise.all(
          queries.map(async ({ params }) => {
            try {
              return (await play(params, moments)).filter((sample) => "value" in sample);
            } catch (error) {
              return [{ unavailable: errorLine(error) }];
            }
          }),
        );
      },
    };
  },
});

function momentsOf({ fromMs, toMs, stepMs }: TimeRange): number[] {
  return Array.from(
    { length: Math.max(0, Math.ceil((toMs - fromMs) / stepMs)) },
    (_, step) => fromMs + step * stepMs,
  );
}

function sampleAt(track: Track, params: Params, startMs: number, nowMs: number): Sample {
  const firstMs = track.points[0]?.atMs ?? 0;
  // Seconds from the start mean from the source's start, whatever `start` says.
  const fromMs = track.relative || params.start === "now" ? startMs : firstMs;
  const atMs = (track.relative ? 0 : firstMs) + (nowMs - fromMs) * (params.speed ?? 1);
  const playing: Playing = {
    loop: params.loop ?? false,
    hold: params.hold ?? false,
    interpolation: params.interpolation ?? "previous",
  };
  const value = valueAt(track, atMs, playing);
  return typeof value === "string" ? { unavailable: value } : { value, observedAtMs: nowMs };
}

type Loader = (params: Params) => Promise<Track>;

interface Loaded {
  stamp: string;
  recording: Recording;
  tracks: Map<string, Track>;
}

/** Keeps what it has read until the file is another. */
function createLoader(host: Host): Loader {
  const files = new Map<string, Loaded>();
  const loading = new Map<string, Promise<Loaded>>();
  // Metrics of one read that share a file share one look at it.
  const loadOnce = (path: string, file: string): Promise<Loaded> => {
    const shared =
      loading.get(path) ?? loadFile(path, file, files.get(path)).finally(() => loading.delete(path));
    loading.set(path, shared);
    return shared;
  };
  return async ({ file, time = "time", column }) => {
    if (file === undefined)
      throw new ConfigError("no file to replay", { hint: "give the metric or its source a file" });
    const path = resolve(host.baseFolder, file);
    const loaded = await loadOnce(path, file);
    files.set(path, loaded);
    const key = JSON.stringify([time, column]);
    let track = loaded.tracks.get(key);
    if (track === undefined) {
      track = about(file, () => trackOf(loaded.recording, time, column));
      loaded.tracks.set(key, track);
      if (track.bad.length > 0) {
        const rows = track.bad.slice(0, SHOWN_BAD_ROWS).join("; ");
        host.logger.warn(
          { file, bad: track.bad.length },
          `${file}: left out ${track.bad.length} rows (${rows})`,
        );
      }
    }
    if (track.points.length === 0 && track.bad.length > 0)
      throw new ConfigError(`${file}: no row can be read (${track.bad[0]})`);
    return track;
  };
}

async function loadFile(path: string, file: string, before: Loaded | undefined): Promise<Loaded> {
  let stamp: string;
  let content: string;
  try {
    const { size, mtimeMs, ino } = await stat(path);
    stamp = `${ino} ${size} ${mtimeMs}`;
    if (before?.stamp === stamp) return before;
    if (size > MOST_BYTES) throw new ConfigError(`${file} is larger than ${MOST_BYTES} bytes`);
    content = await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(
      `${path} cannot be read: ${(error as { code?: string }).code ?? "no reason given"}`,
      { cause: error },
    );
  }
  const format = /\.(jsonl|ndjson|json)$/i.test(file) ? "jsonl" : "csv";
  return { stamp, recording: about(file, () => parseRecording(content, format)), tracks: new Map() };
}

/** Puts the file's name before what is wrong in it. */
function about<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(`${file}: ${error.message}`, error.hint === undefined ? {} : { hint: error.hint });
  }
}
