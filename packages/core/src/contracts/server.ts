import { z } from "zod";
import type { CallOptions, Metadata, Ref } from "./common.js";
import { epochMsSchema, portSchema } from "./common.js";
import type { LaunchConfiguration } from "./launch.js";

/** A machine (or process) as the cloud knows it. */
export const serverSchema = z.object({
  id: z.string().min(1),
  name: z.string(),
  /**
   * `building`: asked for, not usable yet; `active`: running; `stopping`: told to end;
   * `stopped`: ended or off, still listed; `error`: failed; `unknown`: the cloud does not say.
   */
  status: z.enum(["building", "active", "stopping", "stopped", "error", "unknown"]),
  createdAtMs: epochMsSchema,
  labels: z.record(z.string(), z.string()),
  addresses: z.array(z.string()),
  port: portSchema.optional(),
  zone: z.string().optional(),
  image: z.string().optional(),
  size: z.string().optional(),
  /** For people: why it failed, its last words. */
  detail: z.string().optional(),
});
/** A machine (or process) as the cloud knows it. */
export type Server = z.infer<typeof serverSchema>;

/** What one server is made from. */
export interface ServerSpec {
  name: string;
  launch: LaunchConfiguration;
  labels: Metadata;
  /**
   * The same key never makes two servers, however often it is asked: a provider passes it to its cloud, or looks for
   * a server that has it as label `bellows:key` before it makes one.
   */
  idempotencyKey: string;
  zone?: string;
}

/** Servers. `list`, `create` and `delete` are enough for core to keep groups on them. */
export interface ServersDriver {
  /** Servers with all of these labels (all servers without). */
  list(filter?: { labels?: Metadata }, options?: CallOptions): AsyncIterable<Server>;
  /** Returned: accepted; it may still be `building`. @throws CapacityError @throws LimitError @throws ConfigError */
  create(spec: ServerSpec, options?: CallOptions): Promise<Server>;
  /**
   * Ends and removes a server. Returned: accepted. Deleting what is gone succeeds.
   * @param options.graceMs - how long it may take to end by itself before it is ended hard.
   */
  delete(server: Ref, options?: CallOptions & { graceMs?: number }): Promise<void>;
  get?(server: Ref, options?: CallOptions): Promise<Server>;
  /** Sets labels of a running server (the empty string removes one): attach and detach need it. */
  label?(server: Ref, labels: Metadata, options?: CallOptions): Promise<Server>;
  /** Calls `listener` when a server changed by itself (ended, became ready); returns a way to stop that. */
  onChange?(listener: (server: { id: string; labels: Metadata }) => void): () => void;
}
