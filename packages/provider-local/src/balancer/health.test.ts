import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Health, type HealthEvent, initialHealth, isEager, isServing, nextHealth } from "./health.js";

const thresholds = { healthyCount: 2, unhealthyCount: 3 };
const EVENTS: Record<string, HealthEvent> = {
  p: { type: "pass" },
  f: { type: "fail", reason: "no answer" },
  r: { type: "refused", reason: "connection refused" },
};

function after(events: string, checked = true): Health {
  let health = initialHealth(checked);
  for (const event of events) health = nextHealth(health, EVENTS[event] as HealthEvent, thresholds);
  return health;
}

describe("a member's health", () => {
  it.each([
    ["", "unknown", "a fresh member waits for its first check"],
    ["p", "healthy", "one pass lets a fresh member in"],
    ["fffff", "unknown", "a fresh member that still starts up is not out, only not in"],
    ["ffp", "healthy", "a slow starter is in at its first pass"],
    ["pff", "healthy", "fewer failures than the limit change nothing"],
    ["pfff", "unhealthy", "as many failures as the limit take it out"],
    ["pffpff", "healthy", "a pass between failures starts the count again"],
    ["pfffp", "unhealthy", "one pass does not readmit what has failed"],
    ["pfffpp", "healthy", "as many passes as the limit do"],
    ["pfffpfp", "unhealthy", "and they must follow one another"],
    ["pr", "suspect", "a refused connection takes it out at once"],
    ["prp", "healthy", "one pass clears the suspicion"],
    ["prf", "unhealthy", "one failure confirms it"],
    ["pfffr", "unhealthy", "a refusal tells nothing new about one that is out"],
    ["pfffprp", "unhealthy", "and a refusal ends its row of passes"],
  ] as const)("after %j it is %s: %s", (events, status, _why) => {
    expect(after(events).status).toBe(status);
  });

  it("is trusted from the start where nothing checks it", () => {
    expect(after("", false).status).toBe("healthy");
    expect(after("r", false).status).toBe("suspect");
  });

  it("tells why it is out, and forgets it when it is in", () => {
    expect(after("pfff").reason).toBe("no answer");
    expect(after("pr").reason).toBe("connection refused");
    expect(after("prp").reason).toBeUndefined();
  });

  it("serves only while healthy, and is checked soon while that is undecided", () => {
    const events = fc.string({ unit: fc.constantFrom("p", "f", "r"), maxLength: 30 });
    fc.assert(
      fc.property(events, (sequence) => {
        const health = after(sequence);
        expect(isServing(health)).toBe(health.status === "healthy");
        expect(isServing(health) && isEager(health)).toBe(false);
      }),
    );
  });

  it("comes back from anything after enough passes, and is out of service after enough failures", () => {
    const events = fc.string({ unit: fc.constantFrom("p", "f", "r"), maxLength: 30 });
    fc.assert(
      fc.property(events, (sequence) => {
        expect(isServing(after(`${sequence}pp`))).toBe(true);
        expect(isServing(after(`${sequence}fff`))).toBe(false);
      }),
    );
  });
});
