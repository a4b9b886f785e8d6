import { describe, expect, it } from "vitest";
import { balancerPairs, classicAttributes } from "./balancer-attributes.js";
import { classicWords, wordsOfBalancer } from "./balancer-words.js";

describe("what only AWS has of a balancer", () => {
  const words = {
    crossZone: true,
    idleTimeout: 120_000,
    accessLog: { bucket: "logs", prefix: "front" },
  };

  it("reads back as it was told, of a classic one", () => {
    const native = { ...words, accessLog: { ...words.accessLog, interval: 300_000 } };
    const description = { Scheme: "internal", SecurityGroups: ["sg-1"] };
    expect(classicWords(description, classicAttributes(native, undefined))).toEqual({
      ...native,
      scheme: "internal",
      securityGroups: ["sg-1"],
    });
    expect(classicWords({}, classicAttributes({ accessLog: false }, undefined))).toEqual({
      accessLog: false,
    });
  });

  it("reads back as it was told, of the others", () => {
    const { crossZone: _, ...native } = { ...words, http2: false, deletionProtection: true };
    expect(wordsOfBalancer({ Scheme: "internet-facing" }, balancerPairs(native, "application"))).toEqual({
      ...native,
      scheme: "internet-facing",
    });
    expect(wordsOfBalancer({}, balancerPairs({ crossZone: true }, "network"))).toEqual({ crossZone: true });
  });

  it("is not there where it was not read", () => {
    expect(classicWords({}, undefined)).toEqual({});
    expect(wordsOfBalancer({}, {})).toEqual({});
  });
});
