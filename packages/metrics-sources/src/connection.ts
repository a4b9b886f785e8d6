/** What the sources that read over HTTP have in common: their words in a config file, and requests made from them. */
import { z } from "zod";
import { duration, size, text } from "./values.js";

const authSchema = z.union([
  z.strictObject({ user: text(), password: z.string() }),
  z.strictObject({ bearer: text() }),
]);

const tlsSchema = z.strictObject({
  /** The authority to trust, as PEM text. */
  ca: text().optional(),
  /** The same, in a file. */
  caFile: text().optional(),
  /** Certificate and key to show, as PEM files. */
  certFile: text().optional(),
  keyFile: text().optional(),
  /** Believe any certificate. */
  insecure: z.boolean().optional(),
});

/** An absolute address of http or https. */
export const absoluteUrl = text().refine(isHttpUrl, {
  error: "is no http or https address",
  params: { subject: true, hint: "write http://host:port/path" },
});

/** Headers, credentials, TLS and patience: allowed wherever a source connects. */
export const connectionFields = {
  headers: z.record(z.string(), z.string()).optional(),
  /** Basic (`user`, `password`) or `bearer`. */
  auth: authSchema.optional(),
  tls: tlsSchema.optional(),
  /** Time for one request with its retries (default 10s, never more than the round leaves). */
  timeout: duration({ min: 1 }).optional(),
};

/** What bounds a source as a whole. */
export const boundFields = {
  /** Longest answer that is read. */
  maxSize: size().optional(),
  /** Requests under way at once (default 16). */
  concurrency: z.number().int().min(1).max(256).optional(),
};

/** How to connect, as read from a file. */
export interface Connection {
  headers?: Record<string, string> | undefined;
  auth?: z.infer<typeof authSchema> | undefined;
  tls?: z.infer<typeof tlsSchema> | undefined;
  timeout?: number | undefined;
}

function isHttpUrl(written: string): boolean {
  return URL.canParse(written) && /^https?:$/.test(new URL(written).protocol);
}
