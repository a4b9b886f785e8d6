import { z } from "@bellows/core";

const link = z.object({ href: z.string(), rel: z.string() });
const links = z.array(link);

/** Body of every error. */
export const faultBody = z
  .object({
    error: z.object({
      type: z.string(),
      code: z.number().int(),
      message: z.string(),
      details: z.string(),
    }),
  })
  .describe("Why not");

const configuration = z.object({
  name: z.string(),
  cooldown: z.number(),
  minEntities: z.number().int(),
  maxEntities: z.number().int(),
  metadata: z.record(z.string(), z.string()),
});

const launch = z.object({
  type: z.enum(["launch_server", "launch_stack"]),
  args: z.looseObject({}),
});

const counts = {
  paused: z.boolean(),
  activeCapacity: z.number().int(),
  pendingCapacity: z.number().int(),
  desiredCapacity: z.number().int(),
};

const state = z.object({
  name: z.string(),
  ...counts,
  status: z.enum(["ACTIVE", "ERROR"]),
  errors: z.array(z.object({ message: z.string() })).optional(),
  active: z.array(z.object({ id: z.string(), links })),
});

const webhook = z.object({
  id: z.string(),
  name: z.string(),
  metadata: z.record(z.string(), z.string()),
  links,
});

const policy = z.object({
  id: z.string(),
  name: z.string(),
  type: z.enum(["webhook", "schedule"]),
  cooldown: z.number(),
  change: z.number().optional(),
  changePercent: z.number().optional(),
  desiredCapacity: z.number().int().optional(),
  args: z.record(z.string(), z.unknown()).optional(),
  links,
  webhooks: z.array(webhook).optional(),
  webhooks_links: links.optional(),
});

const manifest = z.object({
  id: z.string(),
  links,
  ...counts,
  groupConfiguration: configuration,
  launchConfiguration: launch,
  scalingPolicies: z.array(policy),
  scalingPolicies_links: links,
  state,
});

/** Bodies of answers, by what they are about. */
export const answers = {
  groups: z
    .object({ groups: z.array(z.object({ id: z.string(), links, ...counts, state })), groups_links: links })
    .describe("Groups"),
  group: z.object({ group: manifest }).describe("A group, whole"),
  state: z.object({ group: state }).describe("Counts of a group"),
  config: z.object({ groupConfiguration: configuration }).describe("Configuration of a group"),
  launch: z.object({ launchConfiguration: launch }).describe("What new servers are made from"),
  policies: z.object({ policies: z.array(policy), policies_links: links }).describe("Policies"),
  madePolicies: z.object({ policies: z.array(policy) }).describe("The policies that were made"),
  policy: z.object({ policy }).describe("A policy"),
  executed: z.object({}).describe("Executed"),
  webhooks: z.object({ webhooks: z.array(webhook), webhooks_links: links }).describe("Webhooks"),
  madeWebhooks: z.object({ webhooks: z.array(webhook) }).describe("The webhooks that were made"),
  webhook: z.object({ webhook }).describe("A webhook"),
  limits: z
    .object({ limits: z.object({ absolute: z.record(z.string(), z.number()), rate: z.array(z.unknown()) }) })
    .describe("Limits"),
};
