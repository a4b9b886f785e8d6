/** Flavors and images: what servers are made of, by the names that a launch configuration takes. */
import { type CallOptions, isBellowsError, pages, type Ref, resolveRef } from "@bellows/core";
import type { Call, Rackspace } from "./client.js";
import type { Pkgcloud } from "./pkgcloud.js";

/** A size of servers. */
export interface Flavor {
  /** What `size` of a launch configuration takes: `general1-2`. */
  id: string;
  name: string;
  ramMiB: number;
  /** 0: it has no disk of its own, and boots from a volume. */
  diskGiB: number;
  cpus: number;
}

/** What servers are made from. */
export interface Image {
  /** What `image` of a launch configuration takes. */
  id: string;
  name: string;
  /** Servers can be made from it. */
  usable: boolean;
  /** Least that a flavor must have. */
  minRamMiB: number;
  minDiskGiB: number;
  metadata: Record<string, string>;
}

/** Sizes of servers. */
export interface Flavors {
  list(options?: CallOptions): AsyncIterable<Flavor>;
  /** By id, or by a name that only one has. @throws NotFoundError @throws ConflictError */
  get(flavor: Ref, options?: CallOptions): Promise<Flavor>;
}

/** Images. */
export interface Images {
  /** @param options.name - only those of this name. */
  list(options?: CallOptions & { name?: string }): AsyncIterable<Image>;
  /** By id, or by a name that only one has. @throws NotFoundError @throws ConflictError */
  get(image: Ref, options?: CallOptions): Promise<Image>;
}

const PER_PAGE = 100;

interface NovaFlavor {
  id: string;
  name: string;
  ram?: number;
  disk?: number;
  vcpus?: number;
}

interface NovaImage {
  id: string;
  name: string;
  status?: string;
  minRam?: number;
  minDisk?: number;
  metadata?: Record<string, string>;
}

function callOf(operation: string, resource: string | undefined, options: CallOptions = {}): Call {
  options.signal?.throwIfAborted();
  return { operation, resource, signal: options.signal };
}

/** Makes the flavors. */
export function createFlavors(pkgcloud: Pkgcloud): Flavors {
  const all = async (call: Call): Promise<Flavor[]> => {
    const flavors = await pkgcloud.servers<readonly object[]>("GET /flavors/detail", call, (client, done) =>
      client.getFlavors(done),
    );
    return (flavors as readonly NovaFlavor[]).map(({ id, name, ram = 0, disk = 0, vcpus = 0 }) => ({
      id: String(id),
      name,
      ramMiB: ram,
      diskGiB: disk,
      cpus: vcpus,
    }));
  };
  return {
    async *list(options) {
      yield* await all(callOf("flavors.list", undefined, options));
    },
    async get(ref, options) {
      return resolveRef(await all(callOf("flavors.get", ref, options)), ref, "flavor");
    },
  };
}

/** Makes the images. */
export function createImages(rackspace: Rackspace): Images {
  const listed = async function* (call: Call, name?: string): AsyncGenerator<Image> {
    const list = pages<NovaImage>(
      async (marker) => {
        const query = { limit: PER_PAGE, marker, name };
        const { body } = await rackspace.request<{ images?: NovaImage[] } | undefined>(
          "cloudServersOpenStack",
          "/images/detail",
          { ...call, query },
        );
        const items = body?.images ?? [];
        const last = items.length < PER_PAGE ? undefined : items.at(-1);
        return { items, ...(last === undefined ? {} : { next: last.id }) };
      },
      { ...(call.signal && { signal: call.signal }) },
    );
    for await (const image of list) if (name === undefined || image.name === name) yield imageOf(image);
  };
  return {
    list: (options = {}) => listed(callOf("images.list", options.name, options), options.name),
    async get(ref, options) {
      const call = callOf("images.get", ref, options);
      const byId = await seekImage(rackspace, ref, call);
      if (byId !== undefined) return byId;
      const named: Image[] = [];
      for await (const image of listed(call, ref)) named.push(image);
      return resolveRef(named, ref, "image");
    },
  };
}

async function seekImage(rackspace: Rackspace, id: string, call: Call): Promise<Image | undefined> {
  try {
    const path = `/images/${encodeURIComponent(id)}`;
    const { body } = await rackspace.request<{ image: NovaImage }>("cloudServersOpenStack", path, call);
    return imageOf(body.image);
  } catch (error) {
    if (isBellowsError(error, "not-found") || isBellowsError(error, "config")) return undefined;
    throw error;
  }
}

function imageOf({ id, name, status, minRam = 0, minDisk = 0, metadata = {} }: NovaImage): Image {
  return {
    id,
    name,
    usable: status === "ACTIVE",
    minRamMiB: minRam,
    minDiskGiB: minDisk,
    metadata: { ...metadata },
  };
}
