import { z } from "@bellows/core";

/**
 * What a server's folder says about it, one small file for each fact.
 *
 * Note [One fact, one file]: several processes may work on one folder (a control plane, a command, a control plane
 * that is going away). Every file is written whole and, but for the labels, once; so nobody can overwrite a fact
 * that somebody else has just found out, and there is no lock to be left behind.
 */
const identity = z.object({ pid: z.number().int().positive(), startedAt: z.string(), bootId: z.string() });

/** `server.json`: what is to run. Written, durably, before the process is started; never changed. */
export const recordSchema = z.object({
  version: z.literal(1),
  id: z.string().min(1),
  name: z.string(),
  /** Idempotency key of its creation; absent for a process that was taken in. */
  key: z.string().optional(),
  port: z.number().int().optional(),
  zone: z.string().optional(),
  image: z.string(),
  ready: z.union([z.enum(["auto", "tcp", "none"]), z.object({ after: z.number() })]),
  stopTimeoutMs: z.number(),
  createdAtMs: z.number(),
  /** Who is starting it. While this process lives and there is no `process.json`, the start is under way. */
  creator: identity,
  /** True for a process that somebody else started. */
  adopted: z.boolean().optional(),
});
/** What is to run. */
export type ServerRecord = z.infer<typeof recordSchema>;

/** `end.json`: how it ended, when it was not told to. */
export const endSchema = z.object({
  atMs: z.number(),
  /** True when it was never ready. */
  failed: z.boolean(),
  /** For people, with its last words. */
  text: z.string(),
});
/** How a server ended. */
export type ServerEnd = z.infer<typeof endSchema>;

/** `delete.json`: somebody asked for its end. */
export const deletionSchema = z.object({ atMs: z.number(), graceMs: z.number(), by: identity });
/** A wish that a server end. */
export type Deletion = z.infer<typeof deletionSchema>;

/** `ready.json`: when it was first found ready. */
export const readinessSchema = z.object({ atMs: z.number() });

/** Each fact's file and its schema. */
export const FACTS = {
  record: { file: "server.json", schema: recordSchema },
  labels: { file: "labels.json", schema: z.record(z.string(), z.string()) },
  process: { file: "process.json", schema: identity },
  ready: { file: "ready.json", schema: readinessSchema },
  end: { file: "end.json", schema: endSchema },
  deletion: { file: "delete.json", schema: deletionSchema },
} as const;

/** All that is on disk about one server. */
export interface ServerEntry {
  record: ServerRecord;
  labels: Record<string, string>;
  process?: z.infer<typeof identity>;
  ready?: z.infer<typeof readinessSchema>;
  end?: ServerEnd;
  deletion?: Deletion;
}
