import { Observable } from "rxjs";
import type { Clock } from "../clock.js";
import type { Observation } from "../contracts/group.js";
import type { MetricSource, MetricsDriver, ReadOptions, Sample } from "../contracts/metric.js";
import type { ProviderDrivers } from "../contracts/provider.js";
import type { Answer } from "./gather.js";
import type { Ask, Look, Read } from "./round-plan.js";
import { isGroupBound } from "./round-plan.js";

/**
 * How long a call that went on after it was aborted keeps its source from being called again, in milliseconds. A
 * source that obeys its signal never gets there; one that does not is asked again at most once in this time.
 */
const ABANDONED_MS = 60_000;

/** What asking needs to know; asked at each call, so that a reload counts at once. */
export interface Surroundings {
  clock: Clock;
  drivers: (provider: string) => ProviderDrivers | undefined;
  sources: () => ReadonlyMap<string, MetricSource>;
}

/** Puts asks to drivers and sources; see {@link createAsker}. */
export type Asker = (ask: Ask) => Observable<readonly Answer[]>;

/**
 * The line's reading end. Each returned Observable makes one call when subscribed, emits answers as they come,
 * completes with the call, errors as the call does, and aborts it when unsubscribed. Answers of the wrong kind become
 * `unavailable`; an answer of the wrong length is an error. Reads of one lane follow one another, whoever asks.
 */
export function createAsker(surroundings: Surroundings): Asker {
  const lanes = new Map<string, Underway>();
  const { clock } = surroundings;
  return (ask) =>
    new Observable((subscriber) => {
      const controller = new AbortController();
      const own: Underway = { ended: Promise.resolve() };
      let isOver = false;
      const say = (answers: readonly Answer[]): void => subscriber.next(answers);
      const start = async (): Promise<void> => {
        if (ask.kind === "read") await turn(ask.lane, own, lanes, clock);
        if (!controller.signal.aborted) say(await put(ask, surroundings, controller.signal, say));
      };
      own.ended = start()
        .then(
          () => {
            isOver = true;
            subscriber.complete();
          },
          (error: unknown) => {
            isOver = true;
            subscriber.error(error);
          },
        )
        .finally(() => ask.kind === "read" && lanes.get(ask.lane) === own && lanes.delete(ask.lane));
      return () => {
        // Nothing is left to abort, and an abort that nobody hears costs as much as one that somebody does.
        if (isOver) return;
        own.abandonedMs = clock.monotonic();
        controller.abort();
      };
    });
}

/** A read under way, and since when nobody waits for it any more. */
interface Underway {
  ended: Promise<unknown>;
  abandonedMs?: number;
}

/** Waits for the lane's reads before this one. @throws Error when one of them does not end although it was aborted. */
async function turn(lane: string, own: Underway, lanes: Map<string, Underway>, clock: Clock): Promise<void> {
  for (let before = lanes.get(lane); before !== undefined; before = lanes.get(lane)) {
    const { abandonedMs } = before;
    if (abandonedMs !== undefined) {
      if (clock.monotonic() - abandonedMs < ABANDONED_MS) throw new Error("does not end an earlier read");
      break;
    }
    await before.ended;
  }
  lanes.set(lane, own);
}

async function put(
  ask: Ask,
  { drivers, sources }: Surroundings,
  signal: AbortSignal,
  say: (answers: readonly Answer[]) => void,
): Promise<Answer[]> {
  const provider = drivers(ask.provider);
  if (ask.kind === "look") return look(ask, provider, signal);
  const source = isGroupBound(ask.source) ? provider?.metrics : sources().get(ask.source);
  if (source === undefined) throw new Error(noSource(ask));
  return read(ask, source, { signal, deadlineMs: ask.timeoutMs, ...(provider && { provider }) }, say);
}

function noSource({ source, provider }: Read): string {
  return isGroupBound(source)
    ? `provider ${provider} has no metrics of its own`
    : `there is no source ${source}`;
}

async function look(
  ask: Look,
  provider: ProviderDrivers | undefined,
  signal: AbortSignal,
): Promise<Answer[]> {
  if (!provider?.groups) throw new Error(`provider ${ask.provider} keeps no groups`);
  const answers = (await provider.groups.observe([...ask.refs], { signal })) as readonly unknown[];
  if (!Array.isArray(answers) || answers.length !== ask.refs.length)
    throw wrongLength(answers, ask.refs.length);
  return answers.map((value, position) => ({ position, value: observationOf(value) }));
}

async function read(
  ask: Read,
  source: MetricSource | MetricsDriver,
  options: ReadOptions,
  say: (answers: readonly Answer[]) => void,
): Promise<Answer[]> {
  const onSample = (position: number, value: unknown): void => say([{ position, value: sampleOf(value) }]);
  // The params have passed this source's own schema when the definition was read.
  const anySource = source as MetricSource;
  const answers = (await anySource.read([...ask.queries], { ...options, onSample })) as readonly unknown[];
  if (!Array.isArray(answers) || answers.length !== ask.queries.length)
    throw wrongLength(answers, ask.queries.length);
  return answers.map((value, position) => ({ position, value: sampleOf(value) }));
}

function wrongLength(answers: unknown, asked: number): Error {
  const got = Array.isArray(answers) ? `${answers.length} answers` : `${typeof answers} instead of a list`;
  return new Error(`was asked ${asked} questions and gave ${got}`);
}

/** Takes what a source answered for what it is; a plugin may answer anything. */
export function sampleOf(value: unknown): Sample {
  if (typeof value !== "object" || value === null) return { unavailable: "gave no answer to this query" };
  const sample = value as { value?: unknown; observedAtMs?: unknown; unavailable?: unknown };
  if (typeof sample.unavailable === "string")
    return { unavailable: sample.unavailable || "without a reason" };
  if (typeof sample.value !== "number" || !Number.isFinite(sample.value)) {
    return {
      unavailable: `answered ${typeof sample.value === "number" ? sample.value : typeof sample.value}, which is no number`,
    };
  }
  if (typeof sample.observedAtMs !== "number" || !Number.isFinite(sample.observedAtMs)) {
    return { unavailable: "did not say when its value was observed" };
  }
  return { value: sample.value, observedAtMs: sample.observedAtMs };
}

function observationOf(value: unknown): Observation {
  if (typeof value !== "object" || value === null)
    return { unavailable: "the provider gave no answer for this group" };
  const { status, unavailable } = value as { status?: unknown; unavailable?: unknown };
  if (typeof status === "object" && status !== null && isStatus(status)) return { status };
  return {
    unavailable:
      typeof unavailable === "string" && unavailable !== ""
        ? unavailable
        : "the provider gave no status for this group",
  };
}

/** Only what the line cannot do without; conformance suites check the rest. */
function isStatus(status: object): status is Extract<Observation, { status: unknown }>["status"] {
  const { group, instances } = status as { group?: { desired?: unknown }; instances?: unknown };
  return Number.isInteger(group?.desired) && Array.isArray(instances);
}
