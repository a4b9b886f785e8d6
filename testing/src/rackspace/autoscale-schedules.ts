/** Policies by the clock: at one time, or at each minute that five cron fields name, in UTC. */
import { isDue } from "../cron.js";
import { execute, requireRunning } from "./autoscale-execution.js";
import { refused } from "./autoscale-form.js";
import type { Group, Policy, PolicyGiven } from "./autoscale-state.js";
import type { Timeline } from "./timeline.js";
import { Refusal } from "./wire.js";
import type { Place } from "./world.js";

const MINUTE_MS = 60_000;

/** @throws Refusal for arguments that do not go with the type, for a time that is past, and for six cron fields. */
export function requireSchedule({ world }: Place, { type, args }: PolicyGiven): void {
  if (type === "webhook" || args === undefined) return;
  if (type === "cloud_monitoring") throw refused("ValidationError", "cloud_monitoring policy disabled");
  const { at, cron, ...others } = args;
  if (Object.keys(others).length > 0 || (at === undefined) === (cron === undefined))
    throw refused("ValidationError", "Incorrect args for schedule policy");
  if (cron !== undefined) return requireCron(String(cron));
  const atMs = typeof at === "string" && at.endsWith("Z") ? Date.parse(at) : Number.NaN;
  if (Number.isNaN(atMs)) throw refused("ValidationError", `Error parsing "${String(at)}" datetime`);
  if (atMs <= world.now())
    throw refused("ValidationError", `Invalid "${String(at)}" datetime: It must be in the future`);
}

function requireCron(written: string): void {
  const fields = written.trim().split(/\s+/);
  if (fields.length === 6)
    throw refused("ValidationError", `Invalid "${written}" cron entry: Seconds not allowed`);
  if (fields.length !== 5 || !fields.every((field) => /^[\d*/,-]+$/.test(field)))
    throw refused("ValidationError", `Invalid "${written}" cron entry`);
}

/** Sets a policy's clock, in place of the one it had. */
export function schedule(place: Place, group: Group, policy: Policy): void {
  const version = ++policy.version;
  const { at, cron } = policy.given.args ?? {};
  const isAlive = (): boolean =>
    policy.version === version && !group.isDeleting && group.policies.includes(policy);
  const run = (): void => {
    if (isAlive()) fire(place, group, policy);
  };
  if (typeof at === "string") place.world.after(Date.parse(at) - place.world.now(), run);
  if (typeof cron === "string")
    everyMinute(place.world, isAlive, () => isDue(cron, place.world.now()) && run());
}

function everyMinute(world: Timeline, isAlive: () => boolean, look: () => void): void {
  world.after(MINUTE_MS - (world.now() % MINUTE_MS), () => {
    if (!isAlive()) return;
    look();
    everyMinute(world, isAlive, look);
  });
}

/** A run that is refused (cooldown, paused, no change) is only logged there. */
function fire(place: Place, group: Group, policy: Policy): void {
  try {
    requireRunning(group, `execute policy ${policy.id}`);
    execute(place, group, policy);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
  }
}
