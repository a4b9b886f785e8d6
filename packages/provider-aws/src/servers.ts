/**
 * Instances of EC2 as plain servers, for groups that core keeps.
 *
 * Note [Once]: AWS makes one instance for a token, as long as it remembers it; a label tells of the key for ever. A
 * create looks for the label, then calls with the token: what the look does not show yet, the token does.
 */
import type { Instance } from "@aws-sdk/client-ec2";
import {
  type CallOptions,
  ConfigError,
  delay,
  type Host,
  isBellowsError,
  type Metadata,
  NotFoundError,
  type Page,
  pages,
  resolveRef,
  type Server,
  type ServerSpec,
  type ServersDriver,
} from "@bellows/core";
import type { Aws, Call } from "./client.js";
import { READ_AFTER_WRITE_MS } from "./group-recent.js";
import { launchSchema } from "./launch-schema.js";
import type { AwsLaunch } from "./launch-words.js";
import {
  isEnded,
  KEY_LABEL,
  labelFaults,
  labelFilters,
  runRequest,
  serverLaunchFaults,
  serverOf,
} from "./server-map.js";

/** The servers driver of AWS. AWS tells nobody when a server has changed. */
export type AwsServers = Required<Omit<ServersDriver, "onChange">>;

/** Most instances of one answer. @see docs.aws.amazon.com, DescribeInstances */
const PER_CALL = 1_000;
const INSTANCE_ID = /^i-[0-9a-f]{8,17}$/;
/** First pause before an instance that AWS does not know yet is asked for again. @see docs.aws.amazon.com, Eventual consistency in the EC2 API */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8_000;

interface Context {
  aws: Aws;
  host: Host;
  /** Until when AWS may not know a server that this connection has made, by its id. */
  young: Map<string, number>;
}

/** Makes the servers driver. */
export function createServers(aws: Aws, host: Host): AwsServers {
  const context: Context = { aws, host, young: new Map() };
  const making = new Map<string, Promise<Server>>();
  return {
    async *list({ labels = {} } = {}, options) {
      const call = callOf("list", undefined, options);
      call.signal?.throwIfAborted();
      for await (const instance of instances(aws, labelFilters(labels), call)) yield serverOf(instance);
    },
    create(spec, options) {
      const running = making.get(spec.idempotencyKey);
      if (running !== undefined) return running;
      const made = create(context, spec, callOf("create", spec.name, options)).finally(() =>
        making.delete(spec.idempotencyKey),
      );
      making.set(spec.idempotencyKey, made);
      return made;
    },
    async get(ref, options) {
      return serverOf(await find(context, ref, callOf("get", ref, options)));
    },
    delete: (ref, options = {}) => end(context, ref, options.graceMs, callOf("delete", ref, options)),
    label: (ref, labels, options) => label(context, ref, labels, callOf("label", ref, options)),
  };
}

function callOf(method: string, resource: string | undefined, options: CallOptions = {}): Call {
  return { operation: `servers.${method}`, resource, signal: options.signal };
}

/** Instances that pass all of these filters, a thousand a call. */
function instances(
  aws: Aws,
  Filters: { Name?: string; Values?: string[] }[],
  call: Call,
): AsyncGenerator<Instance, void, undefined> {
  return pages<Instance>(
    async (NextToken): Promise<Page<Instance>> => {
      const input = { Filters: Filters.length === 0 ? undefined : Filters, MaxResults: PER_CALL, NextToken };
      const answer = await aws.ec2((sdk) => new sdk.DescribeInstancesCommand(input), call);
      const items = (answer.Reservations ?? []).flatMap(({ Instances = [] }) => Instances);
      return { items, next: answer.NextToken };
    },
    { signal: call.signal },
  );
}

async function create(context: Context, spec: ServerSpec, call: Call): Promise<Server> {
  const { aws, host, young } = context;
  call.signal?.throwIfAborted();
  const launch = checked(spec, call);
  let earlier: Instance | undefined;
  for await (const found of instances(aws, labelFilters({ [KEY_LABEL]: spec.idempotencyKey }), call)) {
    if (!isEnded(found)) return serverOf(found);
    if ((found.LaunchTime ?? 0) >= (earlier?.LaunchTime ?? 0)) earlier = found;
  }
  const request = runRequest(spec, launch, earlier?.InstanceId);
  const { Instances = [] } = await aws.ec2((sdk) => new sdk.RunInstancesCommand(request), call);
  const made = serverOf(Instances[0] ?? {});
  young.set(made.id, host.clock.monotonic() + READ_AFTER_WRITE_MS);
  return made;
}

/** @throws ConfigError that lists every fault. */
function checked(spec: ServerSpec, { operation }: Call): AwsLaunch {
  const read = launchSchema.safeParse(spec.launch);
  const faults = [
    ...(read.success
      ? serverLaunchFaults(read.data)
      : read.error.issues.map(({ path, message }) => `${["launch", ...path].join(".")}: ${message}`)),
    ...labelFaults(spec.labels),
  ];
  if (read.success && faults.length === 0) return read.data;
  throw new ConfigError(`server ${spec.name} cannot be made: ${faults.join("; ")}`, {
    operation,
    resource: spec.name,
  });
}

/**
 * The instance with that id, else the only one of that name that has not ended. One that was made a moment ago is
 * waited for: AWS may not know it yet.
 */
async function find(context: Context, ref: string, call: Call): Promise<Instance> {
  call.signal?.throwIfAborted();
  const isId = INSTANCE_ID.test(ref);
  const Filters = isId ? [{ Name: "instance-id", Values: [ref] }] : labelFilters({ Name: ref });
  return patiently(context, ref, call, async () => {
    const found: Instance[] = [];
    for await (const instance of instances(context.aws, Filters, call))
      if (isId || !isEnded(instance)) found.push(instance);
    const named = found.map((instance) => ({
      id: instance.InstanceId ?? "",
      name: isId ? undefined : ref,
      instance,
    }));
    if (named.length > 0) return resolveRef(named, ref, "server").instance;
    throw new NotFoundError(`there is no server "${ref}"`, {
      provider: context.aws.key,
      operation: call.operation,
      resource: ref,
      hint: "bellows servers list shows what there is",
    });
  });
}

/** Makes a call about an instance; one that AWS may not know yet is asked for again, with growing pauses. */
async function patiently<T>(
  { host: { clock }, young }: Context,
  id: string,
  { signal }: Call,
  act: () => Promise<T>,
): Promise<T> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
    try {
      return await act();
    } catch (error) {
      const untilMs = young.get(id) ?? Number.NEGATIVE_INFINITY;
      if (!isBellowsError(error, "not-found") || clock.monotonic() + pauseMs > untilMs) throw error;
      await delay(clock, pauseMs, signal);
    }
  }
}

/**
 * Ends an instance. It may take the time that its system takes to shut down, a few minutes at most; with no grace at
 * all it is not asked to.
 */
async function end(context: Context, ref: string, graceMs: number | undefined, call: Call): Promise<void> {
  const { aws } = context;
  call.signal?.throwIfAborted();
  try {
    const id = INSTANCE_ID.test(ref) ? ref : ((await find(context, ref, call)).InstanceId ?? "");
    const input = { InstanceIds: [id], ...(graceMs === 0 ? { SkipOsShutdown: true } : {}) };
    await patiently(context, id, call, () =>
      aws.ec2((sdk) => new sdk.TerminateInstancesCommand(input), call),
    );
    context.young.delete(id);
  } catch (error) {
    if (!isBellowsError(error, "not-found")) throw error;
  }
}

async function label(context: Context, ref: string, labels: Metadata, call: Call): Promise<Server> {
  const { aws } = context;
  const faults = labelFaults(labels);
  if (faults.length > 0)
    throw new ConfigError(faults.join("; "), { operation: call.operation, resource: ref });
  const server = serverOf(await find(context, ref, call));
  const [set, gone] = [true, false].map((kept) =>
    Object.entries(labels).flatMap(([Key, Value]) => ((Value !== "") === kept ? [{ Key, Value }] : [])),
  );
  const Resources = [server.id];
  if (set?.length)
    await patiently(context, server.id, call, () =>
      aws.ec2((sdk) => new sdk.CreateTagsCommand({ Resources, Tags: set }), call),
    );
  // A value beside the key would make AWS delete it only if it has that value.
  const Tags = gone?.map(({ Key }) => ({ Key }));
  if (Tags?.length) await aws.ec2((sdk) => new sdk.DeleteTagsCommand({ Resources, Tags }), call);
  const all = Object.entries({ ...server.labels, ...labels }).filter(([, value]) => value !== "");
  return { ...server, labels: Object.fromEntries(all) };
}
