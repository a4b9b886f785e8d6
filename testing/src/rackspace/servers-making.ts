/** How servers are made and end, for callers of Cloud Servers and for Autoscale. */

import { isObject, type Json, type JsonObject } from "./json.js";
import { watchServer } from "./monitoring.js";
import { refused } from "./servers-form.js";
import type { Metadata, Server } from "./state.js";
import type { Place } from "./world.js";

/** Most entries of a server's metadata. */
export const MOST_METADATA = 40;
/** Most files that are put into a new server, and the most bytes of one. */
export const MOST_FILES = 5;
/** Most bytes of such a file. */
export const MOST_FILE_BYTES = 1_000;

const PUBLIC_NET = "00000000-0000-0000-0000-000000000000";
const SERVICE_NET = "11111111-1111-1111-1111-111111111111";

/** Those that are not gone. */
export function livingServers({ state }: Place): Server[] {
  return state.servers.filter(({ status }) => status !== "DELETED");
}

/** Metadata, as it was given. @throws Refusal for what is none, or too much. */
export function metadataOf(given: Json | undefined): Metadata {
  if (given === undefined || given === null) return {};
  if (!isObject(given)) throw refused(400, "Malformed request body. metadata must be object");
  const metadata: Metadata = {};
  for (const [key, value] of Object.entries(given)) {
    if (typeof value !== "string" || value.length > 255 || key === "" || key.length > 255)
      throw refused(400, `Invalid metadata: ${key}`);
    metadata[key] = value;
  }
  if (Object.keys(metadata).length > MOST_METADATA)
    throw refused(403, `Maximum number of metadata items exceeds ${MOST_METADATA}`);
  return metadata;
}

function imageOf({ state }: Place, given: JsonObject): string | undefined {
  const { imageRef, block_device_mapping: old, block_device_mapping_v2: devices } = given;
  if (imageRef === undefined || imageRef === null || imageRef === "") {
    if (Array.isArray(devices) || Array.isArray(old)) return undefined;
    throw refused(400, "Missing imageRef attribute");
  }
  if (!state.images.some(({ id, status }) => id === imageRef && status !== "DELETED"))
    throw refused(400, `Can not find requested image`);
  if (!state.images.some(({ id, status }) => id === imageRef && status === "ACTIVE"))
    throw refused(400, `Image ${String(imageRef)} is not active.`);
  return String(imageRef);
}

function requirePersonality({ personality }: JsonObject): void {
  if (personality === undefined || personality === null) return;
  if (!Array.isArray(personality)) throw refused(400, "Personality must be a list");
  if (personality.length > MOST_FILES) throw refused(403, "Personality file limit exceeded");
  for (const file of personality) {
    if (!isObject(file) || typeof file.path !== "string" || typeof file.contents !== "string")
      throw refused(400, "Bad personality format");
    if (!/^[+/=a-zA-Z0-9]*$/.test(file.contents))
      throw refused(400, `Personality content for ${file.path} cannot be decoded`);
    if (Buffer.from(file.contents, "base64").length > MOST_FILE_BYTES)
      throw refused(403, "Personality content limit exceeded");
  }
}

function addressesOf({ networks }: JsonObject, number: number): Server["addresses"] {
  const ids = Array.isArray(networks)
    ? networks.map((one) => (isObject(one) ? String(one.uuid) : ""))
    : [PUBLIC_NET, SERVICE_NET];
  const [high, low] = [Math.floor(number / 250), (number % 250) + 1];
  return {
    ...(ids.includes(PUBLIC_NET)
      ? {
          public: [
            { addr: `203.0.${high}.${low}`, version: 4 as const },
            { addr: `2001:db8::${number.toString(16)}`, version: 6 as const },
          ],
        }
      : {}),
    ...(ids.includes(SERVICE_NET)
      ? { private: [{ addr: `10.180.${high}.${low}`, version: 4 as const }] }
      : {}),
  };
}

/**
 * Makes a server, which is in BUILD and then ACTIVE, or ERROR when a fault says so.
 * @param given - the `server` of the request.
 * @throws Refusal in the words of Cloud Servers.
 */
export function makeServer(place: Place, given: JsonObject): Server {
  const { world, state } = place;
  const { name, flavorRef } = given;
  if (typeof name !== "string" || name.trim() === "" || name.length > 255)
    throw refused(400, "Server name is not valid: it must have 1 to 255 characters");
  if (!state.flavors.some(({ id }) => id === flavorRef)) throw refused(400, "Invalid flavorRef provided.");
  const imageId = imageOf(place, given);
  const metadata = metadataOf(given.metadata);
  requirePersonality(given);
  requireQuota(place);
  const server: Server = {
    id: world.uuid(),
    name,
    status: "BUILD",
    taskState: "spawning",
    createdAtMs: world.now(),
    updatedAtMs: world.now(),
    ...(imageId === undefined ? {} : { imageId }),
    flavorId: String(flavorRef),
    metadata,
    addresses: addressesOf(given, world.number()),
    adminPass: `pass${world.number()}`,
    given,
  };
  state.servers.push(server);
  watchServer(place, server);
  const fails = world.faults.failsBuild();
  world.after(world.behaviour.buildMs, () => finishBuild(place, server, fails));
  return server;
}

function requireQuota(place: Place): void {
  const { maxServers } = place.world.behaviour;
  const used = livingServers(place).length;
  if (used >= maxServers) {
    const said = `Requested 1, but already used ${used} of ${maxServers} instances`;
    throw refused(403, `Quota exceeded for instances: ${said}`);
  }
}

function finishBuild({ world }: Place, server: Server, fails: boolean): void {
  if (server.status !== "BUILD" || server.taskState === "deleting") return;
  server.status = fails ? "ERROR" : "ACTIVE";
  server.taskState = null;
  server.updatedAtMs = world.now();
  if (fails)
    server.fault = { code: 500, message: "No valid host was found. There are not enough hosts available." };
}

/** Ends a server: `deleting` first, then gone. */
export function endServer({ world }: Place, server: Server): void {
  if (server.status === "DELETED" || server.taskState === "deleting") return;
  server.taskState = "deleting";
  server.updatedAtMs = world.now();
  world.after(world.behaviour.deleteMs, () => {
    server.status = "DELETED";
    server.taskState = null;
    server.updatedAtMs = world.now();
  });
}
