import { type Attachment, isBellowsError } from "@bellows/core";
import { AutoscaleFault } from "./errors.js";
import { type MappedLaunch, toLaunch } from "./launch-map.js";
import type { Tenant } from "./options.js";
import type { LaunchBody } from "./schema-launch.js";
import { describeIssues } from "./schema-text.js";

/**
 * A request's launch configuration in the provider's words, checked by the provider's own rules.
 * @throws AutoscaleFault with every problem, one line each.
 */
export function checkedLaunch(body: LaunchBody, { words, plugin }: Tenant): MappedLaunch {
  const mapped = toLaunch(body, words);
  if ("problems" in mapped) throw refusedLaunch(mapped.problems);
  const read = plugin.launch.safeParse(mapped.launch);
  if (!read.success) throw refusedLaunch(describeIssues(read.error).split("; "));
  return mapped;
}

/**
 * Ties a group to balancers by the ports that a request names, or without them where the cloud's balancers know the
 * ports of their members themselves, and refuse to be told.
 */
export async function withPorts<T>(
  loadBalancers: readonly Attachment[],
  work: (ties: Attachment[]) => Promise<T>,
): Promise<T> {
  try {
    return await work([...loadBalancers]);
  } catch (error) {
    if (loadBalancers.length === 0 || !isBellowsError(error, "config")) throw error;
    return work(loadBalancers.map(({ port: _, ...tie }) => tie)).catch(() => {
      throw error;
    });
  }
}

/** Problems with a launch configuration, in Otter's form. */
export function refusedLaunch(problems: readonly string[]): AutoscaleFault {
  return new AutoscaleFault(
    "InvalidLaunchConfiguration",
    ["Following problems with launch configuration:", ...problems].join("\n"),
  );
}
