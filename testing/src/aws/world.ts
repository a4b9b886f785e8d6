/**
 * A region of the stand-in, and its time.
 *
 * Note [Time]: nothing runs by itself. What is due is done when a request comes in or the test advances the clock, in
 * the order of its times, and with the clock standing at each. So a test sees what happens in an hour without waiting.
 */
import type { Input } from "./input.js";
import { createState, type RegionState } from "./state.js";
import type { Answer } from "./wire.js";

/** How the stand-in behaves; every span is in milliseconds and 0 by default. */
export interface StandInBehaviour {
  /** From the launch of an instance until it is in service. */
  launchMs: number;
  /** From the termination of an instance until it is gone. */
  terminateMs: number;
  /** How old what is read may be: reads show the state as it was that long ago. */
  lagMs: number;
  /** Distance of two looks at instances' health, alarms and schedules (default 10,000). */
  tickMs: number;
}

/** Account of everything. */
export const ACCOUNT = "123456789012";

/** One region. */
export interface World {
  readonly region: string;
  readonly state: RegionState;
  readonly behaviour: StandInBehaviour;
  /** The time now, or that of what is being done. */
  now(): number;
  /** Has something done later. */
  after(ms: number, run: () => void): void;
  /** A new id: `id("i")` is `i-0000…01`, unique in all regions. */
  id(prefix: string): string;
  /** A new UUID. */
  uuid(): string;
  /** ARN of a thing of this account. */
  arn(service: string, rest: string): string;
}

/** What a service does for one action. */
export type Handler = (world: World, input: Input) => Answer;
/** What a service does, by action. */
export type Handlers = Readonly<Record<string, Handler>>;

/** A region that can be moved through time. */
export interface MovingWorld extends World {
  /** Does all that is due. */
  run(): void;
  /** The region as readers see it. */
  seen(): World;
}

/** Ids of all regions come from one counter. */
export interface Ids {
  last: number;
}

/** Makes a region. @param clock - milliseconds since the epoch; the latest time that `run` goes to. */
export function createWorld(
  region: string,
  behaviour: StandInBehaviour,
  ids: Ids,
  clock: () => number,
): MovingWorld {
  const state = createState();
  const due: { atMs: number; run: () => void }[] = [];
  const pictures: { atMs: number; state: RegionState }[] = [];
  let nowMs = clock();
  const world: World = {
    region,
    state,
    behaviour,
    now: () => nowMs,
    after(ms, run) {
      const atMs = nowMs + ms;
      const index = due.findIndex((one) => one.atMs > atMs);
      due.splice(index === -1 ? due.length : index, 0, { atMs, run });
    },
    id: (prefix) => `${prefix}-${(++ids.last).toString(16).padStart(17, "0")}`,
    uuid: () => `${(++ids.last).toString(16).padStart(8, "0")}-0000-4000-8000-000000000000`,
    arn: (service, rest) => `arn:aws:${service}:${region}:${ACCOUNT}:${rest}`,
  };
  const takePicture = (): void => {
    if (behaviour.lagMs > 0) pictures.push({ atMs: nowMs, state: structuredClone(state) });
  };
  const run = (): void => {
    const endMs = clock();
    for (let next = due[0]; next !== undefined && next.atMs <= endMs; next = due[0]) {
      due.shift();
      nowMs = Math.max(nowMs, next.atMs);
      next.run();
      takePicture();
    }
    nowMs = Math.max(nowMs, endMs);
    takePicture();
  };
  const seen = (): World => {
    if (behaviour.lagMs === 0) return world;
    const isOld = ({ atMs }: { atMs: number }): boolean => atMs <= nowMs - behaviour.lagMs;
    while (pictures[1] !== undefined && isOld(pictures[1])) pictures.shift();
    return { ...world, state: pictures[0]?.state ?? state };
  };
  takePicture();
  return { ...world, run, seen };
}
