/**
 * A model of the Rackspace Cloud, written from facts/rackspace-api.md: it speaks HTTP, keeps all in memory, is moved
 * through time by its clock, and goes wrong on demand. One account, whose user is `tester`.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type AutoscaleHandler, autoscaleOf } from "./autoscale.js";
import { createFaults, type RackspaceFault, type RackspaceFaultKind } from "./faults.js";
import { createListener } from "./listener.js";
import { createDesk, type MonitoringDesk } from "./monitoring.js";
import type { RegionState } from "./state.js";
import { API_KEY, createWorld, type RackspaceBehaviour, TENANT, USERNAME } from "./world.js";

/** How a stand-in starts. */
export interface RackspaceOptions extends Partial<RackspaceBehaviour> {
  /** Where its clock starts, in milliseconds since the epoch; then time passes only by `advance`. Default: real time. */
  startAtMs?: number;
  /** Its regions (default DFW and ORD); the first is the user's own. */
  regions?: readonly string[];
  /** Seed of the faults' dice (default 1). */
  seed?: number;
  /** Answers in place of the stand-in's own Autoscale. */
  autoscale?: AutoscaleHandler;
}

/** A running stand-in. */
export interface RackspaceStandIn {
  readonly url: string;
  /** Cloud Identity v2.0, as providers are configured with it. */
  readonly identityUrl: string;
  readonly username: string;
  readonly apiKey: string;
  readonly tenant: string;
  /** Options of the provider for the first region. */
  readonly providerOptions: { region: string; username: string; apiKey: string; identityUrl: string };
  /** Lets time pass, in milliseconds; what falls due in it is done. */
  advance(ms: number): void;
  /** Its time, in milliseconds since the epoch. */
  now(): number;
  /** How it behaves; may be changed while it runs. */
  readonly behaviour: RackspaceBehaviour;
  /** All that a region holds now, to be looked at and broken by tests (default: the first region). */
  region(name?: string): RegionState;
  /** Cloud Monitoring, which is told what checks find. */
  readonly monitoring: MonitoringDesk;
  /** Replaces the faults. */
  setFaults(...faults: RackspaceFault[]): void;
  /** Faults that happened since the start or {@link RackspaceStandIn.forget}, by kind. */
  faults(): Partial<Record<RackspaceFaultKind, number>>;
  /** Every token that is out is good no more. */
  revokeTokens(): void;
  /** Calls since the start or {@link RackspaceStandIn.forget}, by operation; those that failed count. */
  calls(): Record<string, number>;
  /** Starts counting anew. */
  forget(): void;
  stop(): Promise<void>;
}

const USUAL: RackspaceBehaviour = {
  buildMs: 0,
  deleteMs: 0,
  maxServers: 200,
  tokenMs: 86_400_000,
  balancerBuildMs: 0,
  balancerUpdateMs: 0,
  balancerDeleteMs: 0,
  maxBalancers: 25,
  maxNodes: 25,
  nodeCheckMs: 0,
  convergeMs: 100,
  selfHealMs: 1_000,
  serverNames: "prefix",
};

/** Starts a stand-in on a free loopback port. "Returned" means that it answers. */
export async function startRackspace(options: RackspaceOptions = {}): Promise<RackspaceStandIn> {
  const { startAtMs, regions = ["DFW", "ORD"], seed = 1, autoscale, ...given } = options;
  const [home = "DFW"] = regions;
  let advancedMs = 0;
  let url = "";
  const behaviour = { ...USUAL, ...given };
  const faults = createFaults(seed);
  const clock = (): number => (startAtMs ?? Date.now()) + advancedMs;
  const world = createWorld({ behaviour, regions, faults, clock, base: () => url });
  const { listener, calls, forget } = createListener(world, autoscaleOf(autoscale));
  const server = createServer(listener);
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const identityUrl = `${url}/v2.0`;
  return {
    url,
    identityUrl,
    username: USERNAME,
    apiKey: API_KEY,
    tenant: TENANT,
    providerOptions: { region: home, username: USERNAME, apiKey: API_KEY, identityUrl },
    behaviour,
    now: clock,
    advance(ms) {
      advancedMs += ms;
      world.run();
    },
    region(name = home) {
      const found = world.regions.get(name);
      if (found === undefined) throw new RangeError(`there is no region ${name}`);
      world.run();
      return found;
    },
    monitoring: createDesk(world),
    setFaults: (...rules) => faults.set(rules),
    faults: faults.counts,
    revokeTokens: () => world.tokens.clear(),
    calls,
    forget() {
      forget();
      faults.forget();
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
