import { type GroupSpec, isBellowsError } from "@bellows/core";
import { describe, expect, it } from "vitest";
import { checkSpec, createFields } from "./group-spec.js";

/** Any time. */
const NOW_MS = Date.UTC(2030, 0, 1);

const spec = (more: Partial<GroupSpec> = {}): GroupSpec => ({
  name: "web",
  min: 1,
  max: 4,
  launch: { image: "ami-1", size: "t3.micro" },
  ...more,
});

/** The error of a spec that is refused: its class and its faults. */
function refusal(more: Partial<GroupSpec>): [string, string[]] {
  try {
    checkSpec(spec(more), NOW_MS);
  } catch (error) {
    if (isBellowsError(error))
      return [error.code, error.message.replace(/^.*cannot be made: /, "").split("; ")];
  }
  return ["", []];
}

describe("a spec", () => {
  it.each<[Partial<GroupSpec>, string, RegExp]>([
    [{ min: 5 }, "config", /^min: min is greater than max$/],
    [{ desired: 9 }, "limit", /outside its bounds 1 to 4/],
    [{ name: "a b" }, "config", /^name: /],
    [{ name: " " }, "config", /^name: must not be blank/],
    [{ cooldownMs: 1 }, "config", /^cooldownMs: must be whole seconds$/],
    [{ launch: { image: "ami-1" } }, "config", /^launch: needs a size/],
    [
      { native: { healthCheckGrace: "1500ms" } },
      "config",
      /^native.healthCheckGrace: must be whole seconds$/,
    ],
    [{ native: { maxInstanceLifetime: "1h" } }, "config", /^native.maxInstanceLifetime: /],
    [{ native: { suspended: ["Lunch"] } }, "config", /did you mean "Launch"\?$/],
    [{ metadata: { "bellows:x": "1" } }, "config", /^metadata.bellows:x: /],
    [
      { metadata: Object.fromEntries(Array.from({ length: 48 }, (_, index) => [`k${index}`, "v"])) },
      "config",
      /^metadata: at most 46 keys/,
    ],
    [
      { policies: [{ name: "up", engine: "bellows", adjust: { change: 1 } }] },
      "config",
      /^policies.0: policy up cannot be kept by AWS: engine: bellows/,
    ],
    [{ policies: [{ name: "up", adjust: { change: 0 } }] }, "config", /^policies.0/],
  ])("with %j is refused", (more, code, message) => {
    const [was, [first]] = refusal(more);
    expect([was, first]).toEqual([code, expect.stringMatching(message)]);
  });

  it("tells all its faults at once", () =>
    expect(refusal({ min: -1, name: "a:b", cooldownMs: 1_500, native: { odd: 1 } })[1]).toHaveLength(4));

  it("is sent in AWS's words, spans in seconds", () => {
    const native = {
      healthCheckGrace: 90_000,
      instanceWarmup: "2m",
      protectNew: true,
      propagateMetadata: true,
    };
    const checked = checkSpec(
      spec({ cooldownMs: 60_000, subnets: ["s-2", "s-1"], metadata: { a: "1" }, owner: "p/web", native }),
      0,
    );
    expect(createFields(checked, [])).toEqual({
      AutoScalingGroupName: "web",
      MinSize: 1,
      MaxSize: 4,
      DesiredCapacity: 1,
      DefaultCooldown: 60,
      VPCZoneIdentifier: "s-1,s-2",
      HealthCheckGracePeriod: 90,
      DefaultInstanceWarmup: 120,
      NewInstancesProtectedFromScaleIn: true,
      Tags: [
        tag("a", "1", true),
        tag("bellows:spec", checked.digest, false),
        tag("bellows:owner", "p/web", false),
      ],
    });
  });

  it.each<[Partial<GroupSpec>, Partial<GroupSpec>, boolean]>([
    [{}, { desired: 1 }, true],
    [{ zones: ["a", "b"] }, { zones: ["b", "a"] }, true],
    [{ loadBalancers: ["lb"] }, { loadBalancers: [{ id: "lb" }] }, true],
    [{ native: { healthCheckGrace: "1m" } }, { native: { healthCheckGrace: 60_000 } }, true],
    [{ metadata: { a: "1", b: "2" } }, { metadata: { b: "2", a: "1" } }, true],
    [{}, { max: 5 }, false],
    [{}, { launch: { image: "ami-2", size: "t3.micro" } }, false],
    [{ owner: "p/a" }, { owner: "p/b" }, false],
  ])("of %j and that of %j are equal: %s", (one, other, equal) =>
    expect(checkSpec(spec(one), NOW_MS).digest === checkSpec(spec(other), NOW_MS).digest).toBe(equal),
  );
});

function tag(Key: string, Value: string, PropagateAtLaunch: boolean) {
  return { ResourceId: "web", ResourceType: "auto-scaling-group", Key, Value, PropagateAtLaunch };
}
