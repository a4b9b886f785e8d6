import {
  AlreadyExistsError,
  type CallOptions,
  type Host,
  type LoadBalancer,
  type Member,
  type Metadata,
  type NewMember,
} from "@bellows/core";
import type { BalancerType } from "./balancer-native.js";
import type { Wanted } from "./balancer-wanted.js";
import type { Aws, Call } from "./client.js";
import { withNote } from "./making.js";

/** What everything about balancers works with. */
export interface BalancerContext {
  aws: Aws;
  host: Host;
  /** Which API a name was found in before, so that the other one need not be asked again. */
  seen: Map<string, "classic" | "v2">;
}

/** A balancer that is there, whatever API it belongs to. */
export interface OpenBalancer {
  readonly name: string;
  readonly id: string;
  readonly type: BalancerType;
  /** Its listeners and the names of its pools, for a patch to be read against. */
  outline(call: Call): Promise<LoadBalancer>;
  /** All of it, with its members and their health. */
  show(call: Call): Promise<LoadBalancer>;
  /** In what it differs from what is wanted, in the contract's words. */
  differences(wanted: Wanted, call: Call): Promise<string[]>;
  /** Makes it as is wanted; only what differs is called. @throws UnsupportedError for what cannot be changed. */
  change(wanted: Wanted, call: Call): Promise<void>;
  remove(call: Call): Promise<void>;
  /** @param pool - name of the pool; not needed where there is one. @throws ConfigError when there is no telling. */
  members(call: Call, pool: string | undefined): Promise<Member[]>;
  /** Adds members; those that are there stay as they are. @returns their ids. */
  register(members: readonly NewMember[], call: Call, pool: string | undefined): Promise<string[]>;
  /** Removes those of these members that are there. */
  deregister(ids: readonly string[], call: Call, pool: string | undefined): Promise<void>;
  /** How long a member that goes is drained for, in milliseconds; 0: not at all. */
  drainMs(call: Call, pool: string | undefined): Promise<number>;
  /** @returns the zones afterwards. */
  enableZones(zones: readonly string[], call: Call): Promise<string[]>;
  /** @returns the zones afterwards. @throws ConfigError when none would be left. */
  disableZones(zones: readonly string[], call: Call): Promise<string[]>;
  setMetadata(metadata: Metadata, call: Call): Promise<void>;
}

/** A call about one balancer. */
export function balancerCall(method: string, resource: string | undefined, options: CallOptions = {}): Call {
  return { operation: `loadBalancers.${method}`, resource, signal: options.signal };
}

/** @throws AlreadyExistsError that says in what it differs. */
export async function requireEqual(there: OpenBalancer, wanted: Wanted, call: Call): Promise<void> {
  const words = there.type === wanted.type ? await there.differences(wanted, call) : ["type"];
  if (words.length === 0) return;
  throw new AlreadyExistsError(
    `there is a load balancer ${wanted.name} already, and it differs in ${words.join(", ")}`,
    { operation: call.operation, resource: wanted.name, hint: "update it, or choose another name" },
  );
}

/** One step of a change: what it is about, in the contract's words, and the call. */
export type Step = readonly [word: string, run: () => Promise<unknown>];

/** Takes steps in order. @throws what a step throws, with the names of those before it. */
export async function takeSteps(steps: readonly Step[]): Promise<void> {
  const done: string[] = [];
  for (const [word, run] of steps) {
    try {
      await run();
    } catch (error) {
      throw done.length === 0 ? error : withNote(error, `changed before that: ${done.join(", ")}`);
    }
    if (!done.includes(word)) done.push(word);
  }
}
