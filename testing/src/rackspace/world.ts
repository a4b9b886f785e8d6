/** The account that a stand-in keeps: its regions, its time, and how both behave. */
import type { Faults } from "./faults.js";
import { createMonitoringState, type MonitoringState } from "./monitoring-state.js";
import { createRegion, type RegionState } from "./state.js";
import { createTimeline, type Timeline } from "./timeline.js";

/** The account: Rackspace calls it a tenant. */
export const TENANT = "123456";
/** Its user. */
export const USERNAME = "tester";
/** That user's API key. */
export const API_KEY = "key";
/** That user's password. */
export const PASSWORD = "password";

/** How the stand-in behaves; spans are in milliseconds. */
export interface RackspaceBehaviour {
  /** From a server's creation until it is ACTIVE, or ERROR (default 0). */
  buildMs: number;
  /** From a server's deletion until it is gone (default 0). */
  deleteMs: number;
  /** Most servers that the account may have (default 200). */
  maxServers: number;
  /** How long a token is good for (default 24 hours). */
  tokenMs: number;
  /** From a balancer's creation until it is ACTIVE (default 0). */
  balancerBuildMs: number;
  /** From a change of a balancer until it takes another (default 0). */
  balancerUpdateMs: number;
  /** From a balancer's deletion until it is gone (default 0). */
  balancerDeleteMs: number;
  /** Most balancers of a region (default 25). */
  maxBalancers: number;
  /** Most nodes of a balancer (default 25). */
  maxNodes: number;
  /** From the addition of a node until the health monitor has looked at it (default 0). */
  nodeCheckMs: number;
  /** Between two looks of Autoscale at a group that is not settled (default 100; Rackspace's are 30 s apart). */
  convergeMs: number;
  /** The same for one that is settled or has failed (default 1,000; Rackspace's are 300 s apart). */
  selfHealMs: number;
  /** Where the generated part of Autoscale's server names stands (default `prefix`; Rackspace has had both). */
  serverNames: "prefix" | "suffix";
}

/** What all services share. */
export interface World extends Timeline {
  readonly behaviour: RackspaceBehaviour;
  readonly regions: ReadonlyMap<string, RegionState>;
  readonly faults: Faults;
  readonly monitoring: MonitoringState;
  /** Where a service is, without a slash at the end: `url("servers/DFW/v2")`. */
  url(path: string): string;
  /** A new UUID. */
  uuid(): string;
  /** A new number, unique in the account. */
  number(): number;
  /** Tokens that are good, and until when, in milliseconds since the epoch. */
  readonly tokens: Map<string, number>;
}

/** One region, as a request to it sees it. */
export interface Place {
  readonly world: World;
  readonly region: string;
  readonly state: RegionState;
}

/** What a world is made from. */
export interface WorldParts {
  behaviour: RackspaceBehaviour;
  regions: readonly string[];
  faults: Faults;
  clock: () => number;
  /** Where the stand-in listens. */
  base: () => string;
}

/** Makes an account with nothing in it. */
export function createWorld({ behaviour, regions, faults, clock, base }: WorldParts): World {
  let last = 0;
  return {
    ...createTimeline(clock),
    behaviour,
    faults,
    monitoring: createMonitoringState(),
    regions: new Map(regions.map((name) => [name, createRegion()])),
    tokens: new Map(),
    url: (path) => `${base()}/${path}`,
    uuid: () => `${(++last).toString(16).padStart(8, "0")}-0000-4000-8000-000000000000`,
    number: () => ++last,
  };
}

/** A time as every service writes it. */
export function isoOf(atMs: number): string {
  return new Date(atMs).toISOString();
}

/** The same without milliseconds, as Cloud Servers and Cloud Load Balancers write it. */
export function isoSecondsOf(atMs: number): string {
  return isoOf(atMs).replace(/\.\d+Z$/, "Z");
}
