/**
 * A hand-written decision that knows the benchmark's one configuration by heart, computes the same desired counts as
 * Bellows and builds equal records.
 */

function reading(name, sample, nowMs) {
  return {
    name,
    source: "bench",
    value: sample.value,
    observedAtMs: sample.observedAtMs,
    ageMs: nowMs - sample.observedAtMs,
  };
}

// biome-ignore lint/complexity/noExcessiveCognitiveComplexity: one straight function is what it is compared with
export function byHand(name, { status }, samples, memory, nowMs, id) {
  const { desired, min, max, paused } = status.group;
  let inService = 0;
  let pending = 0;
  let draining = 0;
  let other = 0;
  for (const { lifecycle, health } of status.instances) {
    if (lifecycle === "in-service" && health !== "unhealthy") inService++;
    else if (lifecycle === "pending") pending++;
    else if (lifecycle === "draining") draining++;
    else if (lifecycle !== "terminated") other++;
  }
  const cpu = samples[0].value;
  const queue = samples[1].value;
  const next = {
    version: 1,
    atMs: nowMs,
    policies: memory.policies,
    recommendations: [],
    moves: [],
    keeps: [],
  };
  if (memory.stamp) next.stamp = memory.stamp;
  if (memory.step && !(pending === 0 && draining === 0 && inService === desired)) next.step = memory.step;

  const when = "queue > 50";
  const numbers = `${queue} > 50`;
  const old = memory.policies.busy;
  let busy;
  if (queue > 50) {
    const heldMs = old?.timer ? old.timer.heldMs + nowMs - old.timer.seenAtMs : 0;
    next.policies = { ...next.policies, busy: { ...old, timer: { heldMs, seenAtMs: nowMs } } };
    busy =
      heldMs < 20_000
        ? {
            policy: "busy",
            kind: "abstain",
            reason: {
              code: "when-waiting",
              params: { policy: "busy", when, numbers, heldMs, forMs: 20_000 },
            },
          }
        : {
            policy: "busy",
            kind: "want",
            want: desired + 1,
            reason: {
              code: "when-true",
              params: { policy: "busy", when, numbers, forMs: 20_000, want: desired + 1 },
            },
          };
  } else {
    if (old?.timer) {
      const { timer: _, ...rest } = old;
      next.policies = { ...next.policies, busy: rest };
    }
    busy = {
      policy: "busy",
      kind: "abstain",
      reason: { code: "when-false", params: { policy: "busy", when, numbers } },
    };
  }
  const within = cpu >= 54 && cpu <= 66;
  const want = within ? desired : Math.ceil((inService * cpu) / 60);
  const params = { policy: "cpu", signal: "cpu", value: cpu, target: 60, inService, want };
  let code = "within-target";
  if (within) params.tolerance = 0.1;
  else code = cpu > 60 ? "over-target" : "under-target";
  const target = { policy: "cpu", kind: "want", want, reason: { code, params } };

  const winner = busy.kind === "want" && busy.want >= want ? busy : target;
  const wanted = winner.want;
  const reasons = [winner.reason];
  if (wanted === desired && want < desired)
    reasons.push({ code: "outvoted", params: { policy: "cpu", wanted: want, by: "busy" } });
  const wouldChangeIf = [];
  let to = wanted;
  const leftMs = memory.stamp ? Math.max(0, memory.stamp.atMs + 60_000 - nowMs) : 0;
  if (paused) to = desired;
  if (leftMs > 0 && to !== desired) {
    reasons.push({ code: "group-cooldown", params: { leftMs, wanted: to } });
    wouldChangeIf.push({ code: "if-group-cooldown-ends", params: { leftMs, wanted: to } });
    to = desired;
  }
  if (to < min) {
    reasons.push({ code: "min", params: { bound: min, wanted: to } });
    wouldChangeIf.push({ code: "if-min-lowered", params: { min } });
    to = min;
  }
  if (to > max) {
    reasons.push({ code: "max", params: { bound: max, wanted: to } });
    wouldChangeIf.push({ code: "if-max-raised", params: { max } });
    to = max;
  }
  const action = to === desired ? "hold" : "scale";
  if (action === "scale") {
    const before = memory.stamp ? { atMs: nowMs, id, beforeMs: memory.stamp.atMs } : { atMs: nowMs, id };
    next.stamp = before;
    next.step = { id, atMs: nowMs, to };
    next.moves = [{ id, atMs: nowMs, delta: to - desired }];
    const mine = next.policies[winner.policy];
    const stamp = mine?.stamp ? { atMs: nowMs, id, beforeMs: mine.stamp.atMs } : { atMs: nowMs, id };
    next.policies = { ...next.policies, [winner.policy]: { ...mine, stamp } };
  } else {
    if (busy.reason.code === "when-false") {
      wouldChangeIf.push({
        code: "if-above",
        params: { policy: "busy", signal: "queue", bound: 50, orEqual: false, value: queue, forMs: 20_000 },
      });
    } else if (busy.reason.code === "when-waiting") {
      wouldChangeIf.push({
        code: "if-held",
        params: { policy: "busy", what: when, leftMs: 20_000 - busy.reason.params.heldMs },
      });
    }
    if (want === desired) {
      const shared = { policy: "cpu", signal: "cpu", value: cpu, forMs: 0 };
      const more = Math.round(Math.max(66, (60 * desired) / inService) * 1e9) / 1e9;
      wouldChangeIf.push({ code: "if-above", params: { ...shared, bound: more, orEqual: false } });
      const fewer = (60 * (desired - 1)) / inService;
      if (fewer > 0) {
        const bound = Math.round(Math.min(54, fewer) * 1e9) / 1e9;
        wouldChangeIf.push({ code: "if-below", params: { ...shared, bound, orEqual: fewer < 54 } });
      }
    }
    if (wouldChangeIf.length === 0) wouldChangeIf.push({ code: "if-wanted-otherwise", params: {} });
  }
  const record = {
    id,
    group: name,
    provider: "bench",
    trigger: "round",
    atMs: nowMs,
    lastAtMs: nowMs,
    count: 1,
    mode: "act",
    metrics: [
      reading("cpu", samples[0], nowMs),
      reading("queue", samples[1], nowMs),
      reading("rate", samples[2], nowMs),
    ],
    signals: [],
    proposals: [busy, target],
    action,
    from: desired,
    to,
    reasons,
    wouldChangeIf,
    outcomes: [],
    counts: { desired, min: 1, max: 20, inService, pending, draining, other },
    wanted,
  };
  return { record, memory: next };
}
