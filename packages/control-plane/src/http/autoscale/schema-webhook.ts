import { z } from "@bellows/core";
import { MOST_AT_ONCE, metadataBody, nameBody } from "./schema-text.js";

/** A webhook where it is changed: both, always. */
export const webhookBody = z.strictObject({ name: nameBody, metadata: metadataBody });
/** A webhook, as it stands in a request. */
export type WebhookBody = z.output<typeof webhookBody>;

/** Webhooks of one request. */
export const webhooksBody = z
  .array(webhookBody.extend({ metadata: metadataBody.default({}) }))
  .min(1)
  .max(MOST_AT_ONCE);
