import type { Clock, Cloud, Logger, ProviderPlugin } from "@bellows/core";
import type { Role } from "../../access/tokens.js";
import type { Directory } from "./directory.js";
import type { LaunchWords } from "./launch-words.js";
import type { Steward } from "./steward.js";

/** A provider, as this API shows it: the groups of one tenant. */
export interface Tenant {
  /** Key of the provider: what stands in addresses. */
  id: string;
  cloud: Cloud;
  plugin: Pick<ProviderPlugin, "launch">;
  words: LaunchWords;
}

/** Whoever asks. */
export interface Caller {
  name: string;
  role: Role;
  /** The only tenant that they work on; absent: any. */
  tenant?: string;
}

/** What the Autoscale API is made from. */
export interface AutoscaleOptions {
  clock: Clock;
  logger: Logger;
  tenants: () => ReadonlyMap<string, Tenant>;
  /** Whom a token belongs to; undefined: nobody. */
  identify: (token: string) => Promise<Caller | undefined>;
  directory: Directory;
  steward: Steward;
  /** What addresses begin with, without a slash at its end. */
  base: () => string;
  /** Requests a minute and caller. @see facts of Rackspace Autoscale v1.0, 2.13 */
  callsPerMinute: number;
}
