import { type CallOptions, errorLine, type Finding, isBellowsError } from "@bellows/core";
import type { Aws, Call } from "./client.js";
import type { AwsOptions } from "./options.js";

/** What Bellows does on AWS at the very least, by what people call it. */
const READS: readonly { what: string; ask(aws: Aws, call: Call): Promise<unknown> }[] = [
  {
    what: "groups",
    ask: (aws, call) =>
      aws.autoScaling((sdk) => new sdk.DescribeAutoScalingGroupsCommand({ MaxRecords: 1 }), call),
  },
  {
    what: "metrics",
    ask: (aws, call) => aws.cloudWatch((sdk) => new sdk.DescribeAlarmsCommand({ MaxRecords: 1 }), call),
  },
  {
    what: "instances and launch templates",
    ask: (aws, call) => aws.ec2((sdk) => new sdk.DescribeLaunchTemplatesCommand({ MaxResults: 5 }), call),
  },
];

/** Longest time for one question of the doctor, in milliseconds. */
const PATIENCE_MS = 10_000;

/** What `bellows doctor` says: whom AWS takes us for, where, and what is missing. Never throws; never tells a secret. */
export async function diagnose(aws: Aws, options: AwsOptions, calling: CallOptions = {}): Promise<Finding[]> {
  const call: Call = { operation: "diagnose", signal: calling.signal, deadlineMs: PATIENCE_MS };
  const region = await tried(() => aws.region());
  if (region.failed !== undefined) return [region.failed];
  const by = options.endpoint === undefined ? "" : `, by ${withoutSecrets(options.endpoint)}`;
  const place = `region ${region.value}${by}`;
  const caller = await tried(() => aws.identity(call));
  if (caller.failed !== undefined) return [{ level: "ok", text: place }, caller.failed];
  const { account, arn } = caller.value;
  const reads = await Promise.all(
    READS.map(async ({ what, ask }) => {
      const { failed } = await tried(() => ask(aws, call));
      return failed === undefined ? [] : [{ ...failed, text: `${what} cannot be read: ${failed.text}` }];
    }),
  );
  return [
    { level: "ok", text: `${arn} in account ${account}, ${place}` },
    ...accountFindings(options, account),
    ...reads.flat(),
  ];
}

function accountFindings({ accountId }: AwsOptions, account: string): Finding[] {
  if (accountId === undefined || accountId === account) return [];
  return [
    {
      level: "error",
      text: `the file names account ${accountId}, and these credentials reach ${account}: nothing can be changed`,
      hint: "check profile and assumeRole",
    },
  ];
}

type Tried<T> = { value: T; failed?: undefined } | { failed: Finding };

async function tried<T>(ask: () => Promise<T>): Promise<Tried<T>> {
  try {
    return { value: await ask() };
  } catch (error) {
    return { failed: findingOf(error) };
  }
}

function findingOf(error: unknown): Finding {
  if (!isBellowsError(error)) return { level: "error", text: errorLine(error) };
  const { message: text, hint } = error;
  return { level: "error", text, ...(hint === undefined ? {} : { hint }) };
}

/** An address without a name and password in it. */
function withoutSecrets(address: string): string {
  return URL.canParse(address) ? new URL(address).origin : "an endpoint that is no address";
}
