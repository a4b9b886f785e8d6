import { duration, launchWords, text, z } from "@bellows/core";
import { launchFaults, plainLaunch } from "./launch-rules.js";

/** One volume of a new instance. @see docs.aws.amazon.com, EC2 API, EbsBlockDevice */
const blockDeviceSchema = z.strictObject({
  device: text().describe("Name such as /dev/xvda."),
  sizeGiB: z.number().int().min(1).max(65_536).optional(),
  type: z.enum(["gp2", "gp3", "io1", "io2", "st1", "sc1", "standard"]).optional(),
  iops: z.number().int().min(100).max(256_000).optional(),
  throughputMiB: z.number().int().min(125).max(2_000).optional(),
  encrypted: z.boolean().optional(),
  kmsKey: text().optional(),
  snapshot: text().optional(),
  deleteOnTermination: z.boolean().optional(),
});

/** A launch template that is there already. */
const templateSchema = z.strictObject({
  id: text().describe("Name or id of the template."),
  version: text().optional().describe("Number, $Default or $Latest (default: $Default)."),
});

/** Several sizes and ways of paying in one group. @see docs.aws.amazon.com, Auto Scaling API, MixedInstancesPolicy */
const mixSchema = z.strictObject({
  sizes: z
    .array(z.union([text(), z.strictObject({ size: text(), weight: z.number().int().min(1).max(999) })]))
    .min(1)
    .max(40),
  onDemandBase: z.number().int().min(0).optional(),
  onDemandPercent: z.number().int().min(0).max(100).optional().describe("Of what comes above the base."),
  spotAllocation: z
    .enum([
      "lowest-price",
      "capacity-optimized",
      "capacity-optimized-prioritized",
      "price-capacity-optimized",
    ])
    .optional(),
  spotMaxPrice: text().optional(),
});

/** What only AWS has in a launch, under `aws`. */
const ownSchema = z.strictObject({
  kind: z
    .enum(["template", "configuration"])
    .optional()
    .describe(
      "A launch template, or a launch configuration, which newer accounts can't make (default: template).",
    ),
  template: templateSchema.optional().describe("One that is there already; the words beside it go over it."),
  instanceProfile: text().optional().describe("Name or ARN of the IAM instance profile."),
  blockDevices: z.array(blockDeviceSchema).max(40).optional(),
  publicAddress: z.boolean().optional(),
  detailedMonitoring: z.boolean().optional().describe("CPU each minute rather than each five."),
  ebsOptimized: z.boolean().optional(),
  spotMaxPrice: text().optional().describe("Spot instances, at most for this price an hour."),
  tenancy: z.enum(["default", "dedicated", "host"]).optional(),
  metadataTokens: z.enum(["required", "optional"]).optional().describe("required: only IMDSv2."),
  metadataHopLimit: z.number().int().min(1).max(64).optional(),
  mix: mixSchema.optional().describe("Several sizes, on demand and spot."),
});

const words = launchWords.shape;

/** Launch configurations of AWS: the common words that mean something to EC2, and `aws: { … }`. */
export const launchSchema = z
  .strictObject({
    launchName: words.launchName,
    image: words.image.describe("AMI id, or ssm:PARAMETER."),
    size: words.size.describe("Instance type."),
    serverName: words.serverName.describe("Tag Name of the instances."),
    keyName: words.keyName,
    securityGroups: words.securityGroups.describe("Ids or names."),
    userData: words.userData,
    metadata: words.metadata.describe("Tags of the instances."),
    aws: ownSchema.optional(),
  })
  .superRefine((launch, context) => {
    for (const { path, message } of launchFaults(launch)) context.addIssue({ code: "custom", path, message });
  })
  .overwrite(plainLaunch);
/** A checked launch configuration. */
export type AwsLaunch = z.infer<typeof launchSchema>;

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
