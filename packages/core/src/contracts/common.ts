import { z } from "zod";

/** A name or an id. A name that fits two things is a `ConflictError` that lists both. */
export type Ref = string;

/** Last argument of every call. */
export interface CallOptions {
  /** Aborts the call; what was already asked of the cloud may still happen. */
  signal?: AbortSignal;
}

/** Last argument of calls whose effect takes time. */
export interface WriteOptions extends CallOptions {
  /** Return when completed instead of when accepted (default: accepted). */
  wait?: boolean;
  /** Longest wait in milliseconds, with `wait` (default 600,000); then a `TimeoutError`. */
  timeoutMs?: number;
}

/** A name: 1 to 255 characters, not blank. */
export const nameSchema = z.string().min(1).max(255).regex(/\S/, "must not be blank");

/** Free-form labels on a thing: up to 256 characters each. */
export const metadataSchema = z.record(z.string().min(1).max(256), z.string().max(256));
/** Free-form labels on a thing. */
export type Metadata = z.infer<typeof metadataSchema>;

/** Milliseconds since the epoch. */
export const epochMsSchema = z.number().int();
/** A span of time in whole milliseconds, 0 or more. */
export const spanMsSchema = z.number().int().min(0);
/** A TCP port, 1 to 65535. */
export const portSchema = z.number().int().min(1).max(65_535);
/** How many instances: 0 to 100,000. */
export const countSchema = z.number().int().min(0).max(100_000);

/** The two ways to write metadata. Neither is ever guessed from the other. */
export interface MetadataDriver {
  /** Sets these keys, keeps the others. Returned: completed. @returns all metadata afterwards. */
  merge(ref: Ref, metadata: Metadata, options?: CallOptions): Promise<Metadata>;
  /** Makes these the only keys. Returned: completed. @returns all metadata afterwards. */
  replace(ref: Ref, metadata: Metadata, options?: CallOptions): Promise<Metadata>;
}
