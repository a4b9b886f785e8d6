import { duration, formatDuration, launchWords, text, z } from "@bellows/core";

/** The most files that Cloud Servers take with a new server. */
const MOST_FILES = 5;

/** One volume to boot from or attach. @see Nova, block_device_mapping_v2 */
const blockDeviceSchema = z.strictObject({
  source: z.enum(["image", "volume", "snapshot", "blank"]),
  destination: z.enum(["local", "volume"]).default("volume"),
  id: text().optional().describe("Of the image, volume or snapshot."),
  sizeGiB: z.number().int().min(1).max(65_536).optional(),
  bootIndex: z.number().int().min(-1).max(32).optional().describe("0 is booted from; -1 is not."),
  deleteOnTermination: z.boolean().optional(),
});

/** A template as Heat takes it: text, or the data that it stands for. */
const templateSchema = z.union([text(), z.record(z.string(), z.unknown())]);

/** A stack of Heat in place of a server. @see facts of Autoscale v1.0, 2.4: launch_stack */
const stackSchema = z
  .strictObject({
    template: templateSchema.optional(),
    templateUrl: text().optional(),
    parameters: z.record(z.string(), z.unknown()).optional(),
    environment: templateSchema.optional(),
    files: z.record(z.string(), z.string()).optional(),
    disableRollback: z.boolean().optional(),
    timeoutMinutes: z.number().min(1).optional(),
  })
  .refine(
    (stack) => (stack.template === undefined) !== (stack.templateUrl === undefined),
    "needs either template or templateUrl",
  );

/** Shortest and longest time for draining, in milliseconds. */
const DRAINING_MS = { min: 30_000, max: 3_600_000 };

/** What only Rackspace has in a launch, under `rackspace`. */
const ownSchema = z.strictObject({
  configDrive: z.boolean().optional().describe("Metadata and user data on a drive of their own."),
  blockDevices: z
    .array(blockDeviceSchema)
    .min(1)
    .optional()
    .describe("Boot from volume: image may be left out then."),
  // Stays a text, so that a launch that was read once can be read again.
  drainingTimeout: duration(DRAINING_MS)
    .transform(formatDuration)
    .optional()
    .describe("How long a server that goes may finish its requests, on its load balancers."),
  stack: stackSchema
    .optional()
    .describe("A stack of Cloud Orchestration in place of a server; the other words go in it."),
});

const words = launchWords.shape;

/** Networks that every account has, by their other names. @see docs.rackspace.com, Cloud Networks */
const NETWORK_NAMES: Readonly<Record<string, string>> = {
  public: "public",
  private: "private",
  publicnet: "public",
  servicenet: "private",
  "00000000-0000-0000-0000-000000000000": "public",
  "11111111-1111-1111-1111-111111111111": "private",
};

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
      .optional()
      .describe("Flavor id, such as general1-2."),
    keyName: words.keyName,
    networks: z
      .array(text().transform((name) => NETWORK_NAMES[name.toLowerCase()] ?? name))
      .optional()
      .describe("Network ids; public and private (servicenet) by these names."),
    userData: words.userData,
    metadata: serverMetadataSchema.optional(),
    files: words.files,
    diskConfig: words.diskConfig,
    rackspace: ownSchema.optional(),
  })
  .superRefine((launch, context) => {
    if (launch.rackspace?.stack !== undefined) return checkStack(launch, context);
    if (launch.size === undefined) {
      context.addIssue({ code: "custom", path: ["size"], message: "is missing: the id of a flavor" });
    }
    if (launch.image === undefined && launch.rackspace?.blockDevices === undefined) {
      context.addIssue({ code: "custom", message: "needs an image, or rackspace: { blockDevices: … }" });
    }
    if (Object.keys(launch.files ?? {}).length > MOST_FILES) {
      context.addIssue({ code: "custom", path: ["files"], message: `takes at most ${MOST_FILES} entries` });
    }
  });

/** A stack says itself what its servers are made from. */
function checkStack(launch: object, context: z.RefinementCtx): void {
  const { rackspace = {}, ...others } = launch as { rackspace?: object };
  const { stack: _, drainingTimeout: __, ...own } = rackspace as Record<string, unknown>;
  for (const [at, extra] of [
    [[], others],
    [["rackspace"], own],
  ] as const)
    for (const [word, value] of Object.entries(extra))
      if (value !== undefined)
        context.addIssue({
          code: "custom",
          path: [...at, word],
          message: "does not go with rackspace.stack",
        });
}

/** A checked launch configuration. */
export type RackspaceLaunch = z.infer<typeof launchSchema>;

/** Protocols of Cloud Load Balancers. @see docs.rackspace.com, Cloud Load Balancers, List load balancing protocols */
export const BALANCER_PROTOCOLS = [
  "DNS_TCP",
  "DNS_UDP",
  "FTP",
  "HTTP",
  "HTTPS",
  "IMAPS",
  "IMAPv4",
  "LDAP",
  "LDAPS",
  "MYSQL",
  "POP3",
  "POP3S",
  "SFTP",
  "SMTP",
  "TCP",
  "TCP_CLIENT_FIRST",
  "TCP_STREAM",
  "UDP",
  "UDP_STREAM",
] as const;

/** What only Rackspace has on balancers, under `rackspace`. */
export const nativeSchema = z.strictObject({
  address: z.enum(["public", "servicenet"]).optional().describe("Who reaches it."),
  virtualIp: z
    .string()
    .regex(/^\d+$/, "must be the id of a virtual IP, a number")
    .optional()
    .describe("Id of another balancer's virtual IP, to listen on more ports of one address."),
  protocol: z
    .enum(BALANCER_PROTOCOLS)
    .optional()
    .describe(
      "What Rackspace calls the listener's protocol, where that is more than http, https, tcp or udp.",
    ),
  sessionPersistence: z.enum(["HTTP_COOKIE", "SOURCE_IP"]).optional().describe("One client, one member."),
  timeout: duration({ min: 30_000, max: 120_000 }).optional().describe("How long it waits for a member."),
  halfClosed: z.boolean().optional().describe("One side may end its half of a connection."),
  httpsRedirect: z.boolean().optional(),
  connectionLogging: z.boolean().optional(),
  contentCaching: z.boolean().optional(),
});
/** What only Rackspace has on balancers. */
export type RackspaceNative = z.infer<typeof nativeSchema>;
