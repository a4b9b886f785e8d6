import { type Checks, FALLBACK_CHECK, startChecks } from "./checker.js";
import { type Health, type HealthEvent, isServing, nextHealth } from "./health.js";
import { isSameServer, Member } from "./member.js";
import type { MemberConfig, PoolConfig } from "./schema.js";
import { pick } from "./select.js";
import { type Counters, createCounters } from "./stats.js";

/** Requests that may wait at once for a member; more are answered at once. Bounds memory in an outage. */
const MAX_PARKED = 1_024;

/** Prints one line of news. */
export type Log = (line: string) => void;

/** Members that share one kind of work: who may serve, who waits for them, who is on the way out. */
export class MemberPool {
  readonly counters: Counters = createCounters();
  /** Those in the configuration, in its order. */
  readonly members = new Map<string, Member>();
  /** Those that were taken out and still have work under way. */
  readonly leaving = new Set<Member>();
  #serving: Member[] = [];
  readonly #parked = new Set<() => void>();
  readonly #checks = new Map<Member, Checks>();

  constructor(
    readonly name: string,
    public config: PoolConfig,
    private readonly log: Log,
  ) {
    this.configure(config);
  }

  /** Members that may get work now. */
  get serving(): readonly Member[] {
    return this.#serving;
  }

  /** Requests waiting for a member. */
  get parkedCount(): number {
    return this.#parked.size;
  }

  /** Chooses a member for new work; undefined when all that serve were tried, or none serves. */
  pick(tried: readonly Member[]): Member | undefined {
    return pick(this.config.algorithm, this.#serving, tried);
  }

  /**
   * Waits for a member to serve.
   * @param resume - called once when one does; not called after the returned function was.
   * @returns a function that stops waiting; undefined when too many wait already.
   */
  park(resume: () => void): (() => void) | undefined {
    if (this.#parked.size >= MAX_PARKED || this.config.queueMs === 0) return undefined;
    this.#parked.add(resume);
    return () => this.#parked.delete(resume);
  }

  /** Work begins on a member. */
  claim(member: Member): void {
    member.active += 1;
  }

  /** Work on a member has ended. */
  release(member: Member): void {
    member.active -= 1;
    if (member.active === 0 && member.removed) this.#forget(member);
  }

  /** Traffic found that a member accepts no connection: it is out at once, until a check passes. */
  refused(member: Member, reason: string): void {
    this.#report(member, { type: "refused", reason });
    this.#ensureChecks(member);
    this.#checks.get(member)?.hurry();
  }

  /** Takes over a configuration without touching work under way. Returned means in force. */
  configure(config: PoolConfig): void {
    const checkChanged = JSON.stringify(this.config.healthCheck) !== JSON.stringify(config.healthCheck);
    this.config = config;
    const wanted = new Map(config.members.map((member) => [member.id, member]));
    for (const [id, member] of [...this.members]) {
      const next = wanted.get(id);
      if (next === undefined || !isSameServer(member, next)) this.#remove(id, member);
    }
    const ordered: [string, Member][] = config.members.map((next) => [next.id, this.#adopt(next)]);
    this.members.clear();
    for (const [id, member] of ordered) this.members.set(id, member);
    for (const member of this.members.values()) {
      if (checkChanged) this.#stopChecks(member);
      if (config.healthCheck !== undefined) this.#ensureChecks(member);
    }
    this.#refresh();
  }

  /** Stops checks and waiting, and cuts what is left. */
  close(reason: string): void {
    for (const member of [...this.members.values(), ...this.leaving]) {
      this.#stopChecks(member);
      clearTimeout(member.cutTimer);
      member.cut(reason);
    }
  }

  /** Lets go of all members, giving work under way its `drainMs`: the pool has left the configuration. */
  retire(): void {
    this.configure({ ...this.config, members: [] });
  }

  #adopt(next: MemberConfig): Member {
    const existing = this.members.get(next.id);
    if (existing === undefined) return new Member(next, this.config.healthCheck !== undefined);
    const before = existing.config.state;
    existing.config = next;
    existing.weight = next.weight;
    if (next.state !== before) this.#changeState(existing);
    return existing;
  }

  #changeState(member: Member): void {
    clearTimeout(member.cutTimer);
    member.cutAtMs = undefined;
    if (member.config.state === "draining") this.#drain(member);
    else if (member.config.state === "disabled") member.cut("the member was disabled");
  }

  #drain(member: Member): void {
    member.retire();
    member.cutAtMs = Date.now() + this.config.drainMs;
    member.cutTimer = setTimeout(() => member.cut("the time to drain was over"), this.config.drainMs);
    member.cutTimer.unref();
  }

  #remove(id: string, member: Member): void {
    this.members.delete(id);
    this.#stopChecks(member);
    member.removed = true;
    if (member.active === 0) return this.#forget(member);
    this.leaving.add(member);
    // One that was draining before keeps its deadline.
    if (member.cutAtMs === undefined) this.#drain(member);
  }

  #forget(member: Member): void {
    clearTimeout(member.cutTimer);
    this.leaving.delete(member);
    member.retire();
  }

  #ensureChecks(member: Member): void {
    if (member.removed || this.#checks.has(member)) return;
    const target = () => ({ member: member.config, check: this.config.healthCheck ?? FALLBACK_CHECK });
    this.#checks.set(
      member,
      startChecks(target, (event) => this.#checked(member, event)),
    );
  }

  #stopChecks(member: Member): void {
    this.#checks.get(member)?.stop();
    this.#checks.delete(member);
  }

  #checked(member: Member, event: HealthEvent): Health | undefined {
    this.#report(member, event);
    // Without a configured check, probing serves only to readmit.
    if (this.config.healthCheck !== undefined || !isServing(member.health)) return member.health;
    this.#stopChecks(member);
    return undefined;
  }

  #report(member: Member, event: HealthEvent): void {
    const before = member.health.status;
    member.health = nextHealth(member.health, event, this.config.healthCheck ?? FALLBACK_CHECK);
    const { status, reason } = member.health;
    if (status === before) return;
    this.log(
      `pool ${this.name}: member ${member.config.id} is ${status}${reason === undefined ? "" : `: ${reason}`}`,
    );
    this.#refresh();
  }

  #refresh(): void {
    this.#serving = [...this.members.values()].filter((member) => member.isOpen && isServing(member.health));
    if (this.#serving.length === 0) return;
    const parked = [...this.#parked];
    this.#parked.clear();
    for (const resume of parked) resume();
  }
}
