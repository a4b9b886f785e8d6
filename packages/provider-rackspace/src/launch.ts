/** Launch configurations of Autoscale, which belong to their groups. PUT replaces them whole, so they are read first. */
import {
  type CallOptions,
  ConfigError,
  type LaunchConfiguration,
  type LaunchDriver,
  type Metadata,
  type MetadataDriver,
  type Ref,
} from "@bellows/core";
import type { WireLaunch } from "./autoscale.js";
import type { Call, Rackspace } from "./client.js";
import { requireMetadata } from "./group-config.js";
import { callOf, type GroupContext, inGroup, onGroup } from "./group-context.js";
import { requireTieable, withWireTies } from "./group-ties.js";
import { launchSchema, type RackspaceLaunch } from "./launch-schema.js";
import { launchOf, launchToWire, networkFaults, patchedWire } from "./launch-wire.js";

/** The launch driver of Rackspace. */
export type RackspaceLaunches = Pick<LaunchDriver, "get" | "set" | "patch"> & { metadata: MetadataDriver };

/** Makes the launch driver. Servers that run stay as they are, whatever changes. */
export function createLaunch(context: GroupContext): RackspaceLaunches {
  const { rackspace } = context;
  return {
    get: (ref, options) => {
      const call = callOf("launch.get", ref, options);
      return onGroup(context, ref, call, async (id) => launchOf(await readLaunch(rackspace, id, call)));
    },
    async set(ref, launch, options) {
      const call = callOf("launch.set", ref, options);
      const wanted = launchToWire(checked(launch, call));
      return write(context, ref, call, (old) => {
        const ties = old.args.loadBalancers ?? [];
        requireTieable(wanted, ties.length > 0, call);
        return wanted.type === "launch_server" ? withWireTies(wanted, ties) : wanted;
      });
    },
    async patch(ref, words, options) {
      const call = callOf("launch.patch", ref, options);
      return write(context, ref, call, (old) => patched(old, words, call));
    },
    metadata: createLaunchMetadata(context),
  };
}

async function readLaunch(rackspace: Rackspace, id: string, call: Call): Promise<WireLaunch> {
  const { body } = await rackspace.request<{ launchConfiguration: WireLaunch }>(
    "autoscale",
    `/groups/${id}/launch`,
    call,
  );
  return body.launchConfiguration;
}

/** Replaces a group's launch configuration. */
export async function putLaunch(
  rackspace: Rackspace,
  id: string,
  launch: WireLaunch,
  call: Call,
): Promise<void> {
  await rackspace.request("autoscale", `/groups/${id}/launch`, { ...call, method: "PUT", json: launch });
}

function write(
  context: GroupContext,
  ref: Ref,
  call: Call,
  make: (old: WireLaunch) => WireLaunch,
): Promise<LaunchConfiguration> {
  return inGroup(context, ref, call, async (id) => {
    const launch = make(await readLaunch(context.rackspace, id, call));
    const seen = launchOf(launch);
    const faults = networkFaults(seen, (launch.args.loadBalancers?.length ?? 0) > 0);
    if (faults.length > 0) throw refusal(faults, call);
    await putLaunch(context.rackspace, id, launch, call);
    return seen;
  });
}

/** @throws ConfigError that lists every fault. */
function checked(launch: LaunchConfiguration, call: Call): RackspaceLaunch {
  const read = launchSchema.safeParse(launch);
  if (read.success) return read.data;
  throw refusal(
    read.error.issues.map(({ path, message }) => `${["launch", ...path].join(".")}: ${message}`),
    call,
  );
}

function refusal(faults: readonly string[], { operation, resource = "" }: Call): ConfigError {
  return new ConfigError(faults.join("; "), { operation, resource });
}

/** The words that are given, checked together with those that stay; words under `rackspace` one by one as well. */
function patched(old: WireLaunch, words: Partial<LaunchConfiguration>, call: Call): WireLaunch {
  const before = launchOf(old);
  const given = Object.fromEntries(Object.entries(words).filter(([, value]) => value !== undefined));
  const own = { ...(before.rackspace as object | undefined), ...(given.rackspace as object | undefined) };
  const whole = checked(
    { ...before, ...given, ...(Object.keys(own).length > 0 ? { rackspace: own } : {}) },
    call,
  );
  const changed = Object.fromEntries(
    Object.entries(whole).filter(([word]) => Object.hasOwn(given, word)),
  ) as Partial<RackspaceLaunch>;
  return patchedWire(old, changed);
}

/** Metadata of new servers. */
function createLaunchMetadata(context: GroupContext): MetadataDriver {
  const change = async (
    operation: string,
    ref: Ref,
    given: Metadata,
    options: CallOptions | undefined,
    make: (old: Metadata) => Metadata,
  ): Promise<Metadata> => {
    const call = callOf(operation, ref, options);
    requireMetadata(given, call, () => []);
    let metadata: Metadata = {};
    await write(context, ref, call, (old) => {
      metadata = make(launchOf(old).metadata ?? {});
      return patched(old, { metadata }, call);
    });
    return metadata;
  };
  return {
    merge: (ref, metadata, options) =>
      change("launch.metadata.merge", ref, metadata, options, (old) => ({ ...old, ...metadata })),
    replace: (ref, metadata, options) =>
      change("launch.metadata.replace", ref, metadata, options, () => ({ ...metadata })),
  };
}
