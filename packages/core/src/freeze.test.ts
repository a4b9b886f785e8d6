import { describe, expect, it } from "vitest";
import { deepFreeze, freezeAnswers } from "./freeze.js";

class Driver {
  #secret = 1;
  readonly names = ["a"];
  optional?: () => void;
  async get(): Promise<{ inner: { list: number[] } }> {
    return { inner: { list: [this.#secret] } };
  }
  async *list(): AsyncGenerator<{ id: string }> {
    yield { id: "1" };
  }
}

describe("frozen answers", () => {
  it("are frozen through and through, and the driver keeps its own this", async () => {
    const answer = await freezeAnswers(new Driver()).get();
    expect(answer).toEqual({ inner: { list: [1] } });
    expect(Object.isFrozen(answer.inner.list)).toBe(true);
  });

  it("are so item by item in lists", async () => {
    for await (const item of freezeAnswers(new Driver()).list()) expect(Object.isFrozen(item)).toBe(true);
  });

  it("leave methods absent that the driver lacks", () => {
    expect(freezeAnswers(new Driver()).optional).toBeUndefined();
    expect(freezeAnswers(new Driver()).names).toEqual(["a"]);
  });

  it("leave what is no plain data alone", () => {
    const map = new Map([[1, { a: 1 }]]);
    expect(Object.isFrozen(deepFreeze({ map }).map)).toBe(false);
  });
});
