import type { Clock, DecisionRecord, Logger } from "@bellows/core";
import type { Registry } from "prom-client";
import type { Observable } from "rxjs";
import type { Access } from "../access/users.js";
import type { Control } from "../control.js";
import type { AutoscaleOptions, IdentityOptions } from "./autoscale/index.js";
import type { HttpLimits } from "./limits.js";

/** What the HTTP API is made from. */
export interface HttpOptions {
  control: Control;
  access: Access;
  registry: Registry;
  records: Observable<DecisionRecord>;
  clock: Clock;
  logger: Logger;
  limits: HttpLimits;
  /** Accepts what a capability URL orders; see the inbox. */
  accept: (hash: string) => Promise<void>;
  /** The Autoscale API, and Identity in front of it. */
  autoscale: Omit<AutoscaleOptions, "base" | "clock" | "logger" | "callsPerMinute">;
  identity: Omit<IdentityOptions, "base" | "attempts">;
  /** What addresses of the Autoscale API begin with, unless it is where the server listens. */
  url: string | undefined;
  /** Whether it takes orders yet. */
  ready: () => boolean;
  /** True when the listener is a loopback address: reading then needs no token. */
  loopback: boolean;
  version: string;
}
