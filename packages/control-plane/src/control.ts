import type { DecisionRecord, Hold, LogEntry, OrderOrigin, Pause, SimpleAdjust } from "@bellows/core";
import type { ResourceChange } from "./resources/change.js";

/** A hand on a group, as people ask for it. */
export interface HoldRequest {
  reason?: string;
  /** Who asks. */
  by?: string;
  /** How long, in milliseconds; absent: until it is taken away. */
  forMs?: number;
}

/** An order as a door takes it; see {@link Control.order}. */
export interface ControlOrder {
  origin: OrderOrigin;
  /** How much; absent: the policy's own. */
  adjust?: SimpleAdjust;
  policy?: string;
  keepMs?: number;
  /** Own cooldown of a policy that the file lacks. */
  policyCooldownMs?: number;
  skipCooldowns?: boolean;
  endKeeps?: boolean;
}

/** What became of an order. */
export interface ControlOrderResult {
  outcome: "executed" | "unchanged" | "cooldown" | "paused" | "observed" | "refused" | "failed";
  record: DecisionRecord;
}

/** A group as `bellows status` shows it. */
export interface GroupReport {
  group: string;
  provider: string;
  mode: "act" | "observe" | "off";
  min?: number;
  max?: number;
  desired?: number;
  inService?: number;
  pending?: number;
  draining?: number;
  /** Why the group could not be read. */
  unavailable?: string;
  /** What the provider says is wrong with it: a crash loop with the last lines of its log. */
  problems?: string[];
  pause?: Pause | Hold;
  pin?: Hold & { to: number };
  keeps?: readonly { floor: number; untilMs: number; policy?: string }[];
  /** The last record of its log. */
  last?: DecisionRecord;
  metrics: readonly { name: string; value?: number; unavailable?: string; ageMs?: number }[];
}

/** What `bellows status` shows. */
export interface StatusReport {
  name: string;
  version: string;
  startedAtMs?: number;
  /** Whether a controller is running rounds. */
  running: boolean;
  ready: boolean;
  files: readonly string[];
  groups: readonly GroupReport[];
  /** Plugins that could not be used, by key: they fail alone. */
  broken: Readonly<Record<string, string>>;
}

/** Which records of a log: newest last, unless `newestFirst`. */
export interface RecordRange {
  fromMs?: number;
  toMs?: number;
  limit?: number;
  afterSeq?: number;
  newestFirst?: boolean;
}

/** What `bellows plan` shows. */
export interface PlanReport {
  resources: readonly ResourceChange[];
  decisions: readonly DecisionRecord[];
  /** Groups of the file that cannot be worked on, and why. The others were planned. */
  unusable: Readonly<Record<string, string>>;
}

/**
 * What can be asked of Bellows about its groups. One implementation works here on the state store, the other speaks
 * to the controller that holds it: commands do not know which one they have.
 */
export interface Control {
  /** @param groups - absent: all. @throws NotFoundError for a group that no file declares. */
  status(groups?: readonly string[]): Promise<StatusReport>;
  records(group: string, range?: RecordRange): AsyncIterable<LogEntry<DecisionRecord>>;
  /** Returned: accepted by the cloud, recorded durably. @throws NotFoundError */
  order(group: string, order: ControlOrder): Promise<ControlOrderResult>;
  /** Bellows's own hands off this group. Returned: durable. */
  pause(group: string, hold: HoldRequest): Promise<void>;
  resume(group: string): Promise<void>;
  pin(group: string, to: number, hold: HoldRequest): Promise<void>;
  unpin(group: string): Promise<void>;
  createToken(name: string, role: "admin" | "observer"): Promise<{ id: string; secret: string }>;
  listTokens(): Promise<{ id: string; name: string; role: string; createdAtMs: number }[]>;
  revokeToken(idOrName: string): Promise<void>;
  /**
   * Calls a driver's method: `invoke("local", "groups.create", [spec])`. Lists come back as arrays.
   * @throws what the driver throws.
   */
  invoke(provider: string, method: string, args: readonly unknown[]): Promise<unknown>;
  /** What `apply` would make or change, and (unless `decide` is false) what the next round would decide. Reads only. */
  plan(groups?: readonly string[], options?: { prune?: boolean; decide?: boolean }): Promise<PlanReport>;
  /** Makes what the file declares. @returns how many things were made, changed or removed. */
  apply(options?: { prune?: boolean }): Promise<number>;
  /** One round, acting. */
  once(groups?: readonly string[]): Promise<readonly DecisionRecord[]>;
  /** Reloads the config. @returns rendered faults; empty when it is in force. */
  reload(): Promise<string[]>;
  close(): Promise<void>;
}
