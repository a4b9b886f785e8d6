/** Cloud Servers (Nova v2), as far as autoscalers use them. @see facts/rackspace-api.md, section 4 */

import { isObject, type Json } from "./json.js";
import {
  diskConfigOf,
  listed,
  refused,
  refuseServers,
  serverLinks,
  shortServer,
  shownFlavor,
  shownImage,
  shownServer,
} from "./servers-form.js";
import {
  endServer,
  livingServers,
  MOST_FILE_BYTES,
  MOST_FILES,
  MOST_METADATA,
  makeServer,
  metadataOf,
} from "./servers-making.js";
import type { Server } from "./state.js";
import { type Call, jsonOf, paramOf, type Route, type Service } from "./wire.js";
import type { Place } from "./world.js";

const ROOT = `/servers/:region/v2/:tenant`;

function serverIn(place: Place, call: Call): Server {
  const found = livingServers(place).find(({ id }) => id === call.params.server);
  if (found === undefined) throw refused(404, "Instance could not be found");
  return found;
}

/** What a body has under a key. */
function wrapped(call: Call, key: string): { [key: string]: Json } {
  const body = jsonOf(call);
  const inner = isObject(body) ? body[key] : undefined;
  if (!isObject(inner)) throw refused(400, "Malformed request body");
  return inner;
}

/** Servers, the newest first, that fit the query. Those that are gone show only where changes are asked for. */
function serversFor(place: Place, { query }: Call): Server[] {
  const since = query.get("changes-since");
  const sinceMs = since === null ? undefined : Date.parse(since);
  if (sinceMs !== undefined && Number.isNaN(sinceMs)) throw refused(400, "Invalid changes-since value");
  const [name, image, flavor, status] = ["name", "image", "flavor", "status"].map((key) => query.get(key));
  return place.state.servers
    .filter((one) => (sinceMs === undefined ? one.status !== "DELETED" : one.updatedAtMs >= sinceMs))
    .filter((one) => typeof name !== "string" || patternOf(name).test(one.name))
    .filter((one) => typeof image !== "string" || one.imageId === image)
    .filter((one) => typeof flavor !== "string" || one.flavorId === flavor)
    .filter((one) => typeof status !== "string" || one.status === status.toUpperCase())
    .toReversed();
}

function patternOf(written: string): RegExp {
  try {
    return new RegExp(written);
  } catch {
    throw refused(400, "Invalid regular expression in name");
  }
}

const serverRoutes: Route[] = [
  {
    operation: "CreateServer",
    method: "POST",
    path: `${ROOT}/servers`,
    answer(place, call) {
      const server = makeServer(place, wrapped(call, "server"));
      const links = serverLinks(place, server.id);
      const { id, adminPass } = server;
      return {
        status: 202,
        body: { server: { id, links, adminPass, "OS-DCF:diskConfig": diskConfigOf(server) } },
      };
    },
  },
  {
    operation: "ListServers",
    method: "GET",
    path: `${ROOT}/servers`,
    answer(place, call) {
      const show = (one: Server) => shortServer(place, one);
      return listed(place, call, { kind: "servers", path: "servers", items: serversFor(place, call), show });
    },
  },
  {
    operation: "ListServersDetail",
    method: "GET",
    path: `${ROOT}/servers/detail`,
    answer(place, call) {
      const show = (one: Server) => shownServer(place, one);
      const items = serversFor(place, call);
      return listed(place, call, { kind: "servers", path: "servers/detail", items, show });
    },
  },
  {
    operation: "GetServer",
    method: "GET",
    path: `${ROOT}/servers/:server`,
    answer: (place, call) => ({ status: 200, body: { server: shownServer(place, serverIn(place, call)) } }),
  },
  {
    operation: "UpdateServer",
    method: "PUT",
    path: `${ROOT}/servers/:server`,
    answer(place, call) {
      const server = serverIn(place, call);
      const { name } = wrapped(call, "server");
      if (typeof name !== "string" || name.trim() === "") throw refused(400, "Server name is not valid");
      server.name = name;
      touch(place, server);
      return { status: 200, body: { server: shownServer(place, server) } };
    },
  },
  {
    operation: "DeleteServer",
    method: "DELETE",
    path: `${ROOT}/servers/:server`,
    answer(place, call) {
      endServer(place, serverIn(place, call));
      return { status: 204 };
    },
  },
];

function touch({ world }: Place, server: Server): void {
  server.updatedAtMs = world.now();
}

/** The one item of `{"meta":{…}}`, whose key the path has too. */
function itemIn(call: Call): Record<string, string> {
  const item = metadataOf(wrapped(call, "meta"));
  const key = paramOf(call, "key");
  if (Object.keys(item).length !== 1 || !(key in item)) throw refused(400, "Request body and URI mismatch");
  return item;
}

function setMetadata(place: Place, server: Server, metadata: Record<string, string>): Record<string, string> {
  server.metadata = metadataOf(metadata);
  touch(place, server);
  return server.metadata;
}

const metadataRoutes: Route[] = [
  {
    operation: "GetServerMetadata",
    method: "GET",
    path: `${ROOT}/servers/:server/metadata`,
    answer: (place, call) => ({ status: 200, body: { metadata: serverIn(place, call).metadata } }),
  },
  {
    operation: "ReplaceServerMetadata",
    method: "PUT",
    path: `${ROOT}/servers/:server/metadata`,
    answer(place, call) {
      const metadata = metadataOf(wrapped(call, "metadata"));
      return { status: 200, body: { metadata: setMetadata(place, serverIn(place, call), metadata) } };
    },
  },
  {
    operation: "MergeServerMetadata",
    method: "POST",
    path: `${ROOT}/servers/:server/metadata`,
    answer(place, call) {
      const server = serverIn(place, call);
      const metadata = { ...server.metadata, ...metadataOf(wrapped(call, "metadata")) };
      return { status: 200, body: { metadata: setMetadata(place, server, metadata) } };
    },
  },
  {
    operation: "SetServerMetadataItem",
    method: "PUT",
    path: `${ROOT}/servers/:server/metadata/:key`,
    answer(place, call) {
      const [server, meta] = [serverIn(place, call), itemIn(call)];
      setMetadata(place, server, { ...server.metadata, ...meta });
      return { status: 200, body: { meta } };
    },
  },
  {
    operation: "DeleteServerMetadataItem",
    method: "DELETE",
    path: `${ROOT}/servers/:server/metadata/:key`,
    answer(place, call) {
      const [server, key] = [serverIn(place, call), paramOf(call, "key")];
      if (!(key in server.metadata)) throw refused(404, "Metadata item was not found");
      setMetadata(
        place,
        server,
        Object.fromEntries(Object.entries(server.metadata).filter(([one]) => one !== key)),
      );
      return { status: 204 };
    },
  },
];

const short = ({ id, name }: { id: string; name: string }) => ({ id, name });

const catalogRoutes: Route[] = [
  ...["", "/detail"].flatMap((detail): Route[] => [
    {
      operation: detail === "" ? "ListFlavors" : "ListFlavorsDetail",
      method: "GET",
      path: `${ROOT}/flavors${detail}`,
      answer: (place, call) =>
        listed(place, call, {
          kind: "flavors",
          path: `flavors${detail}`,
          items: place.state.flavors,
          show: (one) => (detail === "" ? short(one) : shownFlavor(place, one)),
        }),
    },
    {
      operation: detail === "" ? "ListImages" : "ListImagesDetail",
      method: "GET",
      path: `${ROOT}/images${detail}`,
      answer: (place, call) =>
        listed(place, call, {
          kind: "images",
          path: `images${detail}`,
          items: place.state.images,
          show: (one) => (detail === "" ? short(one) : shownImage(place, one)),
        }),
    },
  ]),
  {
    operation: "GetFlavor",
    method: "GET",
    path: `${ROOT}/flavors/:flavor`,
    answer(place, call) {
      const found = place.state.flavors.find(({ id }) => id === call.params.flavor);
      if (found === undefined) throw refused(404, "The resource could not be found.");
      return { status: 200, body: { flavor: shownFlavor(place, found) } };
    },
  },
  {
    operation: "GetImage",
    method: "GET",
    path: `${ROOT}/images/:image`,
    answer(place, call) {
      const found = place.state.images.find(({ id }) => id === call.params.image);
      if (found === undefined) throw refused(404, "Image not found.");
      return { status: 200, body: { image: shownImage(place, found) } };
    },
  },
  {
    operation: "GetServerLimits",
    method: "GET",
    path: `${ROOT}/limits`,
    answer: (place) => ({
      status: 200,
      body: {
        limits: {
          rate: [],
          absolute: {
            maxPersonality: MOST_FILES,
            maxPersonalitySize: MOST_FILE_BYTES,
            maxServerMeta: MOST_METADATA,
            maxTotalInstances: place.world.behaviour.maxServers,
            totalInstancesUsed: livingServers(place).length,
          },
        },
      },
    }),
  },
];

/** Servers with their metadata, flavors, images and limits of one region. */
export const servers: Service = {
  routes: [...serverRoutes, ...metadataRoutes, ...catalogRoutes],
  refuse: refuseServers,
};
