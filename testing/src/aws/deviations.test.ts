import { describe, expect, it } from "vitest";
import { type Deviation, MOTO_DEVIATIONS, onMoto, type Register } from "./deviations.js";

describe("what moto does otherwise", () => {
  const known: Deviation = { id: "shape", fact: "The world is round.", tests: ["it is round"] };
  const runOf = (name: string, run: () => Promise<void>): Promise<void> => {
    let registered: () => Promise<void> = async () => undefined;
    const test: Register = (_name, body) => {
      registered = body;
    };
    onMoto(test, [known])(name, run);
    return registered();
  };

  it("is expected to fail", async () => {
    await runOf("it is round", () => Promise.reject(new Error("it is flat")));
  });

  it("fails when moto has been mended, and says which entry goes", async () => {
    await expect(runOf("it is round", async () => undefined)).rejects.toThrow("take shape off the list");
  });

  it("leaves other tests as they are", async () => {
    await runOf("it is big", async () => undefined);
    await expect(runOf("it is big", () => Promise.reject(new Error("small")))).rejects.toThrow("small");
  });

  it("has ids that are told apart", () => {
    const ids = MOTO_DEVIATIONS.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
