import { type CallOptions, errorLine, type Finding, isBellowsError } from "@bellows/core";
import type { Call, Rackspace } from "./client.js";
import type { RackspaceOptions } from "./options.js";
import type { ServiceName } from "./services.js";

/** Longest time for one question of the doctor, in milliseconds. */
const PATIENCE_MS = 10_000;

/** What is asked of each service: as little as it has. */
interface Question {
  what: string;
  service: ServiceName;
  path: string;
  /** Whether Bellows can do without it. */
  isOptional: boolean;
}

function questions({ groups }: RackspaceOptions): Question[] {
  const keepsGroups = groups === "autoscale";
  return [
    ...(keepsGroups
      ? [
          {
            what: "scaling groups",
            service: "autoscale" as const,
            path: "/groups?limit=1",
            isOptional: false,
          },
        ]
      : []),
    {
      what: "servers",
      service: "cloudServersOpenStack",
      path: "/servers?limit=1",
      isOptional: keepsGroups,
    },
    {
      what: "load balancers",
      service: "cloudLoadBalancers",
      path: "/loadbalancers?limit=1",
      isOptional: true,
    },
    { what: "monitoring", service: "cloudMonitoring", path: "/entities?limit=1", isOptional: true },
  ];
}

/** What `bellows doctor` says: whom Rackspace takes us for, where, and what is missing. Never throws; never tells a secret. */
export async function diagnose(
  rackspace: Rackspace,
  options: RackspaceOptions,
  calling: CallOptions = {},
): Promise<Finding[]> {
  const call: Call = { operation: "diagnose", signal: calling.signal, deadlineMs: PATIENCE_MS };
  try {
    const { user, tenant } = await rackspace.token(call);
    const place = `${user} in tenant ${tenant}, region ${rackspace.region}`;
    const asked = await Promise.all(questions(options).map((question) => ask(rackspace, question, call)));
    return [{ level: "ok", text: place }, ...asked.flat()];
  } catch (error) {
    return [findingOf(error, "error")];
  }
}

async function ask(rackspace: Rackspace, question: Question, call: Call): Promise<Finding[]> {
  try {
    await rackspace.request(question.service, question.path, call);
    return [];
  } catch (error) {
    const finding = findingOf(error, question.isOptional ? "warning" : "error");
    return [{ ...finding, text: `${question.what} cannot be read: ${finding.text}` }];
  }
}

function findingOf(error: unknown, level: Finding["level"]): Finding {
  if (!isBellowsError(error)) return { level, text: errorLine(error) };
  const { message: text, hint } = error;
  return { level, text, ...(hint === undefined ? {} : { hint }) };
}
