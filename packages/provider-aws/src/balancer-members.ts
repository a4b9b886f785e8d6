/** Who is behind a balancer: instances by id or by address. */
import type { Filter, Instance } from "@aws-sdk/client-ec2";
import { ConfigError, collect, type NewMember, NotFoundError, pages, UnsupportedError } from "@bellows/core";
import type { Aws, Call } from "./client.js";

/** A member to register, read. */
export interface AskedMember {
  /** Instance id; absent: it is known by its address alone. */
  id?: string;
  address?: string;
  /** Absent: where the pool's members listen. */
  port?: number;
}

/** Most values of a filter. @see docs.aws.amazon.com, EC2, List and filter your resources */
const FILTER_VALUES = 200;

/**
 * Reads members as they are written: an instance's id, `address:port`, or both apart.
 * @throws UnsupportedError for weights, which AWS gives to target groups and not to members.
 */
export function readMember(member: NewMember): AskedMember {
  if (typeof member !== "string") {
    const { id, address, port, weight } = member;
    if (weight !== undefined && weight !== 1)
      throw new UnsupportedError(
        `member ${id ?? address} has weight ${weight}, and members on AWS are equal`,
        {
          resource: id ?? address,
          hint: "leave weight out",
        },
      );
    return { address, port, ...(id !== undefined && isInstanceId(id) ? { id } : {}) };
  }
  const [, address, port] = /^(\[.+\]|[^:]+):(\d{1,5})$/.exec(member) ?? [];
  if (address === undefined) return { id: member };
  const at = { port: Number(port) };
  return isInstanceId(address) ? { id: address, ...at } : { address: address.replace(/^\[|\]$/g, ""), ...at };
}

function isInstanceId(text: string): boolean {
  return /^i-[0-9a-f]+$/.test(text);
}

/**
 * The ids of the instances that are meant.
 * @throws NotFoundError that names the addresses that no instance has.
 */
export async function withInstanceIds(
  aws: Aws,
  asked: readonly AskedMember[],
  call: Call,
): Promise<(AskedMember & { id: string })[]> {
  const addresses = asked.flatMap(({ id, address }) => (id === undefined && address ? [address] : []));
  const byAddress = new Map<string, string>();
  for (const { InstanceId = "", PrivateIpAddress, PublicIpAddress } of [
    ...(await instancesWith(aws, "private-ip-address", addresses, call)),
    ...(await instancesWith(
      aws,
      "ip-address",
      addresses.filter((address) => !isPrivate(address)),
      call,
    )),
  ])
    for (const address of [PrivateIpAddress, PublicIpAddress])
      if (address !== undefined) byAddress.set(address, InstanceId);
  const missing = addresses.filter((address) => !byAddress.has(address));
  if (missing.length > 0)
    throw new NotFoundError(`no instance has the address ${missing.join(", ")}`, {
      provider: aws.key,
      operation: call.operation,
      resource: missing[0] ?? "",
      hint: "balancers of instances take instances alone; with aws: { targetType: ip }, one takes addresses",
    });
  return asked.map((one) => ({ ...one, id: one.id ?? byAddress.get(one.address ?? "") ?? "" }));
}

/** Address ranges for private networks. @see RFC 1918, RFC 6598, RFC 1122 */
function isPrivate(address: string): boolean {
  return /^(10\.|127\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/.test(
    address,
  );
}

/** Private addresses of instances, by id; those that are gone are left out. */
export async function addressesOf(
  aws: Aws,
  ids: readonly string[],
  call: Call,
): Promise<Map<string, string>> {
  const found = await instancesWith(aws, "instance-id", ids, call);
  return new Map(
    found.flatMap(({ InstanceId, PrivateIpAddress }) =>
      InstanceId === undefined || PrivateIpAddress === undefined ? [] : [[InstanceId, PrivateIpAddress]],
    ),
  );
}

/**
 * The private addresses of these instances, in their order.
 * @throws NotFoundError that names those that have none.
 */
export async function requireAddresses(aws: Aws, ids: readonly string[], call: Call): Promise<string[]> {
  const found = await addressesOf(aws, ids, call);
  const missing = ids.filter((id) => !found.has(id));
  if (missing.length === 0) return ids.map((id) => found.get(id) ?? "");
  throw new NotFoundError(`instance ${missing.join(", ")} has no address`, {
    provider: aws.key,
    operation: call.operation,
    resource: missing[0] ?? "",
  });
}

/** By filter and not by id: a filter passes over instances that are gone, where an id would fail the whole call. */
async function instancesWith(
  aws: Aws,
  filter: string,
  values: readonly string[],
  call: Call,
): Promise<Instance[]> {
  const found: Instance[] = [];
  for (let start = 0; start < values.length; start += FILTER_VALUES) {
    const Filters: Filter[] = [{ Name: filter, Values: values.slice(start, start + FILTER_VALUES) }];
    if (filter !== "instance-id")
      Filters.push({ Name: "instance-state-name", Values: ["pending", "running", "stopping", "stopped"] });
    const list = pages(
      async (NextToken) => {
        const answer = await aws.ec2(
          (sdk) => new sdk.DescribeInstancesCommand({ Filters, ...(NextToken && { NextToken }) }),
          call,
        );
        const items = (answer.Reservations ?? []).flatMap(({ Instances }) => Instances ?? []);
        return { items, ...(answer.NextToken === undefined ? {} : { next: answer.NextToken }) };
      },
      call.signal === undefined ? {} : { signal: call.signal },
    );
    found.push(...(await collect(list)));
  }
  return found;
}

/**
 * Picks a pool: the one that is named, or the only one.
 * @throws ConfigError when there is no telling.
 */
export function pickPool<T>(pools: ReadonlyMap<string, T>, name: string | undefined, balancer: string): T {
  const only = pools.size === 1 ? [...pools.values()][0] : undefined;
  const picked = name === undefined ? only : pools.get(name);
  if (picked !== undefined) return picked;
  throw new ConfigError(
    `load balancer ${balancer}: ${name === undefined ? "which pool?" : `it has no pool "${name}"`}`,
    { resource: balancer, hint: `pools: ${[...pools.keys()].join(", ") || "none"}` },
  );
}
