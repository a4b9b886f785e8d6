/** Alarms of Bellows, found among all that Cloud Monitoring shows. */
import {
  type Alarm,
  type AlarmFilter,
  type CallOptions,
  type PoliciesDriver,
  type Ref,
  resolveRef,
} from "@bellows/core";
import { type Anchor, anchorIn } from "./alarm-map.js";
import type { Call } from "./client.js";
import type { EntityView, Monitoring } from "./monitoring.js";

/** The anchors among all that there is. */
export function anchorsIn(views: readonly EntityView[]): { anchor: Anchor; view: EntityView }[] {
  return views.flatMap((view) => {
    const anchor = anchorIn(view);
    return anchor === undefined ? [] : [{ anchor, view }];
  });
}

/** Which alarms to list. @throws NotFoundError when there is no such policy */
export async function filterOf(
  { policies }: { policies?: Pick<PoliciesDriver, "get"> },
  { namePrefix = "", state, executes, signal }: CallOptions & AlarmFilter,
): Promise<(alarm: Alarm) => boolean> {
  const policy =
    executes && (await policies?.get(executes.group, executes.policy, { ...(signal && { signal }) }));
  return (alarm) =>
    alarm.name.startsWith(namePrefix) &&
    (state === undefined || alarm.state === state) &&
    (executes === undefined ||
      (alarm.executes ?? []).some(
        (one) =>
          [executes.group, policy?.group].includes(one.group) &&
          [executes.policy, policy?.id, policy?.name].includes(one.policy),
      ));
}

/** An alarm, and all that there is beside it. */
export interface Found {
  anchor: Anchor;
  views: EntityView[];
}

/** The alarm with that id, else the only one of that name. */
export async function findAlarm(
  { monitoring }: { monitoring: Monitoring },
  ref: Ref,
  call: Call,
): Promise<Found> {
  const views = await monitoring.overview(call);
  const anchors = anchorsIn(views).map(({ anchor }) => ({ ...anchor, name: anchor.spec.name }));
  return { anchor: resolveRef(anchors, ref, "alarm"), views };
}
