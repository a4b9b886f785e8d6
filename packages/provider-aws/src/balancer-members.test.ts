import { describe, expect, it } from "vitest";
import { pickPool, readMember } from "./balancer-members.js";

describe("members", () => {
  it.each([
    ["i-4f8cf126", { id: "i-4f8cf126" }],
    ["i-4f8cf126:8080", { id: "i-4f8cf126", port: 8080 }],
    ["10.0.0.4:8080", { address: "10.0.0.4", port: 8080 }],
    ["[fd00::1]:8080", { address: "fd00::1", port: 8080 }],
    [
      { address: "10.0.0.4", port: 80 },
      { address: "10.0.0.4", port: 80 },
    ],
    [
      { id: "i-4f8cf126", address: "10.0.0.4", port: 80, weight: 1 },
      { id: "i-4f8cf126", address: "10.0.0.4", port: 80 },
    ],
  ])("%j is read", (written, read) => expect(readMember(written)).toEqual(read));

  it("have no weights of their own", () => {
    expect(() => readMember({ address: "10.0.0.4", port: 80, weight: 2 })).toThrow(/weight 2/);
  });

  it("are in the pool that is named, or in the only one", () => {
    const pools = new Map([["default", 1]]);
    expect(pickPool(pools, undefined, "web")).toBe(1);
    expect(() => pickPool(pools, "api", "web")).toThrow(/no pool "api"/);
    pools.set("api", 2);
    expect(pickPool(pools, "api", "web")).toBe(2);
    expect(() => pickPool(pools, undefined, "web")).toThrow(/which pool/);
  });
});
