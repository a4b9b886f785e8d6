/** Whoever has signed in, and where they may go. */
export interface SignedIn {
  name: string;
  role: "admin" | "observer";
  /** Tenants that they may work on; the first one is theirs unless they ask for another. */
  tenants: readonly string[];
}

/**
 * Regions of the Rackspace Cloud. Scripts name the one that they were written for, and some clients take no endpoint
 * of another: all of them are here.
 */
const REGIONS = ["DFW", "HKG", "IAD", "LON", "ORD", "SYD"] as const;

/** What a token's answer says of services and user. @param base - where this API is reached. */
export function catalogOf(base: string, tenant: string, { name, role }: SignedIn): object {
  const publicURL = `${base}/v1.0/${encodeURIComponent(tenant)}`;
  return {
    serviceCatalog: [
      {
        name: "autoscale",
        type: "rax:autoscale",
        endpoints: REGIONS.map((region) => ({ region, tenantId: tenant, publicURL })),
      },
    ],
    user: {
      id: name,
      name,
      "RAX-AUTH:defaultRegion": REGIONS[0],
      roles: [{ id: role, name: `autoscale:${role}`, description: role, tenantId: tenant }],
    },
  };
}
