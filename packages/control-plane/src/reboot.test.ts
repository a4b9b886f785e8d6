import { type Cloud, createMemoryStore, manualClock, silentLogger } from "@bellows/core";
import { expect, test } from "vitest";
import { forgiveReboot } from "./reboot.js";

test("crashes are forgiven once for each restart of the machine, and not at the very first start", async () => {
  const store = createMemoryStore();
  const clock = manualClock(1_000_000);
  let forgiven = 0;
  const cloud = {
    key: "local",
    portable: {
      forgive: async () => {
        forgiven += 1;
      },
    },
  } as unknown as Cloud;
  const start = async (boot: string): Promise<number> => {
    await forgiveReboot(store, [cloud], clock, silentLogger, boot);
    return forgiven;
  };
  expect(await start("first")).toBe(0);
  expect(await start("first")).toBe(0);
  expect(await start("second")).toBe(1);
  expect(await start("second")).toBe(1);
  expect(await start("900000")).toBe(2);
  expect(await start("930000")).toBe(2);
});
