import { describe, expect, it } from "vitest";
import { faultIn, mayHaveHappened, type Refusal, refusalError, retold } from "./errors.js";

const about = { provider: "dfw", operation: "groups.get", action: "autoscale GET /groups/a", resource: "a" };

function refused(status: number, body: unknown, headers: Record<string, string> = {}) {
  const refusal: Refusal = { status, headers, body: typeof body === "string" ? body : JSON.stringify(body) };
  return refusalError(refusal, about);
}

describe("the fault in a body", () => {
  it.each<[string, unknown, object]>([
    [
      "of Autoscale",
      { error: { type: "GroupPausedError", code: 403, message: "Cannot execute.", details: "" } },
      { name: "GroupPausedError", words: "Cannot execute" },
    ],
    [
      "of Autoscale, with lines",
      { error: { type: "InvalidLaunchConfiguration", message: "Following problems:\nInvalid a\nInvalid b" } },
      { name: "InvalidLaunchConfiguration", words: "Following problems: Invalid a; Invalid b" },
    ],
    [
      "of Cloud Servers",
      { itemNotFound: { code: 404, message: "Instance could not be found" } },
      { name: "itemNotFound", words: "Instance could not be found" },
    ],
    [
      "of Load Balancers",
      {
        message: "Validation Failure",
        code: 400,
        details: "The object is not valid",
        validationErrors: { messages: ["Node weight is invalid.", "Port is missing"] },
      },
      { words: "Validation Failure; Node weight is invalid.; Port is missing" },
    ],
    [
      "of Load Balancers, as a list",
      { message: ["JSON does not match"], code: 400 },
      { words: "JSON does not match" },
    ],
    [
      "of Monitoring",
      { type: "notFoundError", code: 404, message: "Object does not exist", details: 'Object "enX"' },
      { name: "notFoundError", words: 'Object does not exist; Object "enX"' },
    ],
    [
      "that is text",
      "Quota exceeded for resources: ['network']",
      { words: "Quota exceeded for resources: ['network']" },
    ],
    ["that is a page", "<html><body>Bad Gateway</body></html>", { words: "" }],
    ["that is not there", "", { words: "" }],
    ["that is another thing", [1, 2], { words: "" }],
  ])("%s", (_what, body, fault) => {
    expect(faultIn(typeof body === "string" ? body : JSON.stringify(body))).toEqual(fault);
  });
});

describe("a refusal", () => {
  it.each<[number, unknown, Record<string, string>, object]>([
    [
      403,
      { error: { type: "GroupNotEmptyError" } },
      {},
      { code: "conflict", vendorCode: "GroupNotEmptyError" },
    ],
    [403, { error: { type: "CannotDeleteServerBelowMinError" } }, {}, { code: "limit" }],
    [422, { error: { type: "WebhooksOverLimitError" } }, {}, { code: "limit" }],
    [422, { message: "immutable", code: 422 }, {}, { code: "conflict", vendorCode: "422" }],
    [413, { overLimit: { code: 413 } }, { "retry-after": "7" }, { code: "throttled", retryAfterMs: 7_000 }],
    [413, { message: "Nodes must not exceed 25", code: 413 }, {}, { code: "limit" }],
    [429, { type: "rateLimitReached" }, {}, { code: "throttled", retry: "later" }],
    [400, { type: "limitReached" }, {}, { code: "limit" }],
    [401, "", {}, { code: "authentication" }],
    [410, { message: "The loadbalancer is marked as deleted." }, {}, { code: "not-found" }],
    [418, "", {}, { code: "config" }],
    [502, "<html>", {}, { code: "unavailable", retry: "later" }],
    [501, { error: { type: "NotImplementedError" } }, {}, { code: "unsupported" }],
  ])("%i %j means what its name says, else its status", (status, body, headers, error) => {
    expect(refused(status, body, headers)).toMatchObject(error);
  });

  it("names the call, the thing and the request", () => {
    const error = refused(
      404,
      { error: { type: "NoSuchScalingGroupError", message: "No such scaling group a for tenant 1" } },
      { "x-response-id": "r-1" },
    );
    expect(error).toMatchObject({
      message:
        "Rackspace refused autoscale GET /groups/a: No such scaling group a for tenant 1 (NoSuchScalingGroupError)",
      provider: "dfw",
      operation: "groups.get",
      resource: "a",
      requestId: "r-1",
    });
  });

  it("can be told of another operation, and keeps the rest", () => {
    const told = retold(refused(503, ""), { operation: "groups.create", retry: "after-refresh" });
    expect(told).toMatchObject({ code: "unavailable", operation: "groups.create", resource: "a" });
    expect([mayHaveHappened(told), mayHaveHappened(refused(503, ""))]).toEqual([true, false]);
  });
});
