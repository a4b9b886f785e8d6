import { z } from "@bellows/core";
import { launchBody } from "./schema-launch.js";
import { policyBody } from "./schema-policy.js";
import { LONGEST_COOLDOWN_S, MOST_AT_ONCE, metadataBody, nameBody } from "./schema-text.js";

/** The most instances that a group of this API may have. */
export const MOST_ENTITIES = 1_000;

const entities = z.number().int().min(0).max(MOST_ENTITIES);

/** A group's configuration where it is changed: all of it, always. */
export const configBody = z.strictObject({
  name: nameBody,
  cooldown: z.number().int().min(0).max(LONGEST_COOLDOWN_S),
  minEntities: entities,
  maxEntities: entities,
  metadata: metadataBody,
});
/** A group's configuration, as it stands in a request. Cooldown in seconds. */
export type ConfigBody = z.output<typeof configBody>;

/** A new group. */
export const groupBody = z.strictObject({
  groupConfiguration: configBody.extend({
    maxEntities: entities.default(MOST_ENTITIES),
    metadata: metadataBody.default({}),
  }),
  launchConfiguration: launchBody,
  scalingPolicies: z.array(policyBody).max(MOST_AT_ONCE).default([]),
});
/** A new group, as it stands in a request. */
export type GroupBody = z.output<typeof groupBody>;
