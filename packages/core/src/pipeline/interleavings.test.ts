import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { GroupsDriver } from "../contracts/group.js";
import type { SimpleAdjust } from "../contracts/policy.js";
import type { StateStore } from "../contracts/state-store.js";
import { rowMetric, specOf, stored, worldOf } from "./line-world.test.js";

/** What people and rounds do to one group, all at the same time. */
type Action = { order: SimpleAdjust } | { round: number } | { edit: number } | { lag: boolean };

const change = fc.integer({ min: -4, max: 4 }).filter((n) => n !== 0);
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 4, arbitrary: change.map((n) => ({ order: { change: n } })) },
  { weight: 1, arbitrary: fc.nat({ max: 10 }).map((n) => ({ order: { desired: n } })) },
  { weight: 3, arbitrary: fc.constantFrom(0, 5, 50).map((queue) => ({ round: queue })) },
  { weight: 1, arbitrary: fc.nat({ max: 10 }).map((n) => ({ edit: n })) },
  { weight: 1, arbitrary: fc.boolean().map((lag) => ({ lag })) },
);

const spec = specOf("web", {
  metrics: [rowMetric("queue")],
  policies: [
    { name: "up", when: "queue > 10", adjust: { change: 1 } },
    { name: "down", when: "queue < 2", adjust: { change: -1 } },
  ],
});

const clamp = (n: number): number => Math.min(10, Math.max(0, n));
const applied = (adjust: SimpleAdjust, from: number): number => {
  if ("desired" in adjust) return clamp(adjust.desired);
  return "change" in adjust ? clamp(from + adjust.change) : from;
};

describe("orders, rounds and edits in any interleaving", () => {
  it("leave what they would have left one after another", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(action, { minLength: 1, maxLength: 12 }),
        async (scheduler, actions) => {
          const world = worldOf([spec], { web: 3 }, 60_000);
          world.table.queue = 5;
          const { cloud } = world;
          const slow =
            <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
            async (...args: A): Promise<R> => {
              await scheduler.schedule(Promise.resolve());
              const result = await call(...args);
              await scheduler.schedule(Promise.resolve());
              return result;
            };
          const driver: GroupsDriver = {
            ...cloud.driver,
            observe: slow(cloud.driver.observe),
            scale: slow(cloud.driver.scale),
          };
          const store: StateStore = { ...world.store, commit: slow(world.store.commit) };
          const line = world.line({ store, driver });
          const chain: { from: number; to: number }[] = [];

          const start = async (one: Action): Promise<void> => {
            if ("lag" in one) {
              if (one.lag) cloud.shown.set("web", cloud.desired.get("web") ?? 0);
              else cloud.shown.delete("web");
            } else if ("round" in one) {
              world.table.queue = one.round;
              await line.once();
            } else if ("edit" in one) {
              await line.enqueue("web", async (acknowledge) => {
                const { desired } = await driver.scale("web", one.edit);
                acknowledge(desired);
              });
            } else {
              const { outcome, record } = await line.order("web", {
                origin: { kind: "manual" },
                adjust: one.order,
              });
              // Refused: while an own step's instances are coming, an order may not shrink.
              expect(["executed", "unchanged", "refused"]).toContain(outcome);
              const isRefused = outcome === "refused";
              expect(record.to).toBe(isRefused ? record.from : applied(one.order, record.from));
            }
          };
          const all = Promise.all(actions.map((one) => start(one)));
          await Promise.all([scheduler.waitFor(all), all]);

          for (const accepted of cloud.accepted) {
            const [from = 0, to = 0] = accepted.slice("web ".length).split(">").map(Number);
            chain.push({ from, to });
          }
          const scaled = (await stored(world.store, "web")).filter(({ action: did }) => did === "scale");
          for (const { from, to, outcomes } of scaled) {
            expect(outcomes.map(({ result }) => result)).toEqual(["done"]);
            expect(chain).toContainEqual({ from, to });
          }
          expect(cloud.desired.get("web")).toBe(chain.at(-1)?.to ?? 3);
          expect(await world.store.get("web", "intent")).toBeUndefined();
        },
      ),
      { numRuns: 150 },
    );
  });
});
