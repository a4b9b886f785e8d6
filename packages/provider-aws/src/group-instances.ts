/** Instances of groups, with what EC2 knows of them. */
import type { Instance as Member } from "@aws-sdk/client-auto-scaling";
import type { Instance as Server } from "@aws-sdk/client-ec2";
import { type CallOptions, type Instance, pages, type Ref } from "@bellows/core";
import type { Aws, Call } from "./client.js";
import { callOf, type GroupContext } from "./group-context.js";
import { instanceOf, membersOf } from "./group-map.js";
import { describeGroup } from "./group-read.js";

/** Most values of one filter. @see docs.aws.amazon.com, EC2, Filtering */
const VALUES_PER_FILTER = 200;
/** Most instances of one answer. @see docs.aws.amazon.com, DescribeInstances */
const SERVERS_PER_CALL = 1_000;

/** The instances of a group, of one zone if that is named, with names, addresses and launch times. */
export async function* instancesOf(
  { aws }: GroupContext,
  ref: Ref,
  options: CallOptions & { zone?: string } = {},
): AsyncGenerator<Instance, void, undefined> {
  const call = callOf("instances", ref, options);
  call.signal?.throwIfAborted();
  const members = membersOf(await describeGroup(aws, ref, call)).filter(
    ({ AvailabilityZone }) => options.zone === undefined || AvailabilityZone === options.zone,
  );
  for (let start = 0; start < members.length; start += VALUES_PER_FILTER) {
    const batch = members.slice(start, start + VALUES_PER_FILTER);
    const servers = await serversOf(aws, batch, call);
    for (const member of batch) yield instanceOf(member, ref, servers.get(member.InstanceId ?? ""));
  }
}

async function serversOf(aws: Aws, members: readonly Member[], call: Call): Promise<Map<string, Server>> {
  const servers = await describeServers(
    aws,
    "instance-id",
    members.map(({ InstanceId = "" }) => InstanceId),
    call,
  );
  return new Map(servers.map((server) => [server.InstanceId ?? "", server]));
}

/**
 * Servers by id or name. By filter rather than by id, because EC2 refuses a whole question for one id that it does not
 * know: not yet, or no more.
 */
export async function describeServers(
  aws: Aws,
  by: "instance-id" | "tag:Name",
  values: readonly string[],
  call: Call,
): Promise<Server[]> {
  const found: Server[] = [];
  for (let start = 0; start < values.length; start += VALUES_PER_FILTER) {
    const Filters = [{ Name: by, Values: values.slice(start, start + VALUES_PER_FILTER) }];
    const list = pages<Server>(async (NextToken) => {
      const answer = await aws.ec2(
        (sdk) => new sdk.DescribeInstancesCommand({ Filters, MaxResults: SERVERS_PER_CALL, NextToken }),
        call,
      );
      const items = (answer.Reservations ?? []).flatMap(({ Instances = [] }) => Instances);
      return { items, ...(answer.NextToken === undefined ? {} : { next: answer.NextToken }) };
    });
    for await (const server of list) found.push(server);
  }
  return found;
}
