import { z } from "zod";
import type { CallOptions, MetadataDriver, Ref } from "./common.js";
import { metadataSchema, nameSchema } from "./common.js";

/** What a new webhook is made from. */
export const webhookSpecSchema = z.strictObject({ name: nameSchema, metadata: metadataSchema.optional() });
/** What a new webhook is made from. */
export type WebhookSpec = z.infer<typeof webhookSpecSchema>;

/** A capability URL that orders one policy, anonymously. */
export const webhookSchema = z.object({
  id: z.string().min(1),
  name: z.string(),
  group: z.string(),
  policy: z.string(),
  metadata: metadataSchema,
  /** Whoever has it can order the policy. Absent where the reader may not see it. */
  url: z.string().optional(),
});
/** A capability URL that orders one policy, anonymously. */
export type Webhook = z.infer<typeof webhookSchema>;

/** Webhooks of a policy. */
export interface WebhooksDriver {
  list(group: Ref, policy: Ref, options?: CallOptions): AsyncIterable<Webhook>;
  get(group: Ref, policy: Ref, webhook: Ref, options?: CallOptions): Promise<Webhook>;
  create(group: Ref, policy: Ref, spec: WebhookSpec, options?: CallOptions): Promise<Webhook>;
  /** The URL stays. */
  update(
    group: Ref,
    policy: Ref,
    webhook: Ref,
    patch: Partial<WebhookSpec>,
    options?: CallOptions,
  ): Promise<Webhook>;
  delete(group: Ref, policy: Ref, webhook: Ref, options?: CallOptions): Promise<void>;
  /** Gives it a new URL; the old one is dead when this returns. */
  rotate?(group: Ref, policy: Ref, webhook: Ref, options?: CallOptions): Promise<Webhook>;
  /** Addressed `GROUP/POLICY/WEBHOOK`. */
  metadata?: MetadataDriver;
}
