/** The services of the Rackspace Cloud, and where the catalog of Identity says that they are. */
import { ConfigError, UnsupportedError } from "@bellows/core";
import type { RackspaceOptions } from "./options.js";

/** A service, by its name in the catalog. */
export type ServiceName =
  | "autoscale"
  | "cloudServersOpenStack"
  | "cloudLoadBalancers"
  | "cloudMonitoring"
  | "cloudImages";

/** The types by which the catalog lists services, and the option that names another place. */
const SERVICES: Readonly<
  Record<ServiceName, { type: string; option?: keyof NonNullable<RackspaceOptions["endpoints"]> }>
> = {
  autoscale: { type: "rax:autoscale", option: "autoscale" },
  cloudServersOpenStack: { type: "compute", option: "servers" },
  cloudLoadBalancers: { type: "rax:load-balancer", option: "loadBalancers" },
  cloudMonitoring: { type: "rax:monitor", option: "monitoring" },
  cloudImages: { type: "image" },
};

/** Servers of the first generation: the same type in the catalog, and another API. */
const FIRST_GENERATION = "cloudServers";

/** One service of the catalog, as Identity tells it. */
export interface CatalogEntry {
  name?: string;
  type?: string;
  endpoints?: readonly { region?: string; publicURL?: string }[];
}

/** The regions in which a catalog lists a service, each once, in upper case. */
export function regionsOf(catalog: readonly CatalogEntry[], service: ServiceName): string[] {
  const regions = endpointsOf(catalog, service).flatMap(({ region }) =>
    region ? [region.toUpperCase()] : [],
  );
  return [...new Set(regions)].sort();
}

/**
 * The address of a service, without a slash at its end. The tenant is part of it.
 * @throws ConfigError when the service is not in the region. @throws UnsupportedError when the account has none.
 */
export function endpointIn(
  catalog: readonly CatalogEntry[],
  service: ServiceName,
  region: string,
  about: { provider: string; operation: string },
): string {
  const endpoints = endpointsOf(catalog, service);
  const found =
    endpoints.find((endpoint) => endpoint.region?.toUpperCase() === region.toUpperCase()) ??
    endpoints.find((endpoint) => endpoint.region === undefined || endpoint.region === "");
  if (found?.publicURL) return found.publicURL.replace(/\/+$/, "");
  if (endpoints.length === 0)
    throw new UnsupportedError(`the account has no service ${service}`, {
      ...about,
      hint:
        service === "autoscale"
          ? 'with groups: "servers" Bellows keeps the groups itself'
          : "ask Rackspace to enable it",
    });
  throw new ConfigError(`service ${service} is not in region ${region}`, {
    ...about,
    hint: `it is in: ${regionsOf(catalog, service).join(", ")}`,
  });
}

/** The address that the options name for a service, with the tenant filled in. */
export function ownEndpoint(
  { endpoints }: Pick<RackspaceOptions, "endpoints">,
  service: ServiceName,
): string | undefined {
  const { option } = SERVICES[service];
  return option === undefined ? undefined : endpoints?.[option];
}

/** The places of a service. */
export function endpointsOf(
  catalog: readonly CatalogEntry[],
  service: ServiceName,
): readonly { region?: string; publicURL?: string }[] {
  return catalog
    .filter(({ name, type }) => type === SERVICES[service].type && name !== FIRST_GENERATION)
    .flatMap(({ endpoints = [] }) => endpoints);
}
