/**
 * Sizes that AWS has acknowledged lately.
 *
 * Note [Old reads]: a read soon after a write may show what was before. Nothing is refused, and nothing called
 * unchanged, for a read that may be old: it must be so by the read and by our own last write. Where the two differ
 * AWS is asked to do it, and decides.
 */
import type { AutoScalingGroup } from "@aws-sdk/client-auto-scaling";
import type { Clock } from "@bellows/core";

/** How long a read may lag behind an acknowledged write, in milliseconds; also the provider's capability. */
export const READ_AFTER_WRITE_MS = 60_000;

/** The sizes of a group. */
export type Sizes = Partial<Pick<AutoScalingGroup, "MinSize" | "MaxSize" | "DesiredCapacity">>;

/** What this connection wrote lately. */
export interface RecentSizes {
  /** Notes what AWS has acknowledged. */
  wrote(group: string, sizes: Sizes): void;
  forget(group: string): void;
  /** A group as it was read, and, if a later write of ours may be missing in it, as that made it. */
  viewsOf(group: AutoScalingGroup): [AutoScalingGroup, ...AutoScalingGroup[]];
}

/** Makes the memory of a connection. */
export function createRecentSizes(clock: Clock): RecentSizes {
  const written = new Map<string, { sizes: Sizes; untilMs: number }>();
  const lately = (group: string): Sizes | undefined => {
    const entry = written.get(group);
    if (entry === undefined || entry.untilMs > clock.monotonic()) return entry?.sizes;
    written.delete(group);
    return undefined;
  };
  return {
    wrote(group, sizes) {
      if (Object.keys(sizes).length === 0) return;
      written.set(group, {
        sizes: { ...lately(group), ...sizes },
        untilMs: clock.monotonic() + READ_AFTER_WRITE_MS,
      });
    },
    forget: (group) => void written.delete(group),
    viewsOf(group) {
      const sizes = lately(group.AutoScalingGroupName ?? "") ?? {};
      const differs = Object.entries(sizes).some(([key, value]) => Reflect.get(group, key) !== value);
      return differs ? [group, { ...group, ...sizes }] : [group];
    },
  };
}

/** Refuses what every view of a group refuses. @throws what the first one says. */
export function requireByAll(
  views: readonly AutoScalingGroup[],
  check: (view: AutoScalingGroup) => void,
): void {
  const refusals: unknown[] = [];
  for (const view of views) {
    try {
      check(view);
    } catch (error) {
      refusals.push(error);
    }
  }
  if (refusals.length === views.length) throw refusals[0];
}
