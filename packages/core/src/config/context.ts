import type { ProviderConfig, SourceConfig } from "./config.js";
import type { Report } from "./report.js";
import type { DefaultsFile } from "./schema-group.js";
import type { Range } from "./source-node.js";

/** Something that a file names and that could not be loaded or read: its fault is reported, others go on without it. */
export type Broken = "broken";

/** Tells whether a cron pattern can be read: what is wrong with it, and whether it will ever be due. */
export type CronCheck = (pattern: string, timezone: string) => { fault?: string; never?: boolean };

/** What is known of a file while its parts are brought into one form. */
export interface Context {
  readonly report: Report;
  /** The file's `name`. */
  readonly project: string;
  readonly everyMs: number;
  readonly defaults: DefaultsFile;
  /** Where the bounds of `defaults` stand. */
  readonly defaultsAt: { readonly min?: Range; readonly max?: Range };
  readonly providers: ReadonlyMap<string, ProviderConfig | Broken>;
  /** By name in the file, and kinds that metrics name directly. */
  readonly sources: ReadonlyMap<string, SourceConfig | Broken>;
  /** Keys under `sources`, for advice. */
  readonly sourceKeys: readonly string[];
  /** Balancers of the file with the keys of their providers. */
  readonly balancers: ReadonlyMap<string, string | undefined>;
  readonly cron: CronCheck;
}

/** What a policy is checked against. */
export interface PolicySurroundings {
  readonly where: string;
  /** Names that its expressions may use. */
  readonly known: readonly string[];
  readonly everyMs: number;
  readonly min?: number;
  readonly max?: number;
}

/** Leaves out what is undefined, so that plain data compares and prints as it is meant. */
export function compact<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}
