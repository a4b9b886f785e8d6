/**
 * Application and network balancers. A pool is a target group; see balancer-names.ts. What is to be done is planned in
 * balancer-v2-plan.ts, and done in balancer-v2-steps.ts.
 * @see docs.aws.amazon.com, Elastic Load Balancing API 2015-12-01
 */
import type {
  LoadBalancer as BalancerV2,
  TargetDescription,
  TargetGroup,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import {
  ConfigError,
  collect,
  type LoadBalancer,
  type Member,
  type NewMember,
  UnsupportedError,
} from "@bellows/core";
import { drainMsOf } from "./balancer-attributes.js";
import { type BalancerContext, type OpenBalancer, takeSteps } from "./balancer-context.js";
import { allTargetGroups, v2Named } from "./balancer-find.js";
import { addressesOf, pickPool, readMember, requireAddresses, withInstanceIds } from "./balancer-members.js";
import type { BalancerType } from "./balancer-native.js";
import type { Wanted, WantedBalancer } from "./balancer-spec.js";
import { makeBalancerTags } from "./balancer-tags.js";
import { planV2, type StateV2, wordsOfV2 } from "./balancer-v2-plan.js";
import {
  defaultSubnets,
  listenersOf,
  partsFor,
  poolsOf,
  readV2,
  tagsV2,
  targetGroupsOf,
  targetsOf,
} from "./balancer-v2-read.js";
import { showV2 } from "./balancer-v2-show.js";
import { removeTargetGroup, stepsV2, type Undo, undoCall } from "./balancer-v2-steps.js";
import type { Aws, Call } from "./client.js";
import { actOnce, takenBack, withNote } from "./making.js";

/** Balancers that a list reads at once: each takes two calls of its own and one for each pool. */
const AT_ONCE = 4;

/** The type of a balancer of the newer API; undefined for gateways, which balance no instances. */
export function typeOfV2({ Type }: BalancerV2): BalancerType | undefined {
  return Type === "application" || Type === "network" ? Type : undefined;
}

/** The calls that an application or network balancer understands, with its ARN bound. */
export function openV2(context: BalancerContext, balancer: BalancerV2): OpenBalancer {
  const { aws } = context;
  const { LoadBalancerArn: arn = "", LoadBalancerName: name = "" } = balancer;
  const pools = async (call: Call) => poolsOf(name, await targetGroupsOf(aws, arn, call), new Map(), []);
  const pick = async (call: Call, pool: string | undefined): Promise<TargetGroup> =>
    pickPool(await pools(call), pool, name).group;
  const membersOf = async (state: Pick<StateV2, "pools">, call: Call): Promise<Map<string, Member[]>> =>
    new Map(
      await Promise.all(
        [...state.pools].map(async ([pool, { group }]) => [pool, await targetsOf(aws, group, call)] as const),
      ),
    );
  const compare = async (wanted: Wanted, call: Call) => {
    const there = await readV2(aws, balancer, partsFor(wanted), call);
    const settled = await withSubnets(aws, there, wanted, call);
    return { there, wanted: settled, plan: planV2(there, settled) };
  };
  const zonesNow = (): { zone: string; subnet: string }[] =>
    (balancer.AvailabilityZones ?? []).map(({ ZoneName = "", SubnetId = "" }) => ({
      zone: ZoneName,
      subnet: SubnetId,
    }));
  const stand = async (all: readonly { zone: string; subnet: string }[], call: Call): Promise<string[]> => {
    const Subnets = all.map(({ subnet }) => subnet);
    const answer = await aws.elbV2(
      (sdk) => new sdk.SetSubnetsCommand({ LoadBalancerArn: arn, Subnets }),
      call,
    );
    return (answer.AvailabilityZones ?? []).map(({ ZoneName = "" }) => ZoneName);
  };

  return {
    name,
    id: arn,
    type: typeOfV2(balancer) ?? "application",
    async outline(call) {
      const there = await readV2(aws, balancer, NO_PARTS, call);
      return showV2(there, new Map());
    },
    async show(call) {
      const there = await readV2(
        aws,
        balancer,
        { attributes: false, poolAttributes: true, tags: true },
        call,
      );
      return showV2(there, await membersOf(there, call));
    },
    differences: async (wanted, call) => wordsOfV2((await compare(wanted, call)).plan),
    async change(asked, call) {
      const { there, wanted, plan } = await compare(asked, call);
      refuse(name, plan.refused, call);
      const made: Undo[] = [];
      try {
        await takeSteps(stepsV2({ context, there, wanted, plan, call, made }));
      } catch (error) {
        throw await takenBack(error, made);
      }
    },
    async remove(call) {
      const groups = await targetGroupsOf(aws, arn, call);
      const arns = groups.map(({ TargetGroupArn = "" }) => TargetGroupArn);
      const all = poolsOf(name, groups, await tagsV2(aws, arns, call), []);
      await aws.elbV2((sdk) => new sdk.DeleteLoadBalancerCommand({ LoadBalancerArn: arn }), call);
      await removePools(
        context,
        [...all.values()].filter(({ isOurs }) => isOurs).map(({ group }) => group),
        call,
      );
    },
    async members(call, pool) {
      const group = await pick(call, pool);
      const members = await targetsOf(aws, group, call);
      if (group.TargetType !== "instance") return members;
      const ids = members.map(({ id }) => bareId(id));
      const addresses = await addressesOf(aws, ids, call);
      return members.map((member) => {
        const address = addresses.get(bareId(member.id));
        return address === undefined ? member : { ...member, address };
      });
    },
    async register(members, call, pool) {
      const group = await pick(call, pool);
      const Targets = await targetsFor(aws, group, members, call);
      if (Targets.length > 0)
        await aws.elbV2(
          (sdk) => new sdk.RegisterTargetsCommand({ TargetGroupArn: group.TargetGroupArn, Targets }),
          call,
        );
      return Targets.map((target) => memberId(group, target));
    },
    async deregister(ids, call, pool) {
      const group = await pick(call, pool);
      const { TargetGroupArn, TargetType } = group;
      const Targets = (await targetsOf(aws, group, call))
        .filter(({ id, state }) => ids.includes(id) && state !== "draining")
        .map(({ id, address, port }) => ({
          Id: TargetType === "ip" ? (address ?? id) : bareId(id),
          ...(port !== undefined && { Port: port }),
        }));
      if (Targets.length > 0)
        await aws.elbV2((sdk) => new sdk.DeregisterTargetsCommand({ TargetGroupArn, Targets }), call);
    },
    async drainMs(call, pool) {
      const there = await readV2(
        aws,
        balancer,
        { attributes: false, poolAttributes: true, tags: false },
        call,
      );
      return drainMsOf(pickPool(there.pools, pool, name).attributes) ?? 0;
    },
    async enableZones(zones, call) {
      const now = zonesNow();
      const more = zones.filter((zone) => !now.some((one) => one.zone === zone));
      if (more.length === 0) return now.map(({ zone }) => zone);
      return stand([...now, ...(await defaultSubnets(aws, more, call))], call);
    },
    async disableZones(zones, call) {
      const now = zonesNow();
      const left = now.filter(({ zone }) => !zones.includes(zone));
      if (left.length === now.length) return now.map(({ zone }) => zone);
      if (left.length === 0) throw noZoneLeft(name, call);
      return stand(left, call);
    },
    async setMetadata(metadata, call) {
      const wanted: Wanted = { name, type: "application", metadata, native: {} };
      const { there, plan } = await compare(wanted, call);
      await takeSteps(stepsV2({ context, there, wanted, plan, call, made: [] }));
    },
  };
}

const NO_PARTS = { attributes: false, poolAttributes: false, tags: false };

/** Removes the target groups of a balancer that is gone. @throws what stopped it, with the names of those that are left. */
async function removePools(
  context: BalancerContext,
  groups: readonly TargetGroup[],
  call: Call,
): Promise<void> {
  const left: string[] = [];
  let failure: unknown;
  for (const { TargetGroupArn = "", TargetGroupName = "" } of groups) {
    try {
      await removeTargetGroup(context, TargetGroupArn, call);
    } catch (error) {
      failure ??= error;
      left.push(`target group ${TargetGroupName}`);
    }
  }
  if (left.length > 0) throw withNote(failure, `the balancer is gone, left behind: ${left.join(", ")}`);
}

/** Balancers as a list shows them: without attributes of pools. Each takes a call for its listeners, and one for each pool. */
export async function* listedV2(
  aws: Aws,
  balancers: readonly BalancerV2[],
  call: Call,
): AsyncGenerator<LoadBalancer> {
  const known = balancers.filter((balancer) => typeOfV2(balancer) !== undefined);
  if (known.length === 0) return;
  const arns = known.map(({ LoadBalancerArn = "" }) => LoadBalancerArn);
  const [tags, groups] = await Promise.all([tagsV2(aws, arns, call), collect(allTargetGroups(aws, call))]);
  for (let start = 0; start < known.length; start += AT_ONCE)
    yield* await Promise.all(
      known.slice(start, start + AT_ONCE).map(async (balancer) => {
        const { LoadBalancerArn: arn = "", LoadBalancerName = "" } = balancer;
        const own = groups.filter(({ LoadBalancerArns }) => LoadBalancerArns?.includes(arn));
        const pools = poolsOf(LoadBalancerName, own, new Map(), []);
        const [listeners, ...members] = await Promise.all([
          listenersOf(aws, arn, call),
          ...[...pools].map(async ([name, { group }]) => [name, await targetsOf(aws, group, call)] as const),
        ]);
        return showV2({ balancer, listeners, pools, tags: tags.get(arn) ?? [] }, new Map(members));
      }),
    );
}

/**
 * Makes a balancer, the target groups of its pools and its listeners. What a failing step has made is taken back.
 * @throws AlreadyExistsError when a target group has the name of a pool's.
 */
export async function makeV2(context: BalancerContext, asked: WantedBalancer, call: Call): Promise<void> {
  const { aws } = context;
  const { name, type, native, metadata = {}, owner, zones, subnets } = asked;
  const Subnets = subnets ?? (await defaultSubnets(aws, zones ?? [], call)).map(({ subnet }) => subnet);
  const Tags = makeBalancerTags(metadata, owner);
  const fields = {
    Name: name,
    Type: type === "network" ? ("network" as const) : ("application" as const),
    Subnets,
    ...(native.securityGroups && { SecurityGroups: native.securityGroups }),
    ...(native.scheme && { Scheme: native.scheme }),
    ...(Tags.length > 0 && { Tags }),
  };
  let balancer: BalancerV2 | undefined;
  await actOnce(
    context,
    async () => {
      const answer = await aws.elbV2((sdk) => new sdk.CreateLoadBalancerCommand(fields), call);
      balancer = answer.LoadBalancers?.[0];
    },
    async () => {
      [balancer] = await v2Named(aws, [name], call);
      return balancer !== undefined;
    },
    call.signal,
  );
  const there: StateV2 = {
    balancer: { ...balancer, Scheme: native.scheme ?? balancer?.Scheme },
    listeners: [],
    pools: new Map(),
    attributes: {},
    tags: Tags,
  };
  const LoadBalancerArn = balancer?.LoadBalancerArn ?? "";
  const made: Undo[] = [
    [
      `load balancer ${name}`,
      async () =>
        void (await aws.elbV2(
          (sdk) => new sdk.DeleteLoadBalancerCommand({ LoadBalancerArn }),
          undoCall(call),
        )),
    ],
  ];
  const { zones: _zones, subnets: _subnets, ...wanted } = asked;
  const { securityGroups: _sent, scheme: _scheme, ...later } = native;
  const settled = { ...wanted, native: later };
  try {
    await takeSteps(stepsV2({ context, there, wanted: settled, plan: planV2(there, settled), call, made }));
  } catch (error) {
    throw await takenBack(error, made);
  }
}

/** Zones become their default subnets, where it does not stand in exactly these zones already. */
async function withSubnets(aws: Aws, { balancer }: StateV2, wanted: Wanted, call: Call): Promise<Wanted> {
  const { zones, ...rest } = wanted;
  if (zones === undefined) return wanted;
  const now = new Map(
    (balancer.AvailabilityZones ?? []).map(({ ZoneName = "", SubnetId = "" }) => [ZoneName, SubnetId]),
  );
  const more = zones.filter((zone) => !now.has(zone));
  const found = more.length === 0 ? [] : await defaultSubnets(aws, more, call);
  for (const { zone, subnet } of found) now.set(zone, subnet);
  return { ...rest, subnets: zones.map((zone) => now.get(zone) ?? "") };
}

/** What members are as targets: instances by id, or addresses. */
async function targetsFor(
  aws: Aws,
  { Port: usual, TargetType }: TargetGroup,
  members: readonly NewMember[],
  call: Call,
): Promise<TargetDescription[]> {
  const asked = members.map(readMember);
  const portOf = (port: number | undefined) => (port === undefined || port === usual ? {} : { Port: port });
  if (TargetType !== "ip")
    return (await withInstanceIds(aws, asked, call)).map(({ id, port }) => ({ Id: id, ...portOf(port) }));
  const unknown = asked.flatMap(({ id, address }) => (address === undefined && id !== undefined ? [id] : []));
  const addresses = await requireAddresses(aws, unknown, call);
  const byId = new Map(unknown.map((id, index) => [id, addresses[index]]));
  return asked.map(({ id = "", address = byId.get(id) ?? "", port }) => ({ Id: address, ...portOf(port) }));
}

function memberId(
  { Port: usual, TargetType }: TargetGroup,
  { Id = "", Port = usual }: TargetDescription,
): string {
  return TargetType === "ip" || Port !== usual ? `${Id}:${Port ?? ""}` : Id;
}

/** An instance's id without the port that it listens on. */
function bareId(id: string): string {
  return id.replace(/:\d+$/, "");
}

/** @throws UnsupportedError for what AWS can't change. */
function refuse(name: string, refused: readonly string[], { operation }: Call): void {
  if (refused.length === 0) return;
  throw new UnsupportedError(`${refused.join(", ")} of load balancer ${name} cannot be changed`, {
    resource: name,
    operation,
    hint: "make another pool or another balancer, and move its groups there",
  });
}

function noZoneLeft(name: string, { operation }: Call): ConfigError {
  return new ConfigError(`load balancer ${name} would have no zone left`, {
    resource: name,
    operation,
    hint: "enable another one first",
  });
}
