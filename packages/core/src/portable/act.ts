import type { Clock } from "../clock.js";
import type { CallOptions } from "../contracts/common.js";
import type { LaunchConfiguration } from "../contracts/launch.js";
import type { LoadBalancersDriver, NewMember } from "../contracts/load-balancer.js";
import type { Server, ServersDriver } from "../contracts/server.js";
import { InternalError, isBellowsError, UnsupportedError } from "../errors.js";
import type { GroupDefinition } from "./documents.js";
import { readTieKey, tieKey } from "./documents.js";
import type { ConvergenceStep } from "./draft.js";
import { LABELS } from "./labels.js";
import type { StepResult } from "./results.js";

/** What acting on a plan needs. */
export interface Actor {
  clock: Clock;
  servers: ServersDriver;
  loadBalancers?: LoadBalancersDriver;
  /** The launch configuration of a version; `undefined` when it is lost. */
  launch(version: string): Promise<LaunchConfiguration | undefined>;
}

/**
 * Takes the steps of a plan: creates side by side, and after the balancers have let go, the deletions.
 * Never throws: each step has its own result.
 */
export async function act(
  actor: Actor,
  group: GroupDefinition,
  steps: readonly ConvergenceStep[],
  listed: ReadonlyMap<string, Server>,
  options?: CallOptions,
): Promise<StepResult[]> {
  const run = (step: ConvergenceStep): Promise<StepResult[]> => takeStep(actor, group, step, listed, options);
  const all = (kind: ConvergenceStep["kind"]): Promise<StepResult[][]> =>
    Promise.all(steps.filter((step) => step.kind === kind).map(run));
  const [created, attached, left] = await Promise.all([
    all("create"),
    all("attach"),
    all("detach").then(async (detached) => [...detached, ...(await all("delete"))]),
  ]);
  return [...created, ...attached, ...left].flat();
}

async function takeStep(
  actor: Actor,
  group: GroupDefinition,
  step: ConvergenceStep,
  listed: ReadonlyMap<string, Server>,
  options?: CallOptions,
): Promise<StepResult[]> {
  const startedAtMs = actor.clock.now();
  const end = (more: Partial<StepResult>): StepResult[] => [
    { step, startedAtMs, endedAtMs: actor.clock.now(), ...more },
  ];
  try {
    switch (step.kind) {
      case "create":
        return end({ server: await create(actor, group, step, options) });
      case "delete":
        await actor.servers.delete(step.server, options);
        return end({});
      case "detach":
        await balancers(actor).deregister(readTieKey(step.tie).id, step.servers, {
          ...poolOf(step.tie),
          drain: step.drain,
          ...options,
        });
        return end({});
      case "attach":
        await balancers(actor).register(readTieKey(step.tie).id, newMembers(group, step, listed), {
          ...poolOf(step.tie),
          ...options,
        });
        return end({});
    }
  } catch (error) {
    if (step.kind === "attach" && step.servers.length > 1 && isBellowsError(error, "limit")) {
      return oneByOne(actor, group, step, listed, options);
    }
    if (step.kind === "detach" && isBellowsError(error, "not-found")) return end({});
    return end({ error });
  }
}

/** A full balancer still takes as many as fit. */
async function oneByOne(
  actor: Actor,
  group: GroupDefinition,
  step: ConvergenceStep & { kind: "attach" },
  listed: ReadonlyMap<string, Server>,
  options?: CallOptions,
): Promise<StepResult[]> {
  const results: StepResult[] = [];
  for (const server of step.servers) {
    results.push(...(await takeStep(actor, group, { ...step, servers: [server] }, listed, options)));
    if (results.at(-1)?.error !== undefined) break;
  }
  return results;
}

async function create(
  actor: Actor,
  group: GroupDefinition,
  step: ConvergenceStep & { kind: "create" },
  options?: CallOptions,
): Promise<Server> {
  const launch = await actor.launch(step.launch);
  if (launch === undefined) {
    throw new InternalError(`launch version ${step.launch} of group ${group.name} is not in the store`, {
      resource: group.name,
      hint: `set its launch configuration again`,
    });
  }
  return actor.servers.create(
    {
      name: `${launch.serverName ?? group.name}-${step.slot}-${step.generation}`,
      launch,
      labels: labelsOf(group, step),
      idempotencyKey: step.key,
      ...(step.zone === undefined ? {} : { zone: step.zone }),
    },
    options,
  );
}

function labelsOf(
  group: GroupDefinition,
  step: ConvergenceStep & { kind: "create" },
): Record<string, string> {
  return {
    [LABELS.group]: group.name,
    [LABELS.slot]: String(step.slot),
    [LABELS.generation]: String(step.generation),
    [LABELS.key]: step.key,
    [LABELS.launch]: step.launch,
    ...(group.owner === undefined ? {} : { [LABELS.owner]: group.owner }),
  };
}

function newMembers(
  group: GroupDefinition,
  step: ConvergenceStep & { kind: "attach" },
  listed: ReadonlyMap<string, Server>,
): NewMember[] {
  const port = group.loadBalancers.find((tie) => tieKey(tie) === step.tie)?.port;
  return step.servers.map((id) => {
    const address = listed.get(id)?.addresses[0];
    return port === undefined || address === undefined ? id : { id, address, port };
  });
}

function poolOf(tie: string): { pool?: string } {
  const { pool } = readTieKey(tie);
  return pool === undefined ? {} : { pool };
}

function balancers(actor: Actor): LoadBalancersDriver {
  if (actor.loadBalancers) return actor.loadBalancers;
  throw new UnsupportedError("this provider has no load balancers", { operation: "loadBalancers.register" });
}
