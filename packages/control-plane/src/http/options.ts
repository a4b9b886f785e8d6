import type { DecisionRecord, Logger } from "@bellows/core";
import type { Registry } from "prom-client";
import type { Observable } from "rxjs";
import type { Access } from "../access/users.js";
import type { Control } from "../control.js";

/** What the HTTP API is made from. */
export interface HttpOptions {
  control: Control;
  access: Access;
  registry: Registry;
  records: Observable<DecisionRecord>;
  logger: Logger;
  /** Accepts what a capability URL orders; see the inbox. */
  accept: (hash: string) => Promise<void>;
  /** Whether it takes orders yet. */
  ready: () => boolean;
  /** True when the listener is a loopback address: reading then needs no token. */
  loopback: boolean;
  version: string;
}
