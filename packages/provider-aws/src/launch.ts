/** What the new instances of groups are made from. Those that run are never touched. */
import { isDeepStrictEqual } from "node:util";
import {
  type CallOptions,
  ConfigError,
  type Host,
  type LaunchConfiguration,
  type LaunchDriver,
  type Metadata,
  type Ref,
} from "@bellows/core";
import type { Aws, Call } from "./client.js";
import { type LaunchContext, pointGroup, readGroup } from "./launch-change.js";
import { defined } from "./launch-data.js";
import { launchHistory, rollBack } from "./launch-history.js";
import { launchWordsOf, prepareLaunch } from "./launch-pointer.js";
import { launchSchema } from "./launch-schema.js";
import { deleteStanding, shownLaunch, standingLaunches } from "./launch-standalone.js";
import type { AwsLaunch } from "./launch-words.js";
import { createTurns } from "./making.js";

/** The launch driver of AWS: it has everything that the contract has. */
export type AwsLaunches = Required<LaunchDriver>;

/** Makes the launch driver. Changes of one group wait for each other, so that none starts from what another replaces. */
export function createLaunch(aws: Aws, host: Host): AwsLaunches {
  const context: LaunchContext = { aws, host, written: new Map() };
  const inTurn = createTurns();

  const rewrite = (
    ref: Ref,
    call: Call,
    change: (before: AwsLaunch) => unknown,
    keepsMix = true,
  ): Promise<AwsLaunch> =>
    inTurn(ref, async () => {
      call.signal?.throwIfAborted();
      const group = await readGroup(context, ref, call);
      const before = await launchWordsOf(aws, group, call);
      const launch = checked(change(before), ref, call);
      if (isDeepStrictEqual(launch, before)) return launch;
      const now = keepsMix ? group : { ...group, MixedInstancesPolicy: undefined };
      await pointGroup(context, group, await prepareLaunch(aws, ref, launch, call, now), call);
      return launch;
    });

  const withMetadata = async (
    ref: Ref,
    call: Call,
    change: (before: Metadata) => Metadata,
  ): Promise<Metadata> =>
    (await rewrite(ref, call, (before) => ({ ...before, metadata: change(before.metadata ?? {}) })))
      .metadata ?? {};

  return {
    async get(ref, options) {
      const call = callOf("get", ref, options);
      return launchWordsOf(aws, await readGroup(context, ref, call), call);
    },
    async set(ref, launch, options) {
      const call = callOf("set", ref, options);
      checked(launch, ref, call);
      return rewrite(ref, call, () => launch, false);
    },
    patch: (ref, patch, options) =>
      rewrite(ref, callOf("patch", ref, options), (before) => patched(before, patch)),
    metadata: {
      merge: (ref, metadata, options) =>
        withMetadata(ref, callOf("metadata.merge", ref, options), (before) => ({ ...before, ...metadata })),
      replace: (ref, metadata, options) =>
        withMetadata(ref, callOf("metadata.replace", ref, options), () => metadata),
    },
    history: (ref, options) => launchHistory(context, ref, callOf("history", ref, options)),
    rollback: (ref, version, options) =>
      inTurn(ref, () => rollBack(context, ref, version, callOf("rollback", ref, options))),
    async *list(options) {
      for await (const one of standingLaunches(aws, callOf("list", undefined, options)))
        yield shownLaunch(one);
    },
    delete: (ref, options) => deleteStanding(aws, ref, callOf("delete", ref, options)),
  };
}

function callOf(method: string, resource: string | undefined, options: CallOptions = {}): Call {
  return { operation: `launch.${method}`, resource, signal: options.signal };
}

/** Words laid over those that are there; those under `aws` one by one. */
function patched(before: AwsLaunch, patch: Partial<LaunchConfiguration>): unknown {
  const { aws: own, ...common } = patch;
  const isObject = typeof own === "object" && own !== null;
  const aws = isObject ? { ...before.aws, ...defined(own) } : (own ?? before.aws);
  return { ...before, ...defined(common), ...defined({ aws }) };
}

/** @throws ConfigError that lists every fault. */
function checked(launch: unknown, group: Ref, { operation }: Call): AwsLaunch {
  const read = launchSchema.safeParse(launch);
  if (read.success) return read.data;
  const faults = read.error.issues.map(({ path, message }) => `${["launch", ...path].join(".")}: ${message}`);
  throw new ConfigError(`group ${group} cannot be launched so: ${faults.join("; ")}`, {
    operation,
    resource: group,
  });
}
