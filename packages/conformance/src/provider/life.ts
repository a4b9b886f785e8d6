import assert from "node:assert/strict";
import type { Add } from "../tests.js";
import type { ProviderBench } from "./bench.js";

/** What may be left out of a driver. */
const OPTIONAL = {
  groups: [
    "state",
    "metadata",
    "attach",
    "detach",
    "terminate",
    "enterStandby",
    "exitStandby",
    "protect",
    "shutdown",
    "converge",
  ],
  launch: ["metadata", "history", "list", "delete"],
  loadBalancers: ["enableZones", "disableZones", "metadata"],
  webhooks: ["rotate", "metadata"],
  servers: ["get", "label", "onChange"],
} as const;

/** The connection itself. */
export function lifeTests(add: Add, { inWorld, parts }: ProviderBench): void {
  add(
    "it says what it can do, and can do it",
    inWorld(async ({ cloud }) => {
      for (const [noun, methods] of Object.entries(OPTIONAL)) {
        if (!cloud.can(noun)) continue;
        const driver = Reflect.get(cloud, noun) as Record<string, unknown>;
        for (const method of methods)
          assert.equal(cloud.can(`${noun}.${method}`), driver[method] !== undefined, `${noun}.${method}`);
      }
      assert.equal(cloud.can("nonsense"), false);
    }),
  );

  add(
    "its finer facts are numbers that make sense",
    inWorld(async ({ cloud: { capabilities } }) => {
      for (const key of ["readAfterWriteMs", "metricPeriodMs", "buildTimeoutMs"] as const)
        assert.ok(
          Number.isFinite(capabilities[key]) && capabilities[key] >= 0,
          `${key} is ${capabilities[key]}`,
        );
      assert.ok(capabilities.buildTimeoutMs > 0, "nothing can be built in no time");
    }),
  );

  add(
    "the same calls with the group bound do the same",
    inWorld(async (world) => {
      const { name } = await world.group();
      const bound = world.cloud.groups.of(name);
      assert.equal((await bound.get()).name, name);
      assert.equal((await bound.scale(1)).desired, 1);
      await world.settled(name, 1);
    }),
  );

  add(
    "asked for its health it answers, and does not throw",
    inWorld(async ({ cloud }) => {
      for (const { level, text } of await cloud.diagnose())
        assert.ok(["ok", "warning", "error"].includes(level) && text.trim() !== "");
      parts.exercised("diagnose");
    }),
  );

  add(
    "closing it twice is fine, and groups go on",
    inWorld(async (world) => {
      await world.group();
      await world.cloud.close();
      await world.cloud.close();
    }),
  );
}
