/** Who is told by an alarm: a webhook of each policy, a notification for each address, and one plan of them all. */
import { type AlarmSpec, collect, type Host, UnsupportedError, type WebhooksDriver } from "@bellows/core";
import { labelOf } from "./alarm-map.js";
import type { WantedAlarm } from "./alarm-spec.js";
import { unlessGone } from "./alarm-wiring.js";
import type { Call } from "./client.js";
import { makeOnce } from "./making.js";
import type { Monitoring, Notification, NotificationPlan } from "./monitoring.js";

/** What telling works with. */
export interface TellingContext {
  monitoring: Monitoring;
  host: Host;
  /** Absent where Bellows keeps the groups, and their webhooks. */
  webhooks?: Pick<WebhooksDriver, "list" | "create" | "delete">;
}

/** What a call has made by now; filled in as it goes, so that a failure can be taken back. */
export interface Made {
  plan?: string;
  notifications: string[];
  webhooks: Executed[];
  /** Entities of servers. */
  entities: string[];
}

type Executed = NonNullable<AlarmSpec["executes"]>[number];

/**
 * Makes the plan of an alarm tell whom it is to tell.
 * @param known - id of its plan, where it has one.
 * @param made - takes down what this call makes.
 * @returns the plan's id.
 */
export async function ensureTelling(
  context: TellingContext,
  wanted: WantedAlarm,
  known: string | undefined,
  call: Call,
  made: Made,
): Promise<string> {
  const { monitoring } = context;
  const { spec, native } = wanted;
  const label = labelOf(spec.name);
  const [notifications, plans] = await Promise.all([
    monitoring.list<Notification>("/notifications", call),
    monitoring.list<NotificationPlan>("/notification_plans", call),
  ]);
  const plan = plans.find(({ id }) => id === known) ?? plans.find((one) => one.label === label);
  const ours = notifications.filter((one) => one.label === label);
  const urls = await Promise.all(
    (spec.executes ?? []).map((one) => webhookUrl(context, spec.name, one, call, made)),
  );
  const idOf = async (url: string): Promise<string> =>
    ours.find(({ details }) => details?.url === url)?.id ?? notify(context, label, url, call, made);
  const critical = await inOrder([...urls, ...(native.urls ?? [])], idOf);
  const ok = await inOrder(native.okUrls ?? [], idOf);
  const words = { label, critical_state: critical, warning_state: [], ok_state: ok };
  const id = plan?.id ?? (await makePlan(context, words, call));
  if (plan === undefined) made.plan = id;
  else if (!isEqualSet(plan.critical_state, critical) || !isEqualSet(plan.ok_state, ok))
    await monitoring.update(`/notification_plans/${plan.id}`, words, call);
  const used = new Set([...critical, ...ok]);
  for (const stale of ours.filter((one) => !used.has(one.id)))
    await monitoring.remove(`/notifications/${stale.id}`, call).catch(unlessGone);
  return id;
}

async function inOrder(urls: readonly string[], idOf: (url: string) => Promise<string>): Promise<string[]> {
  const ids: string[] = [];
  for (const url of new Set(urls)) ids.push(await idOf(url));
  return ids;
}

function isEqualSet(there: readonly string[] | null | undefined, wanted: readonly string[]): boolean {
  return there?.length === wanted.length && wanted.every((one) => there.includes(one));
}

/** The capability URL of the alarm's own webhook of a policy. @throws NotFoundError when there is no such policy */
async function webhookUrl(
  { webhooks }: TellingContext,
  name: string,
  { group, policy }: Executed,
  call: Call,
  made: Made,
): Promise<string> {
  const signal = call.signal && { signal: call.signal };
  if (webhooks === undefined)
    throw new UnsupportedError(
      `alarm ${name} can't execute ${group}/${policy}: its webhooks are kept by Bellows`,
      {
        operation: call.operation,
        resource: name,
        hint: "make a webhook of the policy, and write its address in native.urls, and the group in metric.dimensions.group",
      },
    );
  const webhook = labelOf(name);
  const found = (await collect(webhooks.list(group, policy, { ...signal }))).find(
    (one) => one.name === webhook,
  );
  if (found?.url !== undefined) return found.url;
  const { url } = await webhooks.create(group, policy, { name: webhook, metadata: {} }, { ...signal });
  made.webhooks.push({ group, policy });
  return url ?? "";
}

async function notify(
  { monitoring, host }: TellingContext,
  label: string,
  url: string,
  call: Call,
  made: Made,
): Promise<string> {
  const isIt = (one: Notification): boolean => one.label === label && one.details?.url === url;
  const id = await makeOnce(
    host,
    () => monitoring.create("/notifications", { label, type: "webhook", details: { url } }, call),
    async () => (await monitoring.list<Notification>("/notifications", call)).find(isIt)?.id,
    call.signal,
  );
  made.notifications.push(id);
  return id;
}

function makePlan(
  { monitoring, host }: TellingContext,
  words: { label: string },
  call: Call,
): Promise<string> {
  return makeOnce(
    host,
    () => monitoring.create("/notification_plans", words, call),
    async () =>
      (await monitoring.list<NotificationPlan>("/notification_plans", call)).find(
        (one) => one.label === words.label,
      )?.id,
    call.signal,
  );
}

/** Removes a plan with its notifications, and the alarm's webhooks. */
export async function removeTelling(
  context: TellingContext,
  { name, executes = [] }: Pick<AlarmSpec, "name" | "executes">,
  plan: string | undefined,
  call: Call,
): Promise<void> {
  const { monitoring } = context;
  if (plan !== undefined) await monitoring.remove(`/notification_plans/${plan}`, call).catch(unlessGone);
  const notifications = await monitoring.list<Notification>("/notifications", call);
  for (const { id } of notifications.filter(({ label }) => label === labelOf(name)))
    await monitoring.remove(`/notifications/${id}`, call).catch(unlessGone);
  for (const executed of executes) await removeWebhook(context, name, executed, call);
}

/** Removes the alarm's webhook of a policy; a policy that is gone has taken it along. */
export async function removeWebhook(
  { webhooks }: Pick<TellingContext, "webhooks">,
  name: string,
  { group, policy }: Executed,
  { signal }: Call,
): Promise<void> {
  await webhooks?.delete(group, policy, labelOf(name), { ...(signal && { signal }) }).catch(unlessGone);
}
