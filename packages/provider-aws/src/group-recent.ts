/**
 * What AWS has acknowledged lately.
 *
 * Note [Old reads]: a read soon after a write may show what was before. Nothing is refused, and nothing called
 * unchanged, for a read that may be old: it must be so by the read and by our own last write. Where the two differ
 * AWS is asked to do it, and decides. Metadata that our last write left counts as there, so that a replacement takes it
 * away even where the read does not show it yet.
 */
import type { AutoScalingGroup } from "@aws-sdk/client-auto-scaling";
import type { Clock, Metadata } from "@bellows/core";

/** How long a read may lag behind an acknowledged write, in milliseconds; also the provider's capability. */
export const READ_AFTER_WRITE_MS = 60_000;

/** The sizes of a group. */
export type Sizes = Partial<Pick<AutoScalingGroup, "MinSize" | "MaxSize" | "DesiredCapacity">>;

/** What this connection wrote lately. */
export interface RecentWrites {
  /** Notes sizes that AWS has acknowledged. */
  wrote(group: string, sizes: Sizes): void;
  /** Notes all metadata that AWS has acknowledged. */
  wroteMetadata(group: string, metadata: Metadata): void;
  /** Forgets a group that is deleted: another may get its name. */
  forget(group: string): void;
  /** A group as it was read, and, if a later write of ours may be missing in it, as that made it. */
  viewsOf(group: AutoScalingGroup): [AutoScalingGroup, ...AutoScalingGroup[]];
  /** All metadata as our last write made it; undefined where that is long ago. */
  metadataOf(group: string): Metadata | undefined;
}

/** Makes the memory of a connection. */
export function createRecentWrites(clock: Clock): RecentWrites {
  const sizes = createShortMemory<Sizes>(clock);
  const metadata = createShortMemory<Metadata>(clock);
  return {
    wrote(group, written) {
      if (Object.keys(written).length > 0) sizes.set(group, { ...sizes.get(group), ...written });
    },
    wroteMetadata: metadata.set,
    forget(group) {
      sizes.delete(group);
      metadata.delete(group);
    },
    viewsOf(group) {
      const written = sizes.get(group.AutoScalingGroupName ?? "") ?? {};
      const differs = Object.entries(written).some(([key, value]) => Reflect.get(group, key) !== value);
      return differs ? [group, { ...group, ...written }] : [group];
    },
    metadataOf: metadata.get,
  };
}

/** Keeps things by key for as long as a read may lag behind a write. */
function createShortMemory<T>(clock: Clock) {
  const kept = new Map<string, { value: T; untilMs: number }>();
  return {
    get(key: string): T | undefined {
      const entry = kept.get(key);
      if (entry !== undefined && entry.untilMs <= clock.monotonic()) kept.delete(key);
      return kept.get(key)?.value;
    },
    set: (key: string, value: T) =>
      void kept.set(key, { value, untilMs: clock.monotonic() + READ_AFTER_WRITE_MS }),
    delete: (key: string) => void kept.delete(key),
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
