/**
 * A model of AWS for what moto lacks or does otherwise (facts/aws.md, section 1), written from section 2 of the same
 * facts: it speaks the wire's own forms, keeps all in memory, and is moved through time by its clock. What moto does
 * rightly both must answer alike: packages/provider-aws/integration/stand-in.itest.ts.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { autoScaling, tickAutoScaling } from "./auto-scaling.js";
import { cloudWatch } from "./cloud-watch.js";
import { tickAlarms } from "./cloud-watch-evaluation.js";
import { ec2 } from "./ec2.js";
import { ec2Places } from "./ec2-places.js";
import { ec2Templates } from "./ec2-templates.js";
import { AwsError, Input } from "./input.js";
import { loadBalancing } from "./load-balancing.js";
import { loadBalancingV2 } from "./load-balancing-v2.js";
import type { RegionState } from "./state.js";
import { sts } from "./sts.js";
import { readCall, type WireAnswer, type WireCall, writeAnswer, writeError } from "./wire.js";
import {
  createWorld,
  type Handler,
  type Handlers,
  type Ids,
  type MovingWorld,
  type StandInBehaviour,
} from "./world.js";

/** How a stand-in starts. */
export interface StandInOptions extends Partial<StandInBehaviour> {
  /** Where its clock starts, in milliseconds since the epoch; then time passes only by `advance`. Default: real time. */
  startAtMs?: number;
}

/** A running stand-in. */
export interface StandIn {
  readonly url: string;
  /** Lets time pass, in milliseconds; what falls due in it is done. */
  advance(ms: number): void;
  /** Its time, in milliseconds since the epoch. */
  now(): number;
  /** How it behaves; may be changed while it runs. */
  readonly behaviour: StandInBehaviour;
  /** All that a region holds, to be looked at and broken by tests. */
  region(name?: string): RegionState;
  /** Calls since the start, by action. */
  calls(): Record<string, number>;
  stop(): Promise<void>;
}

const SERVICES: Readonly<Record<string, Handlers>> = {
  autoscaling: autoScaling,
  ec2: { ...ec2, ...ec2Places, ...ec2Templates },
  "elasticloadbalancing/2012-06-01": loadBalancing,
  "elasticloadbalancing/2015-12-01": loadBalancingV2,
  monitoring: cloudWatch,
  sts,
};

/** What a service does for an action; both kinds of load balancing have one name, and versions that tell them apart. */
function handlerOf({ service, version, action }: WireCall): Handler | undefined {
  return (SERVICES[service] ?? SERVICES[`${service}/${version}`])?.[action];
}

/** Starts a stand-in on a free loopback port. "Returned" means that it answers. */
export async function startStandIn(options: StandInOptions = {}): Promise<StandIn> {
  const { startAtMs, ...given } = options;
  const behaviour: StandInBehaviour = { launchMs: 0, terminateMs: 0, lagMs: 0, tickMs: 1_000, ...given };
  let advancedMs = 0;
  const clock = (): number => (startAtMs ?? Date.now()) + advancedMs;
  const ids: Ids = { last: 0 };
  const worlds = new Map<string, MovingWorld>();
  const calls: Record<string, number> = {};
  const worldOf = (region: string): MovingWorld => {
    let world = worlds.get(region);
    if (world === undefined) {
      world = createWorld(region, behaviour, ids, clock);
      worlds.set(region, world);
      keepTicking(world);
    }
    return world;
  };
  const server = createServer((request, response) => {
    void bodyOf(request)
      .then((body) => {
        const call = readCall(request.headers, body);
        if (call === undefined) return response.writeHead(404).end();
        calls[call.action] = (calls[call.action] ?? 0) + 1;
        return send(response, answer(worldOf(call.region), call, ids));
      })
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    behaviour,
    now: clock,
    advance(ms) {
      advancedMs += ms;
      for (const world of worlds.values()) world.run();
    },
    region: (name = "eu-west-1") => worldOf(name).state,
    calls: () => ({ ...calls }),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function keepTicking(world: MovingWorld): void {
  let lastMs = world.now();
  const tick = (): void => {
    tickAutoScaling(world, lastMs);
    tickAlarms(world);
    lastMs = world.now();
    world.after(world.behaviour.tickMs, tick);
  };
  world.after(world.behaviour.tickMs, tick);
}

const READS = /^(Describe|Get|List)/;

function answer(world: MovingWorld, call: WireCall, ids: Ids): WireAnswer {
  const requestId = `${(++ids.last).toString(16).padStart(8, "0")}-1111-4000-8000-000000000000`;
  world.run();
  try {
    const handler = handlerOf(call);
    if (handler === undefined)
      throw new AwsError("InvalidAction", `The action ${call.action} is not valid for this web service.`);
    const said = handler(READS.test(call.action) ? world.seen() : world, new Input(call.input));
    const written = writeAnswer(call, said, requestId);
    world.run();
    return written;
  } catch (error) {
    const fault = error instanceof AwsError ? error : new AwsError("InternalFailure", String(error), 500);
    return writeError(call, fault, requestId);
  }
}

function send(response: ServerResponse, { status, headers, body }: WireAnswer): void {
  response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) }).end(body);
}

async function bodyOf(message: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
