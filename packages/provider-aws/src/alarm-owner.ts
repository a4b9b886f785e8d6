/**
 * Which file made an alarm: a last line of its description. A tag would need a call for each alarm of a list, and one
 * more permission for making it; people who look at the alarm see the line.
 */

const LINE = /(?:^|\n)bellows:owner=([^\n]+)$/;
/** Longest description. @see docs.aws.amazon.com, CloudWatch API, PutMetricAlarm */
const LONGEST = 1024;

/** A description with its owner. */
export function describeWithOwner(
  description: string | undefined,
  owner: string | undefined,
): string | undefined {
  if (owner === undefined) return description;
  return [...(description === undefined ? [] : [description]), `bellows:owner=${owner}`].join("\n");
}

/** What a description says, and whose the alarm is. */
export function ownerIn(text: string | undefined): { description?: string; owner?: string } {
  const owner = LINE.exec(text ?? "")?.[1];
  const description = text?.replace(LINE, "") ?? "";
  return {
    ...(description === "" ? {} : { description }),
    ...(owner === undefined ? {} : { owner }),
  };
}

/** What is wrong with an owner beside a description. */
export function alarmOwnerFaults(description: string | undefined, owner: string | undefined): string[] {
  if (owner !== undefined && !/^[^\p{Cc}]+$/u.test(owner))
    return ["owner: must not be empty and have no control characters"];
  if (owner === undefined && ownerIn(description).owner !== undefined)
    return ["native.description: the line bellows:owner= is written by owner"];
  return (describeWithOwner(description, owner)?.length ?? 0) > LONGEST
    ? [`native.description: must have at most ${LONGEST} characters together with the owner`]
    : [];
}
