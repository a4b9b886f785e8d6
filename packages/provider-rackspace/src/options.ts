import { text, z } from "@bellows/core";

const urlSchema = z.string().regex(/^https?:\/\/\S+$/, "must begin with http:// or https://");

/** Regions of the Rackspace Cloud; the catalog is matched without regard to case. */
const REGIONS: readonly string[] = ["DFW", "HKG", "IAD", "LON", "ORD", "SYD"];

/** What stands under `providers.NAME` for the Rackspace Cloud. */
export const optionsSchema = z
  .strictObject({
    region: z
      .string()
      .transform((written) => written.toUpperCase())
      .refine((region) => REGIONS.includes(region), `must be one of ${REGIONS.join(", ")}`)
      .describe("DFW, HKG, IAD, LON, ORD or SYD."),
    username: text().describe("Name of the account's user."),
    apiKey: text().optional().describe("The user's API key; fill it in from the environment or a file."),
    password: text().optional().describe("The user's password, in place of apiKey."),
    tenantId: text()
      .optional()
      .describe("Tenant (account number); default: the one that Identity answers with."),
    identityUrl: urlSchema
      .default("https://identity.api.rackspacecloud.com/v2.0")
      .describe("Cloud Identity v2.0."),
    endpoints: z
      .strictObject({
        autoscale: urlSchema.optional(),
        loadBalancers: urlSchema.optional(),
        servers: urlSchema.optional(),
        monitoring: urlSchema.optional(),
      })
      .optional()
      .describe(
        "Services in other places than the catalog says, for emulators; {tenant} stands for the tenant.",
      ),
    groups: z
      .enum(["autoscale", "servers"])
      .default("autoscale")
      .describe("Who keeps the groups: Rackspace Autoscale, or Bellows on Cloud Servers."),
    serverNameStyle: z
      .enum(["prefix", "suffix"])
      .default("prefix")
      .describe("Where the generated part of a portable group's server names stands."),
  })
  .refine((options) => (options.apiKey === undefined) !== (options.password === undefined), {
    error: "needs either apiKey or password",
  });
/** Checked options. */
export type RackspaceOptions = z.infer<typeof optionsSchema>;
