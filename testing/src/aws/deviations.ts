/**
 * What moto 5.2.3 does otherwise than AWS, as far as our tests meet it. Never a capability of the provider: it is moto
 * that is wrong. @see facts/aws.md, section 1
 */

/** One of moto's own ways. */
export interface Deviation {
  id: string;
  /** What AWS does, and what moto does instead. */
  fact: string;
  /** Tests of the conformance suite that cannot pass on moto. */
  tests: readonly string[];
}

/** All of them. */
export const MOTO_DEVIATIONS: readonly Deviation[] = [
  {
    id: "activities-missing",
    fact: "AWS lists what a group did for six weeks; moto's DescribeScalingActivities is always empty.",
    tests: ["what was done to a group is told, newest first, each thing once"],
  },
  {
    id: "suspension-not-obeyed",
    fact: "AWS obeys suspended processes; moto keeps them and replaces instances all the same.",
    tests: ["a paused group is not repaired until it is resumed, while another is"],
  },
  {
    id: "cooldown-not-updated",
    fact: "AWS's UpdateAutoScalingGroup changes DefaultCooldown and TerminationPolicies; moto's ignores them.",
    tests: [
      "an update changes what it names and nothing else",
      "a cooldown refuses: first the policy's own, then the group's for every other policy",
    ],
  },
  {
    id: "cooldown-zero-is-300",
    fact: "AWS keeps a DefaultCooldown of 0; moto takes it for none and shows 300.",
    tests: [
      "executing a policy moves the group, within its bounds",
      "two executions at once count one after the other",
      "percentages are rounded as the provider rounds, or as the policy says",
      "a cooldown is over when its time has passed",
    ],
  },
  {
    id: "template-version-is-1",
    fact: "AWS tells the version of the template that an instance was launched from; moto always tells 1, and fails where a template has user data.",
    tests: ["a new launch configuration is for new instances; those that run stay as they are"],
  },
  {
    id: "zones-not-balanced",
    fact: "AWS spreads instances over a group's zones; moto puts all of one batch into one of them.",
    tests: ["instances go to the zones that the group names, and are listed by them"],
  },
];

/** Registers a test, as vitest's and node:test's `test` do. */
export type Register = (name: string, run: () => Promise<void>) => unknown;

/**
 * The same `test` for a suite that runs on moto: a test that moto's ways break must fail. When it passes, moto has been
 * mended, and the run fails until the entry is gone.
 */
export function onMoto(test: Register, deviations: readonly Deviation[] = MOTO_DEVIATIONS): Register {
  return (name, run) => {
    const known = deviations.find(({ tests }) => tests.includes(name));
    if (known === undefined) return test(name, run);
    return test(`${name} (not on moto: ${known.id})`, async () => {
      try {
        await run();
      } catch {
        return;
      }
      throw new Error(`moto does this right now: take ${known.id} off the list (${known.fact})`);
    });
  };
}
