import type { RegionsDriver } from "@bellows/core";
import type { Rackspace } from "./client.js";
import { type CatalogEntry, endpointsOf, regionsOf, type ServiceName } from "./services.js";

/** The regions that the account's catalog has for what keeps the groups. @param service - that service. */
export function createRegions(rackspace: Rackspace, service: ServiceName): RegionsDriver {
  return {
    async *list(options) {
      options?.signal?.throwIfAborted();
      const { catalog } = await rackspace.token(
        options?.signal === undefined ? {} : { signal: options.signal },
      );
      for (const name of regionsOf(catalog, service)) {
        const endpoint = endpointOf(catalog, service, name);
        yield {
          name,
          ...(endpoint === undefined ? {} : { endpoint }),
          current: name === rackspace.region.toUpperCase(),
        };
      }
    },
  };
}

function endpointOf(
  catalog: readonly CatalogEntry[],
  service: ServiceName,
  name: string,
): string | undefined {
  return endpointsOf(catalog, service).find(({ region }) => region?.toUpperCase() === name)?.publicURL;
}
