import type { AutoScalingGroup } from "@aws-sdk/client-auto-scaling";
import { manualClock } from "@bellows/core";
import { expect, it } from "vitest";
import { createRecentWrites, READ_AFTER_WRITE_MS, requireByAll } from "./group-recent.js";

const read = (DesiredCapacity: number): AutoScalingGroup =>
  ({ AutoScalingGroupName: "web", MinSize: 0, MaxSize: 4, DesiredCapacity }) as AutoScalingGroup;
const desiredOf = (views: readonly AutoScalingGroup[]) => views.map(({ DesiredCapacity }) => DesiredCapacity);

it("a read that may be older than our own write has a second view, until it shows or its time is up", () => {
  const clock = manualClock();
  const recent = createRecentWrites(clock);
  expect(desiredOf(recent.viewsOf(read(2)))).toEqual([2]);
  recent.wrote("web", { DesiredCapacity: 3 });
  expect(desiredOf(recent.viewsOf(read(2)))).toEqual([2, 3]);
  expect(desiredOf(recent.viewsOf(read(3)))).toEqual([3]);
  clock.advance(READ_AFTER_WRITE_MS);
  expect(desiredOf(recent.viewsOf(read(2)))).toEqual([2]);
});

it("a group that was deleted is forgotten", () => {
  const recent = createRecentWrites(manualClock());
  recent.wrote("web", { DesiredCapacity: 3 });
  recent.wroteMetadata("web", { a: "1" });
  expect(recent.metadataOf("web")).toEqual({ a: "1" });
  recent.forget("web");
  expect(desiredOf(recent.viewsOf(read(2)))).toEqual([2]);
  expect(recent.metadataOf("web")).toBeUndefined();
});

it("only what every view refuses is refused", () => {
  const check = ({ DesiredCapacity = 0 }: AutoScalingGroup): void => {
    if (DesiredCapacity > 2) throw new Error(`${DesiredCapacity} is too many`);
  };
  expect(() => requireByAll([read(2), read(3)], check)).not.toThrow();
  expect(() => requireByAll([read(4), read(3)], check)).toThrow("4 is too many");
});
