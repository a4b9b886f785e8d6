/**
 * Which file made a policy. AWS's policies and scheduled actions take no tags, so a tag on their group says it, one a
 * policy: `bellows:policy/NAME`.
 */
import type { AutoScalingGroup } from "@aws-sdk/client-auto-scaling";
import type { Policy } from "@bellows/core";
import type { Aws, Call } from "./client.js";
import { tagOf } from "./group-map.js";
import { makeTags } from "./group-tags.js";

const PREFIX = "bellows:policy/";
/** Longest key and value of a tag. @see docs.aws.amazon.com, Auto Scaling API, Tag */
const LONGEST_KEY = 128;
const LONGEST_VALUE = 256;

/** The tag's key; what tags can't have of a name stands in it as `=` and its code. */
function tagKey(policy: string): string {
  const plain = policy.replaceAll(
    /[^\w.+\-/@ ]/gu,
    (character) => `=${(character.codePointAt(0) ?? 0).toString(16)}=`,
  );
  return `${PREFIX}${plain}`;
}

/** What is wrong with an owner, or with the name of a policy that is to have one. */
export function ownerFaults(policy: string, owner: string | undefined): string[] {
  if (owner === undefined) return [];
  return [
    ...(owner === "" || owner.length > LONGEST_VALUE
      ? [`owner: must have 1 to ${LONGEST_VALUE} characters`]
      : []),
    ...(tagKey(policy).length > LONGEST_KEY
      ? [`name: a policy with an owner has at most ${LONGEST_KEY - PREFIX.length} characters`]
      : []),
  ];
}

/** A policy with its owner, if it has one. */
export function withOwner(policy: Policy, group: Pick<AutoScalingGroup, "Tags">): Policy {
  const owner = tagOf(group, tagKey(policy.name));
  return owner === undefined ? policy : { ...policy, owner };
}

/** Says on the group whose a policy is; without an owner, that it is nobody's. */
export async function writeOwner(
  aws: Aws,
  group: AutoScalingGroup,
  policy: string,
  owner: string | undefined,
  call: Call,
): Promise<void> {
  const Key = tagKey(policy);
  const there = tagOf(group, Key);
  if (there === owner) return;
  const Tags = makeTags(group.AutoScalingGroupName ?? "", { [Key]: owner ?? there ?? "" }, false);
  await aws.autoScaling(
    (sdk) =>
      owner === undefined ? new sdk.DeleteTagsCommand({ Tags }) : new sdk.CreateOrUpdateTagsCommand({ Tags }),
    call,
  );
}
