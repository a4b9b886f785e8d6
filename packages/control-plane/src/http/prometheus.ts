import type { DecisionRecord } from "@bellows/core";
import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { Observable, Subscription } from "rxjs";

/** The numbers of a running Bellows, for Prometheus; all are read off the decision records. */
export interface Numbers {
  registry: Registry;
  /** Counts a call of a capability behind which there is nothing. */
  unknownWebhook(): void;
  /** Keeps them up to date until it is unsubscribed. */
  follow(records: Observable<DecisionRecord>): Subscription;
}

/** Makes the registry behind `/metrics`. */
export function createNumbers(): Numbers {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const gauge = (name: string, help: string, labelNames: string[] = ["group"]): Gauge =>
    new Gauge({ name: `bellows_${name}`, help, labelNames, registers: [registry] });
  const desired = gauge("group_desired", "Desired instances of the group");
  const inService = gauge("group_in_service", "Instances in service");
  const pending = gauge("group_pending", "Instances on their way");
  const wanted = gauge("group_wanted", "What the policies wanted in the last decision, before any limit");
  const readable = gauge("group_readable", "1 if the group could be read in the last round, else 0");
  const metric = gauge("metric_value", "Last value of a metric of the group", ["group", "metric"]);
  const age = gauge("metric_age_seconds", "Age of the sample when it was used", ["group", "metric"]);
  const decisions = new Counter({
    name: "bellows_decisions_total",
    help: "Decisions, by what they came from and what they were",
    labelNames: ["group", "trigger", "action"],
    registers: [registry],
  });
  const missing = new Counter({
    name: "bellows_metric_missing_total",
    help: "Rounds in which a metric of the group was missing",
    labelNames: ["group", "metric"],
    registers: [registry],
  });
  const note = (record: DecisionRecord): void => {
    const { group } = record;
    decisions.inc({ group, trigger: record.trigger, action: record.action });
    readable.set({ group }, record.counts === undefined ? 0 : 1);
    if (record.counts !== undefined) {
      desired.set({ group }, record.to);
      inService.set({ group }, record.counts.inService);
      pending.set({ group }, record.counts.pending);
    }
    if (record.wanted !== undefined) wanted.set({ group }, record.wanted);
    for (const reading of record.metrics) {
      const labels = { group, metric: reading.name };
      if (reading.value === undefined) {
        missing.inc(labels);
        metric.remove(labels);
      } else {
        metric.set(labels, reading.value);
        age.set(labels, (reading.ageMs ?? 0) / 1_000);
      }
    }
  };
  const unknown = new Counter({
    name: "bellows_webhooks_unknown_total",
    help: "Calls of webhook links behind which there is nothing",
    registers: [registry],
  });
  return { registry, unknownWebhook: () => unknown.inc(), follow: (records) => records.subscribe(note) };
}
