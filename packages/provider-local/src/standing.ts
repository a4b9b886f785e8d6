import { basename } from "node:path";
import type { Server } from "@bellows/core";
import { isRunning } from "./balancer/identity.js";
import { ownIdentity } from "./processes.js";
import type { ServerEntry } from "./records.js";

/**
 * How a server's facts and the running processes go together.
 * `starting`: its creator is at it; `abandoned`: its creator died before anything ran; `running`; `lost`: it ended
 * while nobody watched; `rebooted`: the machine was restarted since; `ended`: it is known how.
 */
export type Standing = "starting" | "abandoned" | "running" | "lost" | "rebooted" | "ended";

/**
 * Compares a server's facts with the processes of this machine.
 * @param isChild - true when it is known to run because it is a child of this process.
 */
export function standingOf(entry: ServerEntry, isChild = false): Standing {
  if (entry.end !== undefined) return "ended";
  if (entry.process === undefined) return isRunning(entry.record.creator) ? "starting" : "abandoned";
  if (isChild) return "running";
  if (entry.process.bootId !== ownIdentity().bootId) return "rebooted";
  return isRunning(entry.process) ? "running" : "lost";
}

/** A server as the contract shows it. */
export function toServer(entry: ServerEntry, standing: Standing): Server {
  const { record, labels } = entry;
  const detail = detailOf(entry, standing);
  return {
    id: record.id,
    name: record.name,
    status: statusOf(entry, standing),
    createdAtMs: record.createdAtMs,
    labels: { ...labels },
    addresses: ["127.0.0.1"],
    image: basename(record.image),
    ...(record.port === undefined ? {} : { port: record.port }),
    ...(record.zone === undefined ? {} : { zone: record.zone }),
    ...(detail === undefined ? {} : { detail }),
  };
}

function statusOf(entry: ServerEntry, standing: Standing): Server["status"] {
  if (entry.deletion !== undefined) return "stopping";
  if (standing === "running") return entry.ready === undefined ? "building" : "active";
  if (standing === "starting" || standing === "abandoned") return "building";
  return entry.end?.failed === true ? "error" : "stopped";
}

function detailOf(entry: ServerEntry, standing: Standing): string | undefined {
  if (entry.end !== undefined) return entry.end.text;
  if (standing === "rebooted") return "the machine was restarted";
  return standing === "lost" ? "ended while nobody watched" : undefined;
}
