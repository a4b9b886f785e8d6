import { z } from "@bellows/core";
import type { AutoscaleFault } from "./errors.js";

/** Names of faults, by status. @see facts of Rackspace, 1.2 */
const NAMES: Record<number, string> = {
  400: "badRequest",
  401: "unauthorized",
  403: "forbidden",
  404: "itemNotFound",
  405: "methodNotAllowed",
  408: "requestTimeout",
  413: "overLimit",
  415: "badMediaType",
  500: "identityFault",
  503: "serviceUnavailable",
};

/** An error in Identity's form. */
export function identityBody({ status, message }: AutoscaleFault): object {
  return { [NAMES[status] ?? "identityFault"]: { code: status, message } };
}

/** Body of every error of Identity. */
export const identityFault = z
  .record(z.string(), z.object({ code: z.number().int(), message: z.string() }))
  .describe("Why not");
