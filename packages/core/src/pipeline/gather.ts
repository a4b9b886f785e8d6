import type { Observation } from "../contracts/group.js";
import type { Sample } from "../contracts/metric.js";
import type { ScalingSpec } from "../contracts/scaling.js";
import { formatDuration } from "../duration.js";
import type { DueGroup, RoundPlan } from "./round-plan.js";

/** One part of the answer to an ask. */
export interface Answer {
  position: number;
  value: Observation | Sample;
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
  const answers = plan.asks.map((ask) =>
    new Array<Observation | Sample | undefined>(
      ask.kind === "look" ? ask.refs.length : ask.queries.length,
    ).fill(undefined),
  );
  const waiting = plan.asks.map(() => new Map<number, number[]>());
  const inputs = plan.groups.map(({ inputs }) =>
    new Array<Observation | Sample | undefined>(inputs.length).fill(undefined),
  );
  const open = plan.groups.map(({ inputs }) => inputs.length);
  let left = plan.groups.length;
  for (const [index, group] of plan.groups.entries()) {
    for (const { ask, position } of group.inputs) {
      const list = waiting[ask]?.get(position);
      if (list) list.push(index);
      else waiting[ask]?.set(position, [index]);
    }
  }

  const fill = (index: number, group: DueGroup, ready: ReadyGroup[], matches: Matcher): void => {
    const own = inputs[index] ?? [];
    for (const [at, input] of group.inputs.entries()) {
      if (own[at] !== undefined) continue;
      const value = matches(input);
      if (value === undefined) continue;
      own[at] = value;
      open[index] = (open[index] ?? 1) - 1;
      if (open[index] === 0) {
        left -= 1;
        ready.push(readyGroup(plan.ticket, group, own));
      }
    }
  };

  const take = (ask: number, given: readonly Answer[]): ReadyGroup[] => {
    const ready: ReadyGroup[] = [];
    for (const { position, value } of given) {
      const known = answers[ask];
      if (known === undefined || position >= known.length || known[position] !== undefined) continue;
      known[position] = value;
      for (const index of waiting[ask]?.get(position) ?? []) {
        const group = plan.groups[index];
        if (group && open[index])
          fill(index, group, ready, (input) =>
            input.ask === ask && input.position === position ? value : undefined,
          );
      }
    }
    return ready;
  };

  return {
    take,
    close(ask, reason) {
      const known = answers[ask] ?? [];
      const missing: Answer[] = [];
      for (const [position, value] of known.entries())
        if (value === undefined) missing.push({ position, value: { unavailable: reason } });
      return take(ask, missing);
    },
    expire(timeoutMs) {
      const ready: ReadyGroup[] = [];
      if (left === 0) return ready;
      const late = { unavailable: `did not answer within ${formatDuration(timeoutMs)}` };
      for (const [index, group] of plan.groups.entries()) {
        if (open[index])
          fill(index, group, ready, (input) => (input.timeoutMs === timeoutMs ? late : undefined));
      }
      return ready;
    },
    done: () => left === 0,
  };
}

type Matcher = (input: DueGroup["inputs"][number]) => Observation | Sample | undefined;

/** The first input is the look at the group, the others are its metrics; see `DueGroup`. */
function readyGroup(
  ticket: number,
  group: DueGroup,
  values: readonly (Observation | Sample | undefined)[],
): ReadyGroup {
  const [observation, ...samples] = values as [Observation, ...Sample[]];
  return { name: group.name, spec: group.spec, ticket, observation, samples };
}
