/** Who is in a group, for those who look after each server by itself: alarms and metrics. */
import { collect, type GroupsDriver, type Instance, type ServersDriver } from "@bellows/core";
import type { MembersSeen } from "./alarm-step.js";
import type { Watched, WiringContext } from "./alarm-wiring.js";
import type { NovaServer } from "./server-map.js";

/** Label of members of groups that core keeps. */
const GROUP_LABEL = "bellows:group";
const GOING: readonly Instance["lifecycle"][] = ["draining", "terminating", "terminated"];

/** Members of Autoscale's groups, those that go left out. */
export function membersOfGroups(groups: Pick<GroupsDriver, "instances">): WiringContext["membersOf"] {
  return async (group, { signal }) =>
    (await collect(groups.instances(group, { ...(signal && { signal }) })))
      .filter(({ lifecycle }) => !GOING.includes(lifecycle))
      .map(watched);
}

/** Members of groups that core keeps on plain servers. */
export function membersOfServers(servers: Pick<ServersDriver, "list">): WiringContext["membersOf"] {
  return async (group, { signal }) =>
    (await collect(servers.list({ labels: { [GROUP_LABEL]: group } }, { ...(signal && { signal }) })))
      .filter(({ status }) => status === "active" || status === "building" || status === "unknown")
      .map(watched);
}

function watched({ id, name, addresses }: { id: string; name?: string; addresses: string[] }): Watched {
  return { id, ...(name === undefined ? {} : { name }), addresses };
}

/** Groups of Autoscale, of which every look tells who their members are. */
export function watching<G extends Pick<GroupsDriver, "observe">>(groups: G, seen: MembersSeen): G {
  return {
    ...groups,
    async observe(refs, options) {
      const looks = await groups.observe(refs, options);
      for (const [index, look] of looks.entries()) {
        if (!("status" in look)) continue;
        const { group, instances } = look.status;
        const staying = instances.filter(({ lifecycle }) => !GOING.includes(lifecycle));
        seen(
          [...new Set([group.id, group.name, refs[index] ?? group.name])],
          staying.map(({ id }) => id),
        );
      }
      return looks;
    },
  };
}

/** Tells who the members of groups that core keeps are, whenever all servers are read. */
export function watchServers(seen: MembersSeen): (servers: readonly NovaServer[]) => void {
  const before = new Set<string>();
  return (servers) => {
    const groups = new Map<string, string[]>([...before].map((group) => [group, []]));
    for (const { id, metadata, status } of servers) {
      const group = metadata?.[GROUP_LABEL];
      if (!group || status === "DELETED") continue;
      before.add(group);
      groups.set(group, [...(groups.get(group) ?? []), id]);
    }
    for (const [group, ids] of groups) seen([group], ids);
  };
}
