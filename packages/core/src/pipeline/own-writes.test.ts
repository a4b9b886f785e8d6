import { describe, expect, it } from "vitest";
import { manualClock } from "../clock.js";
import type { Observation } from "../contracts/group.js";
import { createOwnWrites, type OwnWrites } from "./own-writes.js";

const shows = (desired: number): Observation =>
  ({ status: { group: { desired }, instances: [], observedAtMs: 0 } }) as unknown as Observation;
const laid = (writes: OwnWrites, ticket: number, desired: number): number | undefined => {
  const read = { group: "web", observation: shows(desired), ticket, readAfterWriteMs: 1_000 };
  const seen = writes.lay(read);
  return "status" in seen ? seen.status.group.desired : undefined;
};

describe("own writes over reads", () => {
  it("count for reads that began before them, however late those are used", () => {
    const writes = createOwnWrites(manualClock());
    const early = writes.draw();
    writes.acknowledge("web", 10);
    const later = writes.draw();
    expect(laid(writes, later, 10)).toBe(10);
    expect(laid(writes, early, 8)).toBe(10);
  });

  it("give way to what others did, once a later read has shown them", () => {
    const writes = createOwnWrites(manualClock());
    writes.acknowledge("web", 10);
    const later = writes.draw();
    expect(laid(writes, later, 8)).toBe(10);
    expect(laid(writes, later, 10)).toBe(10);
    expect(laid(writes, later, 7)).toBe(7);
  });

  it("give way once a cloud has had its time to show them", () => {
    const clock = manualClock();
    const writes = createOwnWrites(clock);
    const early = writes.draw();
    writes.acknowledge("web", 10);
    clock.advance(1_000);
    expect(laid(writes, writes.draw(), 7)).toBe(7);
    expect(laid(writes, early, 8)).toBe(10);
  });
});
