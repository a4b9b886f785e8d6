import type { ResourceChange } from "@bellows/control-plane";
import type { DecisionRecord } from "@bellows/core";
import { renderReason } from "@bellows/core";
import { type Context, note, say } from "../context.js";
import { EXIT } from "../exit-codes.js";
import type { Globals } from "../globals.js";
import { withControl } from "../open-control.js";
import { printDocument } from "../output.js";
import { describeChange, withoutSecrets } from "../resource-text.js";
import { loadedConfig } from "../workbench.js";

interface PlanOptions extends Globals {
  exitCode?: boolean;
}

/** What `plan` shows: the resources, and the next round. */
interface PlanReport {
  resources: readonly ResourceChange[];
  groups: readonly object[];
}

/** `bellows plan`: reads real metrics and clouds, changes nothing. */
export async function run(context: Context, options: PlanOptions, groups: string[]): Promise<void> {
  const names = groups.length === 0 ? undefined : groups;
  const report = await withControl(
    context,
    options,
    () => loadedConfig(context, options),
    (open) => open.control.plan(names),
    { readOnly: true },
  );
  const resources = withoutSecrets(context, report.resources).map(
    ({ kind, name, provider, action, changes }) => ({
      kind,
      name,
      provider,
      action,
      changes,
    }),
  );
  const document: PlanReport = { resources, groups: report.decisions.map(decisionOf) };
  if (!printDocument(context, options, document)) printPlan(context, resources, report.decisions);
  const changes =
    resources.some((resource) => resource.action !== "none") ||
    report.decisions.some((record) => record.action === "scale");
  if (options.exitCode && changes) context.exitCode = EXIT.wouldChange;
  tellUnusable(context, report.unusable);
}

/** Says which groups cannot be worked on; that is a failure, whatever else went well. */
export function tellUnusable(context: Context, unusable: Readonly<Record<string, string>>): void {
  for (const [group, why] of Object.entries(unusable)) {
    note(context, `group ${group} cannot be used: ${why}`);
    context.exitCode = EXIT.unavailable;
  }
}

/** A decision as `plan --json` and `explain --json` give it; see CONFIG in the guide. */
export function decisionOf(record: DecisionRecord): object {
  const texts = (reasons: DecisionRecord["reasons"]): object[] =>
    reasons.map((reason) => ({ ...reason, text: renderReason(reason) }));
  return {
    id: record.id,
    group: record.group,
    provider: record.provider,
    trigger: record.trigger,
    ...(record.order === undefined ? {} : { order: record.order }),
    atMs: record.atMs,
    lastAtMs: record.lastAtMs,
    count: record.count,
    mode: record.mode,
    ...(record.counts === undefined ? {} : { counts: record.counts }),
    action: record.action,
    from: record.from,
    to: record.to,
    reasons: texts(record.reasons),
    metrics: record.metrics,
    signals: record.signals,
    proposals: record.proposals.map((proposal) => ({
      policy: proposal.policy,
      ...(proposal.kind === "want" ? { want: proposal.want } : { [proposal.kind]: true }),
      text: renderReason(proposal.reason),
    })),
    wouldChangeIf: record.wouldChangeIf.map(renderReason),
    outcomes: record.outcomes,
  };
}

function printPlan(
  context: Context,
  resources: readonly ResourceChange[],
  decisions: readonly DecisionRecord[],
): void {
  const changed = resources.filter((resource) => resource.action !== "none");
  if (changed.length === 0) say(context, "resources: nothing to change");
  for (const resource of changed) for (const line of describeChange(resource)) say(context, line);
  for (const record of decisions) {
    const what = record.action === "scale" ? `scale ${record.from} -> ${record.to}` : `hold at ${record.to}`;
    say(context, `\n${record.group}: ${what}`);
    for (const reason of record.reasons) say(context, `  ${renderReason(reason)}`);
    for (const proposal of record.proposals)
      say(context, `  policy ${proposal.policy}: ${renderReason(proposal.reason)}`);
    for (const reason of record.wouldChangeIf) say(context, `  would change if ${renderReason(reason)}`);
  }
}
