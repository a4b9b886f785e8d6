/** The fault catalogue: what can go wrong with servers and balancers, and what the plan makes of it. */
import { describe, expect, it } from "vitest";
import type { Member } from "../contracts/load-balancer.js";
import type { Server } from "../contracts/server.js";
import type { GroupDefinition, GroupMemory } from "./documents.js";
import { emptyGroupMemory } from "./documents.js";
import type { BalancerView, ConvergenceSettings, ConvergenceStep } from "./draft.js";
import { LABELS } from "./labels.js";
import type { ConvergencePlan } from "./plan.js";
import { planConvergence } from "./plan.js";

const NOW_MS = 1_700_000_000_000;
const HOUR_MS = 3_600_000;
const SETTINGS: ConvergenceSettings = {
  readAfterWriteMs: 5_000,
  buildTimeoutMs: 600_000,
  readyTimeoutMs: 600_000,
  unhealthyGraceMs: 30_000,
  stableAfterMs: 60_000,
  createsPerPass: 10,
  redeleteMs: 60_000,
  scaleIn: "oldest",
};

const WEB: GroupDefinition = {
  name: "web",
  incarnation: "abc",
  min: 1,
  max: 10,
  desired: 2,
  cooldownMs: 0,
  zones: [],
  loadBalancers: [],
  metadata: {},
  createdAtMs: 0,
  launch: "1",
  spec: "",
};

/** A member of slot `slot`, an hour old unless said otherwise. */
function member(slot: number, more: Partial<Server> & { generation?: number } = {}): Server {
  const { generation = 1, labels, ...rest } = more;
  return {
    id: `s${slot}`,
    name: `web-${slot}-${generation}`,
    status: "active",
    createdAtMs: NOW_MS - HOUR_MS + slot,
    addresses: [],
    ...rest,
    labels: {
      [LABELS.group]: "web",
      [LABELS.slot]: String(slot),
      [LABELS.generation]: String(generation),
      [LABELS.key]: `abc-${slot}-${generation}`,
      ...labels,
    },
  };
}

interface Situation {
  group?: Partial<GroupDefinition>;
  servers?: Server[];
  memory?: Partial<GroupMemory>;
  balancers?: Record<string, BalancerView>;
  settings?: Partial<ConvergenceSettings>;
  nowMs?: number;
}

function plan({
  group,
  servers = [],
  memory,
  balancers = {},
  settings,
  nowMs = NOW_MS,
}: Situation): ConvergencePlan {
  return planConvergence({
    group: { ...WEB, ...group },
    servers,
    balancers: new Map(Object.entries(balancers)),
    memory: { ...emptyGroupMemory(), ...memory },
    nowMs,
    settings: { ...SETTINGS, ...settings },
  });
}

/** Steps as one line each. */
function steps(plan: ConvergencePlan): string[] {
  return plan.steps.map(lineOf);
}

function lineOf(step: ConvergenceStep): string {
  switch (step.kind) {
    case "create":
      return `create ${step.slot}.${step.generation}${step.again ? " again" : ""}`;
    case "delete":
      return `delete ${step.server} ${step.reason}`;
    case "attach":
      return `attach ${step.servers.join()} to ${step.tie}`;
    case "detach":
      return `${step.drain ? "drain" : "remove"} ${step.servers.join()} from ${step.tie}`;
  }
}

function behind(ids: readonly string[], more: Partial<Member> = {}): BalancerView {
  const members = ids.map((id): Member => ({ id, state: "enabled", health: "healthy", ...more }));
  return { state: "ok", members, checked: true, drainMs: 10_000 };
}

const asked = { generation: 1, key: "abc-2-1", launch: "1" };
const front = { group: { loadBalancers: [{ id: "front" }] } };

describe("the plan", () => {
  const catalogue: [string, Situation, string[]][] = [
    ["makes what is missing", {}, ["create 1.1", "create 2.1"]],
    ["does nothing when all is well", { servers: [member(1), member(2)] }, []],
    [
      "replaces a server deleted behind its back, in its slot, as a new generation",
      {
        servers: [member(1)],
        memory: { slots: { 2: { ...asked, answeredAtMs: NOW_MS - HOUR_MS, server: "s2", seen: true } } },
      },
      ["create 2.2"],
    ],
    [
      "replaces a server in error at once when it had worked",
      { servers: [member(1), member(2, { status: "error" })], memory: { readyAtMs: { s2: 1 } } },
      ["create 2.2", "delete s2 dead"],
    ],
    [
      "waits a second before it replaces one that failed to build",
      { servers: [member(1), member(2, { status: "error" })] },
      ["delete s2 dead"],
    ],
    [
      "replaces a stopped server at once when it had lived long",
      { servers: [member(1), member(2, { status: "stopped" })] },
      ["create 2.2", "delete s2 dead"],
    ],
    [
      "leaves a slot alone for a second when its server died young",
      { servers: [member(1), member(2, { status: "stopped", createdAtMs: NOW_MS - 2_000 })] },
      ["delete s2 dead"],
    ],
    [
      "replaces a server that is ending by itself, and does not delete it again",
      { servers: [member(1), member(2, { status: "stopping" })] },
      ["create 2.2"],
    ],
    [
      "gives up on a server that builds for too long",
      { servers: [member(1), member(2, { status: "building", createdAtMs: NOW_MS - 600_000 })] },
      ["delete s2 overdue"],
    ],
    [
      "waits for one that still may build",
      { servers: [member(1), member(2, { status: "building", createdAtMs: NOW_MS - 599_000 })] },
      [],
    ],
    [
      "does not ask again for a create whose answer was lost, while the list may be old",
      { servers: [member(1)], memory: { slots: { 2: { ...asked, askedAtMs: NOW_MS - 4_999 } } } },
      [],
    ],
    [
      "asks again under the same key when the server never came",
      { servers: [member(1)], memory: { slots: { 2: { ...asked, askedAtMs: NOW_MS - 5_000 } } } },
      ["create 2.1 again"],
    ],
    [
      "finds the server of a lost answer by its place",
      { servers: [member(1), member(2)], memory: { slots: { 2: { ...asked, askedAtMs: NOW_MS - 60_000 } } } },
      [],
    ],
    [
      "counts an acknowledged server that the list does not show yet",
      {
        servers: [member(1)],
        memory: { slots: { 2: { ...asked, answeredAtMs: NOW_MS - 1_000, server: "s2" } } },
      },
      [],
    ],
    [
      "forgets a create without an answer that nobody wants any more",
      {
        group: { desired: 1 },
        servers: [member(1)],
        memory: { slots: { 2: { ...asked, askedAtMs: NOW_MS - 60_000 } } },
      },
      [],
    ],
    [
      "waits after a refused create",
      { memory: { createFailures: 1, createsNotBeforeMs: NOW_MS + 1_000 } },
      [],
    ],
    [
      "does not wait for ever when the clock was set back",
      { memory: { createFailures: 1, createsNotBeforeMs: NOW_MS + HOUR_MS }, nowMs: NOW_MS + HOUR_MS },
      ["create 1.1", "create 2.1"],
    ],
    [
      "asks again for a deletion whose answer was lost",
      {
        servers: [member(1), member(2), member(3)],
        memory: { removals: { s3: { reason: "scale-in", sinceMs: NOW_MS - 60_000 } } },
      },
      ["delete s3 scale-in"],
    ],
    [
      "believes an acknowledged deletion while the list is old",
      {
        servers: [member(1), member(2), member(3)],
        memory: { removals: { s3: { reason: "scale-in", sinceMs: NOW_MS, deletedAtMs: NOW_MS } } },
      },
      [],
    ],
    [
      "asks again for an acknowledged deletion that came to nothing",
      {
        servers: [member(1), member(2), member(3)],
        memory: { removals: { s3: { reason: "scale-in", sinceMs: 0, deletedAtMs: NOW_MS - 60_000 } } },
      },
      ["delete s3 scale-in"],
    ],
    [
      "lets the younger of twins go",
      { servers: [member(1), member(2), member(2, { id: "twin", createdAtMs: NOW_MS })] },
      ["delete twin twin"],
    ],
    ["leaves servers of others alone", { group: { desired: 0, min: 0 }, servers: [] }, []],
    [
      "makes new ones rather than taking back a deletion when it is raised meanwhile",
      {
        group: { desired: 3 },
        servers: [member(1), member(2), member(3)],
        memory: { removals: { s3: { reason: "scale-in", sinceMs: NOW_MS, deletedAtMs: NOW_MS } } },
      },
      ["create 3.1"],
    ],
    [
      "does nothing at all while paused",
      {
        group: { paused: { sinceMs: 0 } },
        servers: [member(2, { status: "error" })],
        memory: { removals: { s3: { reason: "scale-in", sinceMs: 0 } } },
      },
      [],
    ],
    [
      "goes on deleting a group that was paused",
      { group: { paused: { sinceMs: 0 }, deletingSinceMs: NOW_MS }, servers: [member(1)] },
      ["delete s1 scale-in"],
    ],
    [
      "makes ten at a time",
      { group: { desired: 10, max: 20 }, settings: { createsPerPass: 3 } },
      ["create 1.1", "create 2.1", "create 3.1"],
    ],
    ["takes the oldest", { group: { desired: 1 }, servers: [member(1), member(2)] }, ["delete s1 scale-in"]],
    [
      "takes the newest where it is told so",
      { group: { desired: 1 }, servers: [member(1), member(2)], settings: { scaleIn: "newest" } },
      ["delete s2 scale-in"],
    ],
    [
      "takes those that still build before any that works",
      { group: { desired: 1 }, servers: [member(1), member(2, { status: "building", createdAtMs: NOW_MS })] },
      ["delete s2 scale-in"],
    ],
    [
      "takes an acknowledged server that is not even listed first",
      {
        group: { desired: 1 },
        servers: [member(1)],
        memory: { slots: { 2: { ...asked, answeredAtMs: NOW_MS, server: "s2" } } },
      },
      ["delete s2 scale-in"],
    ],
    [
      "never takes the protected",
      { group: { desired: 1 }, servers: [member(1, { labels: { [LABELS.protected]: "yes" } }), member(2)] },
      ["delete s2 scale-in"],
    ],
    [
      "does not count who stands by",
      { servers: [member(1), member(2), member(3, { labels: { [LABELS.standby]: "yes" } })] },
      [],
    ],
    [
      "does not shrink while the store's loss is fresh",
      { group: { desired: 1 }, servers: [member(1), member(2)], memory: { recoveringUntilMs: NOW_MS + 1 } },
      [],
    ],
    [
      "spreads over the zones",
      { group: { zones: ["a", "b"], desired: 3 }, servers: [member(1, { zone: "a" })] },
      ["create 2.1", "create 3.1"],
    ],

    [
      "registers active servers",
      { ...front, servers: [member(1), member(2)], balancers: { front: behind(["s1"]) } },
      ["attach s2 to front"],
    ],
    [
      "puts back a member that was removed by hand",
      {
        ...front,
        servers: [member(1), member(2)],
        balancers: { front: behind(["s1"]) },
        memory: { registered: { front: ["s1", "s2"] } },
      },
      ["attach s2 to front"],
    ],
    [
      "leaves members of others alone",
      { ...front, servers: [member(1), member(2)], balancers: { front: behind(["s1", "s2", "stranger"]) } },
      [],
    ],
    [
      "takes out a member whose server is gone",
      {
        ...front,
        servers: [member(1), member(2)],
        balancers: { front: behind(["s1", "s2", "s9"]) },
        memory: { registered: { front: ["s9"] } },
      },
      ["remove s9 from front"],
    ],
    [
      "drains before it deletes",
      {
        group: { ...front.group, desired: 1 },
        servers: [member(1), member(2)],
        balancers: { front: behind(["s1", "s2"]) },
      },
      ["drain s1 from front"],
    ],
    [
      "waits while requests are in flight",
      {
        group: { ...front.group, desired: 1 },
        servers: [member(1), member(2)],
        balancers: {
          front: {
            ...behind(["s1"], { state: "draining", active: 3 }),
            members: [
              { id: "s1", state: "draining", health: "healthy", active: 3 },
              { id: "s2", state: "enabled", health: "healthy" },
            ],
          } as BalancerView,
        },
        memory: {
          removals: { s1: { reason: "scale-in", sinceMs: NOW_MS - 9_000, drainUntilMs: NOW_MS + 1_000 } },
        },
      },
      [],
    ],
    [
      "deletes when the last request is through",
      {
        group: { ...front.group, desired: 1 },
        servers: [member(1), member(2)],
        balancers: {
          front: {
            state: "ok",
            checked: true,
            drainMs: 10_000,
            members: [
              { id: "s1", state: "draining", health: "healthy", active: 0 },
              { id: "s2", state: "enabled", health: "healthy" },
            ],
          },
        },
        memory: {
          removals: { s1: { reason: "scale-in", sinceMs: NOW_MS - 1_000, drainUntilMs: NOW_MS + 9_000 } },
        },
      },
      ["remove s1 from front", "delete s1 scale-in"],
    ],
    [
      "deletes at the end of the draining time",
      {
        group: { ...front.group, desired: 1 },
        servers: [member(1), member(2)],
        balancers: {
          front: {
            state: "ok",
            checked: true,
            drainMs: 10_000,
            members: [
              { id: "s1", state: "draining", health: "healthy", active: 3 },
              { id: "s2", state: "enabled", health: "healthy" },
            ],
          },
        },
        memory: { removals: { s1: { reason: "scale-in", sinceMs: NOW_MS - 10_000, drainUntilMs: NOW_MS } } },
      },
      ["remove s1 from front", "delete s1 scale-in"],
    ],
    [
      "replaces a server that dies while it drains nowhere",
      {
        ...front,
        servers: [member(1), member(2), member(3, { status: "stopped" })],
        balancers: { front: behind(["s1", "s2", "s3"]) },
        memory: {
          removals: { s3: { reason: "scale-in", sinceMs: NOW_MS - 1_000, drainUntilMs: NOW_MS + 9_000 } },
        },
      },
      ["remove s3 from front", "delete s3 scale-in"],
    ],
    [
      "makes the next generation while the old one drains",
      {
        ...front,
        servers: [member(1), member(2)],
        balancers: { front: behind(["s1", "s2"]) },
        memory: {
          slots: { 2: { generation: 1 } },
          removals: { s2: { reason: "terminate", sinceMs: NOW_MS } },
        },
      },
      ["create 2.2", "drain s2 from front"],
    ],
    [
      "goes on when a balancer is gone",
      { ...front, servers: [member(1)], balancers: { front: { state: "gone", detail: "does not exist" } } },
      ["create 2.1"],
    ],
    [
      "replaces nothing because a balancer cannot be read",
      {
        ...front,
        servers: [member(1), member(2)],
        balancers: { front: { state: "unavailable", detail: "no answer" } },
      },
      [],
    ],
    [
      "gives a new member time until its health check has spoken",
      {
        ...front,
        servers: [member(1), member(2)],
        balancers: { front: behind(["s1", "s2"], { health: "unknown" }) },
        memory: { unhealthySinceMs: { s1: NOW_MS - 599_000 } },
      },
      [],
    ],
    [
      "replaces a member that never became healthy",
      {
        group: { desired: 1, loadBalancers: [{ id: "front" }] },
        servers: [member(1)],
        balancers: { front: { ...behind(["s1"], { health: "unknown" }), drainMs: 0 } as BalancerView },
        memory: { unhealthySinceMs: { s1: NOW_MS - 600_000 } },
      },
      ["remove s1 from front", "delete s1 unhealthy"],
    ],
    [
      "waits before it replaces the unhealthy",
      {
        ...front,
        servers: [member(1), member(2)],
        balancers: {
          front: {
            state: "ok",
            checked: true,
            drainMs: 0,
            members: [
              { id: "s1", state: "enabled", health: "healthy" },
              { id: "s2", state: "enabled", health: "unhealthy" },
            ],
          },
        },
        memory: { readyAtMs: { s1: 1, s2: 1 }, unhealthySinceMs: { s2: NOW_MS - 29_999 } },
      },
      [],
    ],
    [
      "replaces who stays unhealthy",
      {
        ...front,
        servers: [member(1), member(2)],
        balancers: {
          front: {
            state: "ok",
            checked: true,
            drainMs: 0,
            members: [
              { id: "s1", state: "enabled", health: "healthy" },
              { id: "s2", state: "enabled", health: "unhealthy" },
            ],
          },
        },
        memory: { readyAtMs: { s1: 1, s2: 1 }, unhealthySinceMs: { s2: NOW_MS - 30_000 } },
      },
      ["create 2.2", "remove s2 from front", "delete s2 unhealthy"],
    ],
    [
      "does not empty the group when its health check is broken",
      {
        ...front,
        servers: [member(1), member(2)],
        balancers: { front: behind(["s1", "s2"], { health: "unhealthy" }) },
        memory: { readyAtMs: { s1: 1, s2: 1 }, unhealthySinceMs: { s1: 1, s2: 1 } },
      },
      ["create 1.2", "drain s1 from front"],
    ],
    [
      "empties balancers that the group no longer names",
      {
        servers: [member(1), member(2)],
        balancers: { old: behind(["s1", "s2"]) },
        memory: { registered: { old: ["s1", "s2"] } },
      },
      ["drain s1,s2 from old"],
    ],
  ];
  it.each(catalogue)("%s", (_name, situation, expected) => {
    expect(steps(plan(situation)).sort()).toEqual([...expected].sort());
  });

  it("never changes what it was given", () => {
    const memory = emptyGroupMemory();
    const servers = [member(1, { status: "error" }), member(2)];
    const before = JSON.stringify([memory, servers]);
    plan({ servers, memory, group: { desired: 5 } });
    expect(JSON.stringify([memory, servers])).toBe(before);
  });

  it("gives the same server the same name and key however often it is planned", () => {
    expect(plan({})).toEqual(plan({}));
  });

  it("puts new servers into the emptiest zone", () => {
    const made = plan({
      group: { zones: ["a", "b"], desired: 4 },
      servers: [member(1, { zone: "a" })],
    }).steps;
    expect(made.map((step) => (step.kind === "create" ? step.zone : step.kind))).toEqual(["b", "a", "b"]);
  });

  it("doubles the wait of a slot whose servers keep dying, up to a minute, and tells their last words", () => {
    const waits: number[] = [];
    let memory: GroupMemory = emptyGroupMemory();
    for (let generation = 1, nowMs = NOW_MS; generation <= 9; generation++) {
      const dead = member(1, {
        generation,
        id: `dead${generation}`,
        status: "stopped",
        createdAtMs: nowMs,
        detail: "port 80 is taken",
      });
      const made = plan({ group: { desired: 1 }, servers: [dead], memory, nowMs });
      expect(made.problems.join()).toMatch(/slot 1 failed .*port 80 is taken/);
      waits.push((made.nextAtMs ?? 0) - nowMs);
      nowMs = made.nextAtMs ?? 0;
      memory = made.memory;
      const retried = plan({ group: { desired: 1 }, servers: [], memory, nowMs });
      expect(steps(retried)).toContain(`create 1.${generation + 1}`);
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });

  it("waits no longer than it was meant when the clock was set back by an hour", () => {
    const hourAhead = NOW_MS + HOUR_MS;
    const made = plan({
      ...front,
      servers: [member(1)],
      balancers: { front: behind(["s1"], { state: "draining", active: 1 }) },
      memory: {
        createFailures: 1,
        createsNotBeforeMs: hourAhead + 1_000,
        removals: { s1: { reason: "terminate", sinceMs: hourAhead, drainUntilMs: hourAhead + 10_000 } },
        slots: { 1: { generation: 1 }, 2: { ...asked, askedAtMs: hourAhead } },
      },
    });
    expect(made.memory.createsNotBeforeMs).toBe(NOW_MS + 60_000);
    expect(made.memory.removals.s1).toMatchObject({ sinceMs: NOW_MS, drainUntilMs: NOW_MS + 10_000 });
    expect(made.memory.slots[2]).toMatchObject({ askedAtMs: NOW_MS });
  });

  it("ends a crash loop when a server of the slot has outlived it", () => {
    const loop = {
      slots: {
        1: { generation: 3, key: "abc-1-3", server: "s1", seen: true, crashes: 2, lastWords: "oops" },
      },
    };
    const at = (ageMs: number) =>
      plan({
        group: { desired: 1 },
        servers: [member(1, { generation: 3, createdAtMs: NOW_MS - ageMs })],
        memory: loop,
      });
    expect(at(59_999).problems).toEqual(["slot 1 failed 2 times in a row soon after its start; oops"]);
    expect(at(60_000).problems).toEqual([]);
    expect(at(60_000).memory.slots[1]).not.toHaveProperty("crashes");
  });

  it("lets no other slot stand in for one that waits", () => {
    const young = member(2, { status: "stopped", createdAtMs: NOW_MS - 1 });
    const made = plan({ servers: [member(1), young] });
    expect(made.steps.filter((step) => step.kind === "create")).toEqual([]);
    expect(made.settled).toBe(false);
  });

  it("says which balancer stands in the way", () => {
    const made = plan({
      ...front,
      servers: [member(1), member(2)],
      balancers: { front: { state: "gone", detail: "does not exist" } },
    });
    expect(made.problems).toEqual(["load balancer front: does not exist"]);
    expect(made.settled).toBe(true);
  });
});
