import { describe, expect, it } from "vitest";
import { type CatalogEntry, endpointIn, ownEndpoint, regionsOf } from "./services.js";

const about = { provider: "dfw", operation: "test" };
const catalog: CatalogEntry[] = [
  {
    name: "cloudServers",
    type: "compute",
    endpoints: [{ publicURL: "https://servers.api.rackspacecloud.com/v1.0/123456" }],
  },
  {
    name: "cloudServersOpenStack",
    type: "compute",
    endpoints: [
      { region: "DFW", publicURL: "https://dfw.servers.api.rackspacecloud.com/v2/123456" },
      { region: "ord", publicURL: "https://ord.servers.api.rackspacecloud.com/v2/123456/" },
    ],
  },
  {
    name: "cloudMonitoring",
    type: "rax:monitor",
    endpoints: [{ publicURL: "https://monitoring.api.rackspacecloud.com/v1.0/123456" }],
  },
];

describe("the address of a service", () => {
  it("is that of its region in any case, without a slash, and never that of the first generation", () => {
    expect(endpointIn(catalog, "cloudServersOpenStack", "ORD", about)).toBe(
      "https://ord.servers.api.rackspacecloud.com/v2/123456",
    );
    expect(regionsOf(catalog, "cloudServersOpenStack")).toEqual(["DFW", "ORD"]);
    expect(() => endpointIn(catalog, "cloudServersOpenStack", "SYD", about)).toThrow(
      "service cloudServersOpenStack is not in region SYD",
    );
  });

  it("is the only one where a service has no regions", () => {
    expect(endpointIn(catalog, "cloudMonitoring", "SYD", about)).toBe(
      "https://monitoring.api.rackspacecloud.com/v1.0/123456",
    );
  });

  it("is missing where the account has no such service, with the way out", () => {
    try {
      endpointIn(catalog, "autoscale", "DFW", about);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({
        code: "unsupported",
        hint: expect.stringContaining('groups: "servers"'),
      });
    }
  });

  it("may stand in the options", () => {
    const endpoints = { servers: "http://127.0.0.1:1/{tenant}" };
    expect(ownEndpoint({ endpoints }, "cloudServersOpenStack")).toBe(endpoints.servers);
    expect(ownEndpoint({ endpoints }, "autoscale")).toBeUndefined();
    expect(ownEndpoint({}, "cloudImages")).toBeUndefined();
  });
});
