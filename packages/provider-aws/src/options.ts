import { text, z } from "@bellows/core";

/** What a region's name looks like. */
export const REGION = /^[a-z]{2}(-[a-z]+)+-\d$/;

/** A role to take on before anything is called. */
const roleSchema = z.strictObject({
  arn: z.string().regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/.+/, "must be the ARN of a role"),
  externalId: text().optional(),
  sessionName: z
    .string()
    .regex(/^[\w+=,.@-]{2,64}$/, "must be 2 to 64 letters, digits or +=,.@-")
    .optional(),
});

/** Keys written out; better left to the environment, a profile or the machine's own role. */
const credentialsSchema = z.strictObject({
  accessKeyId: text(),
  secretAccessKey: text(),
  sessionToken: text().optional(),
});

/** The most calls a second, for each service that throttles on its own: AWS counts an account's calls together. */
const callsPerSecondSchema = z.strictObject({
  autoScaling: z.number().positive().max(1_000).optional(),
  cloudWatch: z.number().positive().max(1_000).optional(),
  ec2: z.number().positive().max(1_000).optional(),
  loadBalancing: z.number().positive().max(1_000).optional(),
  ecs: z.number().positive().max(1_000).optional(),
});

/** What stands under `providers.NAME` for AWS. What is left out comes from the environment, as AWS's own tools do it. */
export const optionsSchema = z
  .strictObject({
    region: z
      .string()
      .regex(REGION, "must be a region such as eu-west-1")
      .optional()
      .describe("Region; default: AWS_REGION, then the profile's."),
    profile: text().optional().describe("Profile of the shared configuration files."),
    endpoint: z
      .string()
      .regex(/^https?:\/\/\S+$/, "must begin with http:// or https://")
      .optional()
      .describe("Where all services are called, for emulators and private endpoints."),
    assumeRole: z
      .union([
        z.string().regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/.+/, "must be the ARN of a role"),
        roleSchema,
      ])
      .transform((role) => (typeof role === "string" ? { arn: role } : role))
      .optional()
      .describe("A role to take on: its ARN, or { arn, externalId, sessionName }."),
    accountId: z
      .string()
      .regex(/^\d{12}$/, "must be 12 digits")
      .optional()
      .describe("The account that must be reached; any other is refused before anything is changed."),
    credentials: credentialsSchema
      .optional()
      .describe("Keys; default: the environment, the profile, the machine's own role."),
    callsPerSecond: callsPerSecondSchema.optional().describe("The most calls a second, by service."),
  })
  .refine((options) => options.profile === undefined || options.credentials === undefined, {
    path: ["credentials"],
    error: "has no place beside profile: leave one of them out",
  });
/** Checked options. */
export type AwsOptions = z.infer<typeof optionsSchema>;
