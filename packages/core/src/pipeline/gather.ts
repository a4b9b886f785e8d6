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
  const asked = plan.waiting.map(({ length }) => ({
    isGiven: new Array<boolean>(length).fill(false),
    left: length,
  }));
  const gathered = plan.groups.map((group) => new Gathering(group));
  let left = plan.groups.length;

  const give = (index: number, at: number, value: Value, ready: ReadyGroup[]): void => {
    const group = gathered[index];
    if (group === undefined || !group.give(at, value) || group.open > 0) return;
    left -= 1;
    ready.push(group.ready(plan.ticket));
  };

  const take = (ask: number, answers: readonly Answer[]): ReadyGroup[] => {
    const ready: ReadyGroup[] = [];
    const known = asked[ask];
    const waiting = plan.waiting[ask] ?? [];
    for (const { position, value } of answers) {
      if (known?.isGiven[position] !== false) continue;
      known.isGiven[position] = true;
      known.left -= 1;
      const pairs = waiting[position] ?? [];
      for (let i = 0; i < pairs.length; i += 2) give(pairs[i] ?? -1, pairs[i + 1] ?? -1, value, ready);
    }
    return ready;
  };

  return {
    take,
    close(ask, reason) {
      const missing: Answer[] = [];
      const known = asked[ask];
      if (known === undefined || known.left === 0) return [];
      for (const [position, isGiven] of known.isGiven.entries()) {
        if (!isGiven) missing.push({ position, value: { unavailable: reason } });
      }
      return take(ask, missing);
    },
    expire(timeoutMs) {
      const ready: ReadyGroup[] = [];
      if (left === 0) return ready;
      const late = { unavailable: `did not answer within ${formatDuration(timeoutMs)}` };
      for (const [index, { group, open }] of gathered.entries()) {
        if (open === 0) continue;
        for (const [at, input] of group.inputs.entries())
          if (input.timeoutMs === timeoutMs) give(index, at, late, ready);
      }
      return ready;
    },
    done: () => left === 0,
  };
}

type Value = Observation | Sample;

/** What has come of one group's inputs. The first is the look at it, the others are its metrics; see `DueGroup`. */
class Gathering {
  open: number;
  #observation: Observation | undefined;
  readonly #samples: Sample[];

  constructor(readonly group: DueGroup) {
    this.open = group.inputs.length;
    this.#samples = new Array<Sample>(this.open - 1);
  }

  /** @returns false if the input is there already. */
  give(at: number, value: Value): boolean {
    if ((at === 0 ? this.#observation : this.#samples[at - 1]) !== undefined) return false;
    if (at === 0) this.#observation = value as Observation;
    else this.#samples[at - 1] = value as Sample;
    this.open -= 1;
    return true;
  }

  /** To be asked for when nothing is open any more. */
  ready(ticket: number): ReadyGroup {
    const { name, spec } = this.group;
    return { name, spec, ticket, observation: this.#observation as Observation, samples: this.#samples };
  }
}
