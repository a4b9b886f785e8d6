import { launchWords, text, z } from "@bellows/core";

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

/** The words of launches on AWS: the common ones that mean something to EC2, and `aws: { … }`; not yet by its rules. */
export const launchShape = z.strictObject({
  launchName: words.launchName,
  image: words.image.describe("AMI id, or ssm:PARAMETER."),
  size: words.size.describe("Instance type."),
  serverName: words.serverName.describe("Tag Name of the instances."),
  keyName: words.keyName,
  securityGroups: words.securityGroups.describe("Ids or names."),
  userData: words.userData,
  metadata: words.metadata.describe("Tags of the instances."),
  aws: ownSchema.optional(),
});
/** A launch configuration in the words of AWS. */
export type AwsLaunch = z.infer<typeof launchShape>;
/** What only AWS has in a launch. */
export type AwsOwnWords = NonNullable<AwsLaunch["aws"]>;
