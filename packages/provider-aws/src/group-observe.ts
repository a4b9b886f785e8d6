import type { CallOptions, Observation, Ref } from "@bellows/core";
import { errorLine } from "@bellows/core";
import type { Call } from "./client.js";
import type { GroupContext } from "./group-context.js";
import { statusOf } from "./group-map.js";
import { describeGroups, GROUPS_PER_CALL } from "./group-read.js";

/**
 * Looks at many groups, a hundred a call. What EC2 knows of their instances (addresses, names, ages) is not asked for.
 * A call that fails is the reason of the groups that it was about, and of no other.
 * @throws the signal's reason when it is aborted, and nothing else.
 */
export async function observeGroups(
  context: GroupContext,
  refs: readonly Ref[],
  options: CallOptions = {},
): Promise<Observation[]> {
  options.signal?.throwIfAborted();
  const names = [...new Set(refs)];
  const chunks = Array.from({ length: Math.ceil(names.length / GROUPS_PER_CALL) }, (_, index) =>
    names.slice(index * GROUPS_PER_CALL, (index + 1) * GROUPS_PER_CALL),
  );
  const call = { operation: "groups.observe", signal: options.signal };
  const seen = new Map((await Promise.all(chunks.map((chunk) => observeChunk(context, chunk, call)))).flat());
  return refs.map((ref) => seen.get(ref) ?? { unavailable: `there is no group "${ref}"` });
}

async function observeChunk(
  { aws, host }: GroupContext,
  names: readonly string[],
  call: Call,
): Promise<[Ref, Observation][]> {
  try {
    const groups = await describeGroups(aws, names, call);
    const nowMs = host.clock.now();
    return [...groups].map(([name, group]) => [name, { status: statusOf(group, nowMs) }]);
  } catch (error) {
    call.signal?.throwIfAborted();
    return names.map((name) => [name, { unavailable: errorLine(error) }]);
  }
}
