import { duration, launchWords, text, z } from "@bellows/core";

/** The most files that Cloud Servers take with a new server. */
const MOST_FILES = 5;

/** One volume to boot from or attach. @see Nova, block_device_mapping_v2 */
const blockDeviceSchema = z.strictObject({
  source: z.enum(["image", "volume", "snapshot", "blank"]),
  destination: z.enum(["local", "volume"]).optional(),
  id: text().optional().describe("Of the image, volume or snapshot."),
  sizeGiB: z.number().int().min(1).max(65_536).optional(),
  bootIndex: z.number().int().min(-1).max(32).optional().describe("0 is booted from; -1 is not."),
  deleteOnTermination: z.boolean().optional(),
});

/** What only Rackspace has in a launch, under `rackspace`. */
const ownSchema = z.strictObject({
  configDrive: z.boolean().optional().describe("Metadata and user data on a drive of their own."),
  blockDevices: z
    .array(blockDeviceSchema)
    .min(1)
    .optional()
    .describe("Boot from volume: image may be left out then."),
  drainingTimeout: duration({ min: 30_000, max: 3_600_000 })
    .optional()
    .describe("How long a server that goes may finish its requests."),
});

const words = launchWords.shape;

/** Labels of servers: what Autoscale takes. */
const serverMetadataSchema = z.record(
  z
    .string()
    .regex(/^[a-zA-Z0-9\-_:. ]{1,255}$/, "takes letters, digits, blanks and -_:. in names, at most 255"),
  z.string().max(255),
);

/** Launch configurations of Cloud Servers: the common words that mean something there, and `rackspace: { … }`. */
export const launchSchema = z
  .strictObject({
    serverName: words.serverName.describe("The part of the servers' names that is theirs to choose."),
    image: words.image.describe("Image id."),
    size: z
      .string()
      .regex(/^\S+$/, "must be a flavor's id, without blanks")
      .describe("Flavor id, such as general1-2."),
    keyName: words.keyName,
    networks: words.networks.describe("Network ids; public and private (servicenet) by these names."),
    userData: words.userData,
    metadata: serverMetadataSchema.optional(),
    files: words.files,
    diskConfig: words.diskConfig,
    rackspace: ownSchema.optional(),
  })
  .superRefine((launch, context) => {
    if (launch.image === undefined && launch.rackspace?.blockDevices === undefined) {
      context.addIssue({ code: "custom", message: "needs an image, or rackspace: { blockDevices: … }" });
    }
    if (Object.keys(launch.files ?? {}).length > MOST_FILES) {
      context.addIssue({ code: "custom", path: ["files"], message: `takes at most ${MOST_FILES} entries` });
    }
  });
/** A checked launch configuration. */
export type RackspaceLaunch = z.infer<typeof launchSchema>;

/** What only Rackspace has on balancers, under `rackspace`. */
export const nativeSchema = z.strictObject({
  address: z.enum(["public", "servicenet"]).optional().describe("Who reaches it."),
  sessionPersistence: z.enum(["HTTP_COOKIE", "SOURCE_IP"]).optional().describe("One client, one member."),
  timeout: duration({ min: 30_000, max: 120_000 }).optional().describe("How long it waits for a member."),
  halfClosed: z.boolean().optional().describe("One side may end its half of a connection."),
  httpsRedirect: z.boolean().optional(),
  connectionLogging: z.boolean().optional(),
  contentCaching: z.boolean().optional(),
});
/** What only Rackspace has on balancers. */
export type RackspaceNative = z.infer<typeof nativeSchema>;
