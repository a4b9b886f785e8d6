/**
 * What moto (the version that `startMoto` starts) does otherwise than AWS, and which tests that breaks.
 *
 * The tests are the conformance suite's, by name. On moto they are expected to fail, so that an entry which moto has
 * mended fails and goes; on the stand-in all of them must pass. Nothing here is ever a capability of the provider.
 */

/** One thing that moto does otherwise. */
export interface Deviation {
  /** What it does, and what AWS does. */
  fact: string;
  /** Names of the tests of the conformance suite that cannot pass with it. */
  breaks: readonly string[];
}

/** All of them. */
export const MOTO_DEVIATIONS: readonly Deviation[] = [
  {
    fact: "UpdateAutoScalingGroup ignores DefaultCooldown and TerminationPolicies; AWS changes them",
    breaks: [
      "an update changes what it names and nothing else",
      "a cooldown refuses: first the policy's own, then the group's for every other policy",
    ],
  },
  {
    fact: "CreateAutoScalingGroup takes a DefaultCooldown of 0 for none and shows 300; AWS shows 0",
    breaks: [
      "executing a policy moves the group, within its bounds",
      "two executions at once count one after the other",
      "percentages are rounded as the provider rounds, or as the policy says",
      "a cooldown is over when its time has passed",
    ],
  },
  {
    fact: "suspended processes are stored and obeyed by nothing; AWS replaces no instance while Launch is suspended",
    breaks: ["a paused group is not repaired until it is resumed, while another is"],
  },
  {
    fact: "all instances of one batch land in one random zone of the group; AWS spreads them",
    breaks: ["instances go to the zones that the group names, and are listed by them"],
  },
  {
    fact: "DescribeScalingActivities is always empty; AWS tells six weeks of them",
    breaks: ["what was done to a group is told, newest first, each thing once"],
  },
];

/** Names of the tests of the conformance suite that moto cannot pass. */
export function brokenByMoto(): ReadonlySet<string> {
  return new Set(MOTO_DEVIATIONS.flatMap(({ breaks }) => breaks));
}
