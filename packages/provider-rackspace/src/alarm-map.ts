/**
 * Alarms of Bellows among the objects of Cloud Monitoring. Pure.
 *
 * Note [Anchor]: one alarm of Bellows is many alarms there, one a server, and none while a group is empty. What it is made
 * from stands therefore on an entity of its own, its anchor, whose id is the alarm's. Nothing is checked on an anchor.
 */
import { createHash } from "node:crypto";
import type { Alarm, AlarmSpec } from "@bellows/core";
import type { CheckWords } from "./alarm-spec.js";
import type { AlarmState, Check, CheckAlarm, EntityView, MonitoringMetadata } from "./monitoring.js";

/** Metadata of what Bellows has made. */
export const MARKS = {
  /** On anchors; on alarms of servers the id of their anchor. */
  alarm: "bellows:alarm",
  plan: "bellows:plan",
  owner: "bellows:owner",
  disabled: "bellows:disabled",
  spec: "bellows:spec:",
  /** On entities that Bellows has made, for servers that had none: the server's id. */
  server: "bellows:server",
} as const;

/** Longest value of metadata is 255; texts are cut into pieces, some bytes shorter. @see docs.rackspace.com, Rackspace Monitoring, Entities */
const PIECE = 240;

/** What an alarm of Bellows is, apart from its servers. */
export interface Anchor {
  /** Id of the entity, and of the alarm. */
  id: string;
  spec: AlarmSpec;
  plan?: string;
  disabled: boolean;
}

/** Label of the things that belong to an alarm. */
export function labelOf(name: string): string {
  return `bellows/${name}`;
}

/** The metadata of an anchor. */
export function anchorMetadata({ spec, plan, disabled }: Omit<Anchor, "id">): Record<string, string> {
  const { owner, ...rest } = spec;
  const text = JSON.stringify(rest);
  const pieces = text.match(new RegExp(`[^]{1,${PIECE}}`, "gu")) ?? [];
  return {
    [MARKS.alarm]: "anchor",
    ...(plan === undefined ? {} : { [MARKS.plan]: plan }),
    ...(owner === undefined ? {} : { [MARKS.owner]: owner }),
    ...(disabled ? { [MARKS.disabled]: "true" } : {}),
    ...Object.fromEntries(pieces.map((piece, index) => [`${MARKS.spec}${index}`, piece])),
  };
}

/** Reads an anchor; undefined where an entity is none, or somebody has spoilt it. */
export function anchorIn({ entity: { id, metadata } }: EntityView): Anchor | undefined {
  if (metadata?.[MARKS.alarm] !== "anchor") return undefined;
  const pieces = Object.keys(metadata)
    .filter((key) => key.startsWith(MARKS.spec))
    .map((key) => Number(key.slice(MARKS.spec.length)))
    .sort((a, b) => a - b)
    .map((index) => metadata[`${MARKS.spec}${index}`] ?? "");
  try {
    const owner = metadata[MARKS.owner];
    const plan = metadata[MARKS.plan];
    const spec = JSON.parse(pieces.join("")) as AlarmSpec;
    return {
      id,
      spec: owner === undefined ? spec : { ...spec, owner },
      ...(plan === undefined ? {} : { plan }),
      disabled: metadata[MARKS.disabled] === "true",
    };
  } catch {
    return undefined;
  }
}

/** An alarm of one server. */
export interface WiredAlarm {
  view: EntityView;
  alarm: CheckAlarm;
  check?: Check;
  state?: AlarmState;
}

/** The alarms of servers that belong to an anchor. */
export function wiredTo(anchorId: string, views: readonly EntityView[]): WiredAlarm[] {
  return views.flatMap((view) =>
    view.alarms
      .filter(({ metadata }) => metadata?.[MARKS.alarm] === anchorId)
      .map((alarm) => {
        const check = view.checks.find(({ id }) => id === alarm.check_id);
        const state = view.latest_alarm_states.find((one) => one.alarm_id === alarm.id);
        return { view, alarm, ...(check && { check }), ...(state && { state }) };
      }),
  );
}

/** The entity of a server: Rackspace's own, or the one that Bellows has made. */
export function entityOf(serverId: string, views: readonly EntityView[]): EntityView | undefined {
  const isOf = ({ entity: { uri, agent_id, metadata } }: EntityView): boolean =>
    uri?.split("/").includes(serverId) === true ||
    metadata?.[MARKS.server] === serverId ||
    agent_id === serverId;
  return views.find(isOf);
}

/** Label of the check that takes a metric so; alarms that look at the same thing share it. */
export function checkLabel(words: CheckWords): string {
  const digest = createHash("sha256").update(JSON.stringify(words)).digest("hex").slice(0, 8);
  return labelOf(`${words.type} ${digest}`);
}

/** Whether Bellows has made a thing with this label. */
export function isOurs(label: string | null | undefined): boolean {
  return label?.startsWith(labelOf("")) === true;
}

/** Whether Bellows has made an entity for a server. */
export function isMadeForServer(metadata: MonitoringMetadata | undefined): boolean {
  return metadata?.[MARKS.server] !== undefined;
}

/** An alarm in the contract's words. It orders its policies when a server's state changes to CRITICAL, and not again while that lasts. */
export function alarmOf(anchor: Anchor, wired: readonly WiredAlarm[]): Alarm {
  const known = wired.filter(({ state }) => state !== undefined && state.state !== "UNKNOWN");
  const firing = known.filter(({ state }) => state?.state === "CRITICAL" || state?.state === "WARNING");
  const reasons = firing.map(
    ({ view, state }) => `${view.entity.label}: ${state?.status ?? state?.state ?? ""}`,
  );
  return {
    ...anchor.spec,
    id: anchor.id,
    state: firing.length > 0 ? "alarm" : known.length > 0 ? "ok" : "insufficient-data",
    ...(reasons.length === 0 ? {} : { stateReason: reasons.join("; ") }),
    enabled: !anchor.disabled,
    repeats: false,
  };
}
