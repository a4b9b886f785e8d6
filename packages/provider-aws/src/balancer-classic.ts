/**
 * Classic balancers. What is to be done is planned in balancer-classic-plan.ts, and done here.
 * @see docs.aws.amazon.com, Elastic Load Balancing API 2012-06-01
 */
import type { LoadBalancerAttributes, LoadBalancerDescription } from "@aws-sdk/client-elastic-load-balancing";
import { ConfigError, type LoadBalancer, type Member, UnsupportedError } from "@bellows/core";
import { classicAttributes, classicDrainMs } from "./balancer-attributes.js";
import {
  type ClassicPlan,
  type ClassicState,
  planClassic,
  toClassicListener,
  wordsOfClassic,
} from "./balancer-classic-plan.js";
import { instancesOf, showClassic, showInstance } from "./balancer-classic-show.js";
import { classicSteps, disableZones, enableZones } from "./balancer-classic-steps.js";
import { type BalancerContext, type OpenBalancer, requireEqual, takeSteps } from "./balancer-context.js";
import { classicNamed } from "./balancer-find.js";
import { isOnOwnPort } from "./balancer-health.js";
import { addressesOf, pickPool, readMember, withInstanceIds } from "./balancer-members.js";
import { DEFAULT_POOL } from "./balancer-names.js";
import { BALANCER_TAGS, makeBalancerTags, type Tag } from "./balancer-tags.js";
import type { Wanted, WantedBalancer } from "./balancer-wanted.js";
import type { Aws, Call } from "./client.js";
import { actOnce, takenBack } from "./making.js";

/** Most balancers whose tags a call tells. @see docs.aws.amazon.com, DescribeTags (2012-06-01) */
const TAGS_A_CALL = 20;

/** Tags of classic balancers by name. */
export async function classicTags(
  aws: Aws,
  names: readonly string[],
  call: Call,
): Promise<Map<string, readonly Tag[]>> {
  const found = new Map<string, readonly Tag[]>();
  for (let start = 0; start < names.length; start += TAGS_A_CALL) {
    const LoadBalancerNames = names.slice(start, start + TAGS_A_CALL);
    const { TagDescriptions } = await aws.elb(
      (sdk) => new sdk.DescribeTagsCommand({ LoadBalancerNames }),
      call,
    );
    for (const { LoadBalancerName = "", Tags = [] } of TagDescriptions ?? [])
      found.set(LoadBalancerName, Tags);
  }
  return found;
}

/** The calls that a classic balancer understands, with its name bound. */
export function openClassic(context: BalancerContext, description: LoadBalancerDescription): OpenBalancer {
  const { aws } = context;
  const LoadBalancerName = description.LoadBalancerName ?? "";
  const registered = new Set((description.Instances ?? []).map(({ InstanceId = "" }) => InstanceId));
  const compare = async (wanted: Wanted, call: Call): Promise<ClassicPlan> =>
    planClassic(await readState(aws, description, partsFor(wanted), call), wanted);
  const pick = (pool: string | undefined): true =>
    pickPool(new Map([[DEFAULT_POOL, true as const]]), pool, LoadBalancerName);
  const health = async (call: Call): Promise<Member[]> => {
    if (registered.size === 0) return [];
    const { InstanceStates = [] } = await aws.elb(
      (sdk) => new sdk.DescribeInstanceHealthCommand({ LoadBalancerName }),
      call,
    );
    return InstanceStates.map((one) => showInstance(one, description, undefined));
  };

  return {
    name: LoadBalancerName,
    id: LoadBalancerName,
    type: "classic",
    outline: () => Promise.resolve(showClassic({ description, tags: [] }, [])),
    async show(call) {
      const all = { tags: true, attributes: true };
      const [now, members] = await Promise.all([readState(aws, description, all, call), health(call)]);
      return showClassic(now, members);
    },
    differences: async (wanted, call) => wordsOfClassic(await compare(wanted, call)),
    async change(wanted, call) {
      const plan = await compare(wanted, call);
      refuse(LoadBalancerName, plan, call);
      await takeSteps(classicSteps(context, LoadBalancerName, plan, call));
    },
    remove: async (call) =>
      void (await aws.elb((sdk) => new sdk.DeleteLoadBalancerCommand({ LoadBalancerName }), call)),
    async members(call, pool) {
      pick(pool);
      const members = await health(call);
      const addresses = await addressesOf(
        aws,
        members.map(({ id }) => id),
        call,
      );
      return members.map((member) => {
        const address = addresses.get(member.id);
        return address === undefined ? member : { ...member, address };
      });
    },
    async register(members, call, pool) {
      pick(pool);
      const asked = members.map(readMember);
      for (const { port } of asked) requirePort(description, port);
      const ids = [...new Set((await withInstanceIds(aws, asked, call)).map(({ id }) => id))];
      const Instances = ids.filter((id) => !registered.has(id)).map((InstanceId) => ({ InstanceId }));
      if (Instances.length > 0)
        await aws.elb(
          (sdk) => new sdk.RegisterInstancesWithLoadBalancerCommand({ LoadBalancerName, Instances }),
          call,
        );
      return ids;
    },
    async deregister(ids, call, pool) {
      pick(pool);
      const Instances = [...new Set(ids)]
        .filter((id) => registered.has(id))
        .map((InstanceId) => ({ InstanceId }));
      if (Instances.length > 0)
        await aws.elb(
          (sdk) => new sdk.DeregisterInstancesFromLoadBalancerCommand({ LoadBalancerName, Instances }),
          call,
        );
    },
    async drainMs(call, pool) {
      pick(pool);
      return classicDrainMs(await readAttributes(aws, LoadBalancerName, call)) ?? 0;
    },
    async enableZones(zones, call) {
      const now = description.AvailabilityZones ?? [];
      const more = zones.filter((zone) => !now.includes(zone));
      return more.length === 0 ? now : enableZones(aws, LoadBalancerName, more, call);
    },
    async disableZones(zones, call) {
      const now = description.AvailabilityZones ?? [];
      const less = now.filter((zone) => zones.includes(zone));
      if (less.length === 0) return now;
      if (less.length === now.length)
        throw new ConfigError(`load balancer ${LoadBalancerName} would have no zone left`, {
          resource: LoadBalancerName,
          operation: call.operation,
          hint: "enable another one first",
        });
      return disableZones(aws, LoadBalancerName, less, call);
    },
    async setMetadata(metadata, call) {
      const wanted: Wanted = { name: LoadBalancerName, type: "classic", metadata, native: {} };
      const plan = await compare(wanted, call);
      await takeSteps(classicSteps(context, LoadBalancerName, plan, call));
    },
  };
}

/** A classic balancer as a list shows it: without attributes, its members' health unknown. */
export function listedClassic(description: LoadBalancerDescription, tags: readonly Tag[]): LoadBalancer {
  return showClassic({ description, tags }, instancesOf(description));
}

/**
 * Makes a classic balancer; one call, and one for each thing that the first can't say.
 * @throws AlreadyExistsError when there is one of that name. What a failing step has made is taken back.
 */
export async function makeClassic(
  context: BalancerContext,
  wanted: WantedBalancer,
  call: Call,
): Promise<void> {
  const { aws } = context;
  const { name, listeners, native, zones, subnets, metadata = {}, owner } = wanted;
  const Tags = makeBalancerTags(metadata, owner);
  const check = wanted.pools[0]?.healthCheck;
  if (check !== undefined && isOnOwnPort(check))
    Tags.push({ Key: BALANCER_TAGS.ownPort, Value: String(listeners[0]?.instancePort) });
  const fields = {
    LoadBalancerName: name,
    Listeners: listeners.map(toClassicListener),
    ...(zones && { AvailabilityZones: zones }),
    ...(subnets && { Subnets: subnets }),
    ...(native.securityGroups && { SecurityGroups: native.securityGroups }),
    ...(native.scheme === "internal" && { Scheme: native.scheme }),
    ...(Tags.length > 0 && { Tags }),
  };
  await actOnce(
    context,
    () => aws.elb((sdk) => new sdk.CreateLoadBalancerCommand(fields), call),
    async () => {
      const [there] = await classicNamed(aws, [name], call);
      const {
        type,
        native: { scheme },
      } = wanted;
      const made: Wanted = { name, type, listeners, native: scheme ? { scheme } : {}, metadata };
      if (there !== undefined) await requireEqual(openClassic(context, there), made, call);
      return there !== undefined;
    },
    call.signal,
  );
  const { zones: _zones, subnets: _subnets, ...later } = wanted;
  const fresh: ClassicState = {
    description: {
      ListenerDescriptions: fields.Listeners.map((Listener) => ({ Listener })),
      Scheme: native.scheme ?? "internet-facing",
      SecurityGroups: native.securityGroups,
    },
    tags: Tags,
    attributes: {},
  };
  try {
    await takeSteps(classicSteps(context, name, planClassic(fresh, later), call));
  } catch (error) {
    const undo = { operation: call.operation, resource: name };
    throw await takenBack(error, [
      [
        `load balancer ${name}`,
        async () =>
          void (await aws.elb((sdk) => new sdk.DeleteLoadBalancerCommand({ LoadBalancerName: name }), undo)),
      ],
    ]);
  }
}

/** What must be known to compare a balancer with what is wanted of it. */
function partsFor({ listeners, metadata, native, owner, pools }: Wanted): Parts {
  return {
    tags: (metadata ?? owner ?? listeners ?? pools) !== undefined,
    attributes: Object.keys(classicAttributes(native, pools?.[0]?.drainMs)).length > 0,
  };
}

/** What of a balancer is to be read beside its description. */
interface Parts {
  tags: boolean;
  attributes: boolean;
}

async function readState(
  aws: Aws,
  description: LoadBalancerDescription,
  parts: Parts,
  call: Call,
): Promise<ClassicState> {
  const name = description.LoadBalancerName ?? "";
  const [tags, attributes] = await Promise.all([
    parts.tags ? classicTags(aws, [name], call) : new Map<string, readonly Tag[]>(),
    parts.attributes ? readAttributes(aws, name, call) : {},
  ]);
  return { description, tags: tags.get(name) ?? [], attributes };
}

async function readAttributes(
  aws: Aws,
  LoadBalancerName: string,
  call: Call,
): Promise<LoadBalancerAttributes> {
  const answer = await aws.elb(
    (sdk) => new sdk.DescribeLoadBalancerAttributesCommand({ LoadBalancerName }),
    call,
  );
  return answer.LoadBalancerAttributes ?? {};
}

/** @throws UnsupportedError for what AWS can't change. */
function refuse(name: string, { refused }: ClassicPlan, { operation }: Call): void {
  if (refused.length === 0) return;
  throw new UnsupportedError(`${refused.join(", ")} of load balancer ${name} cannot be changed`, {
    resource: name,
    operation,
    hint: "make another balancer and move its groups there",
  });
}

/** @throws ConfigError when a classic balancer sends nothing to that port. */
function requirePort(
  { LoadBalancerName = "", ListenerDescriptions = [] }: LoadBalancerDescription,
  port?: number,
): void {
  const ports = ListenerDescriptions.map(({ Listener }) => Number(Listener?.InstancePort));
  if (port === undefined || ports.includes(port)) return;
  throw new ConfigError(`load balancer ${LoadBalancerName} sends nothing to port ${port}`, {
    resource: LoadBalancerName,
    hint: `a classic balancer's listeners say where to: ${ports.join(", ")}`,
  });
}
