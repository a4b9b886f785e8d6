import { ConflictError, isBellowsError } from "@bellows/core";
import { describe, expect, it } from "vitest";
import { inBatches } from "./group-context.js";

describe("many things, some a call", () => {
  it("go in batches", async () => {
    const batches: string[][] = [];
    await inBatches(["a", "b", "c"], 2, async (batch) => void batches.push(batch));
    expect(batches).toEqual([["a", "b"], ["c"]]);
  });

  it("when one fails, the error says which are done", async () => {
    const act = (batch: string[]) =>
      batch.includes("c")
        ? Promise.reject(new ConflictError("c is busy", { hint: "wait" }))
        : Promise.resolve();
    const error: unknown = await inBatches(["a", "b", "c"], 2, act).catch((reason: unknown) => reason);
    expect(isBellowsError(error, "conflict") && [error.message, error.hint]).toEqual([
      "c is busy; done before that: a, b",
      "wait",
    ]);
  });
});
