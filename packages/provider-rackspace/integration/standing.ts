import { type Clock, type ConnectSettings, connect, createHost, systemClock } from "@bellows/core";
import type { RackspaceStandIn } from "@bellows/testing";
import { createRackspace, type Rackspace } from "../src/client.js";
import provider from "../src/index.js";
import { optionsSchema, type RackspaceOptions } from "../src/options.js";

/** Options for a stand-in, with some of them changed. */
export function optionsFor(
  standIn: RackspaceStandIn,
  more: Partial<RackspaceOptions> = {},
): RackspaceOptions {
  return optionsSchema.parse({ ...standIn.providerOptions, ...more });
}

/** This machine's clock with the time of day of a stand-in. */
export function clockOf(standIn: RackspaceStandIn): Clock {
  return { ...systemClock, now: () => standIn.now() };
}

/** The bare client. */
export function clientOf(standIn: RackspaceStandIn, more: Partial<RackspaceOptions> = {}): Rackspace {
  return createRackspace(
    optionsFor(standIn, more),
    createHost({ key: "rackspace", clock: clockOf(standIn) }),
  );
}

/** The provider, connected as a library's user does it, without a store. */
export function connected(
  standIn: RackspaceStandIn,
  more: Partial<RackspaceOptions> = {},
  settings: ConnectSettings = {},
) {
  return connect(provider, optionsFor(standIn, more), { clock: clockOf(standIn), ...settings });
}
