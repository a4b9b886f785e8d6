/** Members of target groups. */
import type { TargetDescription, TargetGroup } from "@aws-sdk/client-elastic-load-balancing-v2";
import type { Member, NewMember } from "@bellows/core";
import { addressesOf, readMember, requireAddresses, withInstanceIds } from "./balancer-members.js";
import { targetsOf } from "./balancer-v2-read.js";
import type { Aws, Call } from "./client.js";

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

/** The members of a target group with their health, and instances with their addresses. */
export async function targetMembers(aws: Aws, group: TargetGroup, call: Call): Promise<Member[]> {
  const members = await targetsOf(aws, group, call);
  if (group.TargetType !== "instance") return members;
  const ids = members.map(({ id }) => bareId(id));
  const addresses = await addressesOf(aws, ids, call);
  return members.map((member) => {
    const address = addresses.get(bareId(member.id));
    return address === undefined ? member : { ...member, address };
  });
}

/** Adds members; those that are there stay as they are. @returns their ids. */
export async function registerTargets(
  aws: Aws,
  group: TargetGroup,
  members: readonly NewMember[],
  call: Call,
): Promise<string[]> {
  const { TargetGroupArn } = group;
  const Targets = await targetsFor(aws, group, members, call);
  if (Targets.length > 0)
    await aws.elbV2((sdk) => new sdk.RegisterTargetsCommand({ TargetGroupArn, Targets }), call);
  return Targets.map((target) => memberId(group, target));
}

/** Removes those of these members that are there: AWS refuses a call that names others. */
export async function deregisterTargets(
  aws: Aws,
  group: TargetGroup,
  ids: readonly string[],
  call: Call,
): Promise<void> {
  const { TargetGroupArn, TargetType } = group;
  const Targets = (await targetsOf(aws, group, call))
    .filter(({ id, state }) => ids.includes(id) && state !== "draining")
    .map(({ id, address, port }) => ({
      Id: TargetType === "ip" ? (address ?? id) : bareId(id),
      ...(port !== undefined && { Port: port }),
    }));
  if (Targets.length > 0)
    await aws.elbV2((sdk) => new sdk.DeregisterTargetsCommand({ TargetGroupArn, Targets }), call);
}
