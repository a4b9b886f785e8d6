/** What the stand-in keeps of one region: plain data, to be looked at and broken by tests. */
import type { Group } from "./autoscale-state.js";
import type { Balancer } from "./balancers-state.js";
import type { JsonObject } from "./json.js";

/** Metadata by key. */
export type Metadata = Record<string, string>;

/** Statuses of servers that the stand-in gives or that tests set. */
export type ServerStatus =
  | "BUILD"
  | "ACTIVE"
  | "ERROR"
  | "DELETED"
  | "SHUTOFF"
  | "SUSPENDED"
  | "RESCUE"
  | "REBOOT"
  | "HARD_REBOOT"
  | "UNKNOWN";

/** A server of Cloud Servers. */
export interface Server {
  id: string;
  name: string;
  status: ServerStatus;
  /** `deleting` from its deletion until it is gone. */
  taskState: string | null;
  createdAtMs: number;
  updatedAtMs: number;
  /** Undefined: booted from a volume. */
  imageId?: string;
  flavorId: string;
  metadata: Metadata;
  addresses: Record<string, { addr: string; version: 4 | 6 }[]>;
  adminPass: string;
  /** What its creation was asked with. */
  given: JsonObject;
  /** Why it is in ERROR. */
  fault?: { code: number; message: string };
}

/** A flavor. */
export interface Flavor {
  id: string;
  name: string;
  ramMiB: number;
  diskGiB: number;
  cpus: number;
}

/** An image. */
export interface Image {
  id: string;
  name: string;
  status: "ACTIVE" | "SAVING" | "DELETED" | "ERROR";
  metadata: Metadata;
}

/** All of a region. */
export interface RegionState {
  /** By age; those that are gone stay, as DELETED. */
  servers: Server[];
  flavors: Flavor[];
  images: Image[];
  groups: Group[];
  /** By age; those that are gone stay, as DELETED. */
  balancers: Balancer[];
  /** Addresses that fail the health monitors of balancers. */
  sick: string[];
}

/** The image that tests launch from when they do not care which. */
export const IMAGE_ID = "0d589460-f177-4b0f-81c1-8ab8903ac7d8";

/** A region with nothing in it but images and flavors. */
export function createRegion(): RegionState {
  return {
    servers: [],
    groups: [],
    balancers: [],
    sick: [],
    flavors: [
      { id: "2", name: "512MB Standard Instance", ramMiB: 512, diskGiB: 20, cpus: 1 },
      { id: "3", name: "1GB Standard Instance", ramMiB: 1_024, diskGiB: 40, cpus: 1 },
      { id: "general1-1", name: "1 GB General Purpose v1", ramMiB: 1_024, diskGiB: 20, cpus: 1 },
      { id: "general1-2", name: "2 GB General Purpose v1", ramMiB: 2_048, diskGiB: 40, cpus: 2 },
      { id: "general1-4", name: "4 GB General Purpose v1", ramMiB: 4_096, diskGiB: 80, cpus: 4 },
      { id: "compute1-4", name: "3.75 GB Compute v1", ramMiB: 3_840, diskGiB: 0, cpus: 2 },
    ],
    images: [
      { id: IMAGE_ID, name: "Ubuntu 24.04 LTS (PVHVM)", status: "ACTIVE", metadata: { os_type: "linux" } },
      {
        id: "7789e8ca-b9df-495f-b47d-736a5f7b885a",
        name: "Debian 12 (PVHVM)",
        status: "ACTIVE",
        metadata: {},
      },
      {
        id: "11111111-2222-4333-8444-555555555555",
        name: "still being saved",
        status: "SAVING",
        metadata: {},
      },
    ],
  };
}
