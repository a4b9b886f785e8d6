import type { Observation } from "../contracts/group.js";
import type { Sample } from "../contracts/metric.js";
import type { ScalingSpec } from "../contracts/scaling.js";
import { formatDuration } from "../duration.js";
import type { DueGroup, RoundPlan } from "./round-plan.js";

/** One part of the answer to an ask. */
export interface Answer {
  position: number;
  value: Value;
}

/** A group whose inputs have all answered or expired. */
export interface ReadyGroup {
  name: string;
  /** The definition that its round was planned by. */
  spec: ScalingSpec;
  /** Drawn before its inputs were asked for. */
  ticket: number;
  observation: Observation;
  /** In the order of the group's metrics. */
  samples: Sample[];
}

/** Collects the answers of one round and hands over each group as soon as nothing of its own is open. */
export interface Gather {
  /** Takes answers to one ask; an answer that is there already stays. @returns groups that are ready by it. */
  take(ask: number, answers: readonly Answer[]): ReadyGroup[];
  /** Answers all that is still open of an ask with the reason. */
  close(ask: number, reason: string): ReadyGroup[];
  /** Lets inputs whose time is `timeoutMs` expire for the groups that still wait for them. */
  expire(timeoutMs: number): ReadyGroup[];
  /** True when every group was handed over. */
  done(): boolean;
}

/** Bookkeeping of one round; see {@link Gather}. Nothing in it takes time or asks anybody. */
export function createGather(plan: RoundPlan): Gather {
  const given = plan.waiting.map((positions) => new Array<boolean>(positions.length).fill(false));
  const inputs = plan.groups.map(({ inputs }) => new Array<Value | undefined>(inputs.length).fill(undefined));
  const open = plan.groups.map(({ inputs }) => inputs.length);
  let left = plan.groups.length;

  const give = (index: number, at: number, value: Value, ready: ReadyGroup[]): void => {
    const group = plan.groups[index];
    const own = inputs[index];
    if (group === undefined || own === undefined || own[at] !== undefined) return;
    own[at] = value;
    const still = (open[index] ?? 1) - 1;
    open[index] = still;
    if (still > 0) return;
    left -= 1;
    ready.push(readyGroup(plan.ticket, group, own));
  };

  const take = (ask: number, answers: readonly Answer[]): ReadyGroup[] => {
    const ready: ReadyGroup[] = [];
    const known = given[ask] ?? [];
    const waiting = plan.waiting[ask] ?? [];
    for (const { position, value } of answers) {
      if (known[position] !== false) continue;
      known[position] = true;
      const pairs = waiting[position] ?? [];
      for (let i = 0; i < pairs.length; i += 2) give(pairs[i] ?? -1, pairs[i + 1] ?? -1, value, ready);
    }
    return ready;
  };

  return {
    take,
    close(ask, reason) {
      const missing: Answer[] = [];
      for (const [position, isGiven] of (given[ask] ?? []).entries()) {
        if (!isGiven) missing.push({ position, value: { unavailable: reason } });
      }
      return take(ask, missing);
    },
    expire(timeoutMs) {
      const ready: ReadyGroup[] = [];
      if (left === 0) return ready;
      const late = { unavailable: `did not answer within ${formatDuration(timeoutMs)}` };
      for (const [index, group] of plan.groups.entries()) {
        if (!open[index]) continue;
        for (const [at, input] of group.inputs.entries())
          if (input.timeoutMs === timeoutMs) give(index, at, late, ready);
      }
      return ready;
    },
    done: () => left === 0,
  };
}

type Value = Observation | Sample;

/** The first input is the look at the group, the others are its metrics; see `DueGroup`. */
function readyGroup(ticket: number, group: DueGroup, values: readonly (Value | undefined)[]): ReadyGroup {
  const [observation, ...samples] = values as [Observation, ...Sample[]];
  return { name: group.name, spec: group.spec, ticket, observation, samples };
}
