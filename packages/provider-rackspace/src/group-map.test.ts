import { describe, expect, it } from "vitest";
import type { Manifest } from "./autoscale.js";
import { groupOf, isSettled, stateOf, statusOf } from "./group-map.js";

const ID = "2747cd20-39cb-443d-9217-53107775ba37";

function manifest(metadata: Record<string, string> = {}): Manifest {
  return {
    id: ID,
    groupConfiguration: { name: "web", cooldown: 120, minEntities: 2, maxEntities: 16, metadata },
    launchConfiguration: {
      type: "launch_server",
      args: {
        server: {},
        loadBalancers: [
          { loadBalancerId: 1234, port: 80 },
          { loadBalancerId: "11111111-2222-4333-8444-555555555555", type: "RackConnectV3" },
        ],
      },
    },
    scalingPolicies: [],
    state: {
      name: "web",
      active: [{ id: "s-1" }, { id: "s-2" }, { id: "s-3" }],
      activeCapacity: 3,
      desiredCapacity: 2,
      pendingCapacity: -1,
      paused: true,
      status: "ACTIVE",
    },
  };
}

describe("a group of Autoscale", () => {
  it("is shown with the user's metadata alone, and what the notes say", () => {
    const metadata = {
      team: "blue",
      "bellows:owner": "shop/web",
      "bellows:spec": "digest",
      "bellows:made": "1900000000000",
      "bellows:tie:1234": "front",
    };
    expect(groupOf(manifest(metadata))).toEqual({
      name: "web",
      id: ID,
      min: 2,
      max: 16,
      desired: 2,
      cooldownMs: 120_000,
      metadata: { team: "blue" },
      loadBalancers: [{ id: "front", port: 80 }, { id: "11111111-2222-4333-8444-555555555555" }],
      zones: [],
      paused: true,
      createdAtMs: 1_900_000_000_000,
      owner: "shop/web",
    });
  });

  it("has the min that it is meant to have, and the most there is for a max", () => {
    const group = manifest({ "bellows:min": "0" });
    group.groupConfiguration.maxEntities = null;
    expect(groupOf(group)).toMatchObject({ min: 0, max: 1_000 });
  });

  it("says that it has stopped, also when it is not said why", () => {
    const group = manifest();
    group.state.status = "ERROR";
    expect(groupOf(group).problems).toEqual(["Autoscale has stopped with an error, and does not say which"]);
    group.state.errors = [{ message: "Servers cannot be created: no quota" }];
    expect(groupOf(group).problems).toEqual(["Servers cannot be created: no quota"]);
  });

  it("counts below zero while it shrinks", () => {
    expect(stateOf(manifest().state)).toEqual({
      activeIds: ["s-1", "s-2", "s-3"],
      activeCapacity: 3,
      desiredCapacity: 2,
      pendingCapacity: -1,
      paused: true,
    });
    expect(isSettled(manifest().state)).toBe(false);
  });

  it("takes the counts of a later look, with the active servers in service", () => {
    const state = { ...manifest().state, active: [{ id: "s-9" }], desiredCapacity: 1 };
    const { group, instances, observedAtMs } = statusOf(manifest(), state, 5);
    expect([group.desired, observedAtMs]).toEqual([1, 5]);
    expect(instances).toEqual([
      {
        id: "s-9",
        group: "web",
        lifecycle: "in-service",
        health: "healthy",
        addresses: [],
        protected: false,
      },
    ]);
  });
});
