import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { LoadBalancerSpec } from "@bellows/core";
import { loadBalancerSpecSchema, z } from "@bellows/core";
import type { BalancerConfig } from "./balancer/client.js";
import { configPath, readJson, writeAtomic } from "./balancer/files.js";
import { systemCode } from "./errors.js";

const SPEC = "spec.json";
const DELETION = "delete.json";

const recordSchema = z.object({
  version: z.literal(1),
  createdAtMs: z.number(),
  spec: loadBalancerSpecSchema,
});

/** What is on disk about one balancer. */
export interface BalancerEntry {
  spec: LoadBalancerSpec;
  createdAtMs: number;
  /** True once somebody asked for its end. */
  deleting: boolean;
}

/** The folders of all balancers below a state directory. */
export interface BalancerFolders {
  path(name: string): string;
  names(): string[];
  /** Undefined when there is none of that name. */
  read(name: string): BalancerEntry | undefined;
  /** Returned: durable. */
  write(spec: LoadBalancerSpec, createdAtMs: number): void;
  /** Notes that it is to go. Returned: durable. */
  markDeleted(name: string): void;
  remove(name: string): void;
  /** The configuration that its process begins with; undefined when it has never run. */
  lastConfig(name: string): BalancerConfig | undefined;
}

/** Opens the folders of balancers, making their parent (mode 0700) where it is missing. */
export function openBalancerFolders(stateDir: string): BalancerFolders {
  const root = join(stateDir, "balancers");
  mkdirSync(root, { recursive: true, mode: 0o700 });
  const path = (name: string): string => join(root, folderOf(name));
  return {
    path,
    names: () => readdirSync(root).flatMap((folder) => readSpec(join(root, folder))?.spec.name ?? []),
    read(name) {
      const record = readSpec(path(name));
      if (record === undefined) return undefined;
      return {
        spec: record.spec,
        createdAtMs: record.createdAtMs,
        deleting: isThere(join(path(name), DELETION)),
      };
    },
    write(spec, createdAtMs) {
      mkdirSync(path(spec.name), { recursive: true, mode: 0o700 });
      writeAtomic(join(path(spec.name), SPEC), JSON.stringify({ version: 1, createdAtMs, spec }));
    },
    markDeleted: (name) => writeAtomic(join(path(name), DELETION), "{}"),
    remove(name) {
      // First out of sight whole, so that nobody finds half a balancer.
      const aside = `${path(name)}.gone`;
      rmSync(aside, { recursive: true, force: true });
      try {
        renameSync(path(name), aside);
      } catch (error) {
        if (systemCode(error) !== "ENOENT") throw error;
      }
      rmSync(aside, { recursive: true, force: true });
    },
    lastConfig: (name) => readJson(configPath(path(name))) as BalancerConfig | undefined,
  };
}

/** Readable for people, unlike for every name, and no path whatever the name holds. */
function folderOf(name: string): string {
  const words = name.replace(/[^A-Za-z0-9_-]+/g, "-").slice(0, 32);
  return `${words}-${createHash("sha256").update(name).digest("hex").slice(0, 8)}`;
}

function readSpec(folder: string): z.infer<typeof recordSchema> | undefined {
  if (folder.endsWith(".gone")) return undefined;
  const read = recordSchema.safeParse(readJson(join(folder, SPEC)));
  return read.success ? read.data : undefined;
}

function isThere(path: string): boolean {
  return readJson(path) !== undefined;
}
