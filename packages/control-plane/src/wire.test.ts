import { expect, test } from "vitest";
import { toWire } from "./wire.js";

test("instants leave as ISO 8601 under their name without its unit, spans stay milliseconds", () => {
  expect(
    toWire({ atMs: 0, launchedAtMs: 1_500, ageMs: 20, list: [{ untilMs: 0, gone: undefined }] }),
  ).toEqual({
    at: "1970-01-01T00:00:00.000Z",
    launchedAt: "1970-01-01T00:00:01.500Z",
    ageMs: 20,
    list: [{ until: "1970-01-01T00:00:00.000Z" }],
  });
});
