import { z } from "@bellows/core";

/** The network that load balancers reach servers by, and the one that the world does. @see facts of Rackspace, 2.4 */
export const SERVICE_NET = "11111111-1111-1111-1111-111111111111";
export const PUBLIC_NET = "00000000-0000-0000-0000-000000000000";

const notBlank = z.string().regex(/^\S+$/, "must be a text without blanks");

const personality = z.array(z.strictObject({ path: z.string().min(1).max(255), contents: z.string() }));

const serverMetadata = z.record(
  z.string().regex(/^[a-zA-Z0-9\-_:. ]{1,255}$/, "takes letters, digits, blanks and -_:. in names"),
  z.string().max(255),
);

const devices = z.array(z.record(z.string(), z.unknown()));

/** What a new server is made from; further keys are Cloud Servers' own. */
const server = z.looseObject({
  name: z.string().nullish(),
  flavorRef: notBlank,
  imageRef: z.string().nullish(),
  "OS-DCF:diskConfig": z.enum(["AUTO", "MANUAL"]).nullish(),
  metadata: serverMetadata.nullish(),
  networks: z.array(z.record(z.string(), z.unknown())).nullish(),
  personality: personality.nullish(),
  key_name: z.string().nullish(),
  security_groups: z.array(z.looseObject({ name: z.string().min(1) })).nullish(),
  config_drive: z.union([z.boolean(), z.string()]).nullish(),
  user_data: z.string().nullish(),
  block_device_mapping: devices.nullish(),
  block_device_mapping_v2: devices.nullish(),
});

const cloudLoadBalancer = z.strictObject({
  loadBalancerId: z.union([z.number().int(), notBlank]),
  port: z.number().int().min(1).max(65_535),
  type: z.literal("CloudLoadBalancer").optional(),
});
const rackConnect = z.strictObject({ loadBalancerId: notBlank, type: z.literal("RackConnectV3") });

const serverArgs = z
  .strictObject({
    server,
    loadBalancers: z
      .array(z.union([rackConnect, cloudLoadBalancer]))
      .max(5)
      .optional(),
    draining_timeout: z.number().min(30).max(3_600).optional(),
  })
  .superRefine((args, context) => {
    const complain = (path: string[], message: string): void =>
      context.addIssue({ code: "custom", path, message });
    const boots = [args.server.block_device_mapping, args.server.block_device_mapping_v2];
    const fromVolume = boots.some((each) => each !== undefined && each !== null);
    const image = args.server.imageRef ?? "";
    if (image.trim() === "" && !fromVolume)
      complain(["server", "imageRef"], "is needed, unless it boots from a volume");
    if (image !== "" && fromVolume)
      complain(["server", "imageRef"], "is left out where it boots from a volume");
    const balancers = (args.loadBalancers ?? []).map((each) => JSON.stringify(each));
    if (new Set(balancers).size < balancers.length) complain(["loadBalancers"], "has the same entry twice");
    const { networks } = args.server;
    const needsServiceNet = (args.loadBalancers ?? []).some((each) => each.type !== "RackConnectV3");
    if (needsServiceNet && networks && !networks.some(({ uuid }) => uuid === SERVICE_NET))
      complain([], "ServiceNet network must be present if one or more Cloud Load Balancers are configured.");
  });

/** A launch configuration, as it stands in a request. */
export const launchBody = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("launch_server"), args: serverArgs }),
  z.strictObject({ type: z.literal("launch_stack"), args: z.strictObject({ stack: z.looseObject({}) }) }),
]);
/** A launch configuration, as it stands in a request. */
export type LaunchBody = z.output<typeof launchBody>;
/** What new servers are made from. */
export type ServerArgs = z.output<typeof serverArgs>;
