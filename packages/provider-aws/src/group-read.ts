import type { AutoScalingGroup } from "@aws-sdk/client-auto-scaling";
import { NotFoundError, nearest, type Page, pages } from "@bellows/core";
import type { Aws, Call } from "./client.js";

/** Most groups of one answer, and most names of one question. @see docs.aws.amazon.com, DescribeAutoScalingGroups */
export const GROUPS_PER_CALL = 100;

/** What AWS takes for a name where it reads one: anything else would spoil the question for the others. */
const READABLE = /^[ -\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]{1,255}$/u;

/**
 * The group that a reference means: its name, which is its id.
 * @throws NotFoundError with the reference as its resource, and the name that is nearest.
 */
export async function describeGroup(aws: Aws, ref: string, call: Call): Promise<AutoScalingGroup> {
  const group = await findGroup(aws, ref, call);
  if (group !== undefined) return group;
  throw noSuchGroup(aws, ref, call, await nearName(aws, ref, call));
}

/** The group of that name, if there is one. */
export async function findGroup(aws: Aws, name: string, call: Call): Promise<AutoScalingGroup | undefined> {
  return (await describeGroups(aws, [name], call)).get(name);
}

/** The groups of these names that are there, up to {@link GROUPS_PER_CALL} in one call. */
export async function describeGroups(
  aws: Aws,
  names: readonly string[],
  call: Call,
): Promise<Map<string, AutoScalingGroup>> {
  const asked = [...new Set(names)].filter((name) => READABLE.test(name));
  const found = new Map<string, AutoScalingGroup>();
  // A question without names would be one for all groups.
  if (asked.length === 0) return found;
  for await (const group of pages((token) => groupPage(aws, call, asked, token), signalOf(call)))
    found.set(group.AutoScalingGroupName ?? "", group);
  return found;
}

/** All groups, a hundred a call. */
export function allGroups(aws: Aws, call: Call): AsyncGenerator<AutoScalingGroup, void, undefined> {
  return pages((token) => groupPage(aws, call, undefined, token), signalOf(call));
}

async function groupPage(
  aws: Aws,
  call: Call,
  names: string[] | undefined,
  token: string | undefined,
): Promise<Page<AutoScalingGroup>> {
  const { AutoScalingGroups = [], NextToken } = await aws.autoScaling(
    (sdk) =>
      new sdk.DescribeAutoScalingGroupsCommand({
        ...(names === undefined ? {} : { AutoScalingGroupNames: names }),
        MaxRecords: GROUPS_PER_CALL,
        ...(token === undefined ? {} : { NextToken: token }),
      }),
    call,
  );
  return { items: AutoScalingGroups, ...(NextToken === undefined ? {} : { next: NextToken }) };
}

/** Says that a group is not there. */
export function noSuchGroup(aws: Pick<Aws, "key">, ref: string, call: Call, near?: string): NotFoundError {
  return new NotFoundError(`there is no group "${ref}"`, {
    provider: aws.key,
    operation: call.operation,
    resource: ref,
    hint: near === undefined ? "bellows groups list shows what there is" : `did you mean "${near}"?`,
  });
}

/** The name among the first hundred that was probably meant. */
async function nearName(aws: Aws, ref: string, call: Call): Promise<string | undefined> {
  const { items } = await groupPage(aws, call, undefined, undefined);
  return nearest(
    ref,
    items.map(({ AutoScalingGroupName = "" }) => AutoScalingGroupName),
  );
}

function signalOf({ signal }: Call): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
