/** Where a thing is. */
export interface Link {
  href: string;
  rel: string;
}

/** Addresses of one tenant's things; all end in a slash. */
export interface Links {
  groups(): string;
  group(group: string): string;
  server(group: string, server: string): string;
  policies(group: string): string;
  policy(group: string, policy: string): string;
  webhooks(group: string, policy: string): string;
  webhook(group: string, policy: string, webhook: string): string;
}

/** Makes the addresses of a tenant. @param base - what this API is reached at, without a slash at its end. */
export function linksOf(base: string, tenant: string): Links {
  const at = (...parts: string[]): string =>
    `${base}/v1.0/${[tenant, ...parts].map(encodeURIComponent).join("/")}/`;
  return {
    groups: () => at("groups"),
    group: (group) => at("groups", group),
    server: (group, server) => at("groups", group, "servers", server),
    policies: (group) => at("groups", group, "policies"),
    policy: (group, policy) => at("groups", group, "policies", policy),
    webhooks: (group, policy) => at("groups", group, "policies", policy, "webhooks"),
    webhook: (group, policy, webhook) => at("groups", group, "policies", policy, "webhooks", webhook),
  };
}

/** The link of a thing to itself. */
export function selfLink(href: string): Link {
  return { href, rel: "self" };
}

/** The link to the page after this one. */
export function nextLink(list: string, limit: number, marker: string): Link {
  return { href: `${list}?limit=${limit}&marker=${encodeURIComponent(marker)}`, rel: "next" };
}
