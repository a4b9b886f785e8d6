import { duration, text, z } from "@bellows/core";
import { launchFaults, plainLaunch } from "./launch-rules.js";
import { launchShape } from "./launch-words.js";

/** Launch configurations of AWS, by its rules, and written in the one way in which they are read back. */
export const launchSchema = launchShape
  .superRefine((launch, context) => {
    for (const { path, message } of launchFaults(launch)) context.addIssue({ code: "custom", path, message });
  })
  .overwrite(plainLaunch);
export type { AwsLaunch } from "./launch-words.js";

/** Where a balancer logs its requests. @see docs.aws.amazon.com, AccessLog and LoadBalancerAttribute */
const accessLogSchema = z.strictObject({
  bucket: text().describe("S3 bucket in the balancer's region, whose policy lets the balancer write."),
  prefix: text().optional(),
  interval: duration({ min: 300_000, max: 3_600_000 })
    .optional()
    .describe("Classic balancers: 5m or 1h (default: 1h)."),
});

/** How a client is kept with one instance. @see docs.aws.amazon.com, Sticky sessions */
const stickinessSchema = z.strictObject({
  cookie: text()
    .optional()
    .describe("The application's own cookie (default: one that the balancer makes; network: the address)."),
  duration: duration({ min: 1_000, max: 604_800_000 })
    .optional()
    .describe("How long (default: the session, with application balancers 1d)."),
});

/** What only AWS has on groups and balancers, under `aws`. */
export const nativeSchema = z.strictObject({
  healthCheckType: z.enum(["EC2", "ELB"]).optional().describe("Groups: whose word counts for health."),
  healthCheckGrace: duration({ max: 7_200_000 })
    .optional()
    .describe("Groups: how long a new instance may be unhealthy."),
  terminationPolicies: z.array(text()).min(1).optional().describe("Groups: which instance goes first."),
  instanceWarmup: duration({ max: 21_600_000 })
    .optional()
    .describe("Groups: when a new instance counts for native policies."),
  maxInstanceLifetime: duration({ min: 86_400_000, max: 31_536_000_000 })
    .optional()
    .describe("Groups: older ones are replaced."),
  capacityRebalance: z.boolean().optional().describe("Groups: replace spot instances before they are taken."),
  protectNew: z.boolean().optional().describe("Groups: scale-in never takes new instances."),
  placementGroup: text().optional().describe("Groups."),
  serviceLinkedRole: text().optional().describe("Groups: ARN of another role than the usual one."),
  suspended: z.array(text()).optional().describe("Groups: processes that stay suspended."),
  propagateMetadata: z.boolean().optional().describe("Groups: new instances get the metadata as tags too."),
  scheme: z.enum(["internet-facing", "internal"]).optional().describe("Balancers."),
  securityGroups: z.array(text()).optional().describe("Balancers."),
  crossZone: z.boolean().optional().describe("Balancers: spread over instances of all zones."),
  idleTimeout: duration({ min: 1_000, max: 4_000_000 })
    .optional()
    .describe("Balancers: when a silent connection ends."),
  accessLog: z
    .union([z.literal(false), accessLogSchema])
    .optional()
    .describe("Balancers: where requests are logged; false: nowhere."),
  stickiness: z
    .union([z.literal(false), stickinessSchema])
    .optional()
    .describe("Balancers: a client comes back to the same instance; false: it need not."),
  deletionProtection: z.boolean().optional().describe("Application and network balancers."),
  tlsPolicy: text()
    .optional()
    .describe("Application and network balancers: security policy of secure listeners."),
  targetType: z
    .enum(["instance", "ip"])
    .optional()
    .describe("Application and network balancers: what members are (default: instance)."),
  slowStart: duration({ max: 900_000 })
    .optional()
    .describe("Application balancers: how long a new member gets less, 30s to 15m; 0s: not at all."),
  http2: z.boolean().optional().describe("Application balancers."),
  dropInvalidHeaders: z.boolean().optional().describe("Application balancers."),
  preserveClientIp: z.boolean().optional().describe("Network balancers."),
  proxyProtocol: z.boolean().optional().describe("Network balancers: proxy protocol version 2."),
});
/** What only AWS has on groups and balancers. */
export type AwsNative = z.infer<typeof nativeSchema>;
