import { isBellowsError, z } from "@bellows/core";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { AutoscaleFault, missing } from "./errors.js";
import { type Found, findGroup } from "./find.js";
import type { AutoscaleOptions } from "./options.js";
import { resource } from "./resource.js";

const removeQuery = z.object({
  replace: z.string().optional().describe("false: the group gets smaller by one"),
  purge: z.string().optional().describe("false: the server leaves the group and runs on"),
});

/** Servers of a group: taken out one by one. Reading them is what the state is for. */
export function serverRoutes(scope: FastifyInstance, options: AutoscaleOptions): void {
  const unread = (summary: string) => ({
    summary,
    ok: 501,
    errors: [],
    run: async (): Promise<never> => {
      throw new AutoscaleFault("NotImplementedError", "Servers are not listed here; see the group's state");
    },
  });
  resource(scope, "/groups/:group/servers", { GET: unread("Not implemented; see the state") });
  resource(scope, "/groups/:group/servers/:server", {
    GET: unread("Not implemented; see the state"),
    DELETE: {
      summary: "Ends a server of a group, or lets it go",
      query: removeQuery,
      ok: 202,
      errors: [404, 409, 501],
      run: (request) => removeServer(request, options),
    },
  });
}

async function removeServer(request: FastifyRequest, options: AutoscaleOptions): Promise<void> {
  const query = request.query as { replace?: string; purge?: string };
  const replace = readFlag("replace", query.replace);
  const purge = readFlag("purge", query.purge);
  const found = await findGroup(request, options);
  const { server = "" } = request.params as { server?: string };
  await requireMember(found, server);
  const { tenant, group, caller } = found;
  await options.steward.change(tenant.id, group, async (acknowledge) => {
    const { desired, min } = await tenant.cloud.groups.get(group.id);
    if (!replace && desired <= min) throw belowMin(found, server, min);
    await take(found, server, { replace, purge });
    if (!replace) acknowledge(desired - 1);
  });
  options.logger.info(
    { group: group.name, provider: tenant.id, server, by: caller.name },
    purge ? "ended a server of a group" : "let a server of a group go",
  );
}

async function take(
  { tenant, group, id }: Found,
  server: string,
  { replace, purge }: { replace: boolean; purge: boolean },
): Promise<void> {
  const { groups } = tenant.cloud;
  try {
    if (purge && groups.terminate) await groups.terminate(group.id, server, { replace });
    else if (!purge && groups.detach) await groups.detach(group.id, [server], { replace });
    else {
      throw new AutoscaleFault(
        "NotImplementedError",
        `Servers of group ${id} cannot be ${purge ? "ended one by one" : "let go"} at this provider`,
      );
    }
  } catch (error) {
    throw isBellowsError(error, "not-found") ? missing.server(tenant.id, id, server) : error;
  }
}

async function requireMember({ tenant, group, id }: Found, server: string): Promise<void> {
  for await (const instance of tenant.cloud.groups.instances(group.id))
    if (instance.id === server && instance.lifecycle !== "terminated") return;
  throw missing.server(tenant.id, id, server);
}

function belowMin({ tenant, id }: Found, server: string, min: number): AutoscaleFault {
  return new AutoscaleFault(
    "CannotDeleteServerBelowMinError",
    `Cannot remove server ${server} from tenant ${tenant.id}'s group ${id}. It will reduce number of servers below required minimum ${min}.`,
  );
}

/** True unless it says `false`. @throws AutoscaleFault for any other word. */
function readFlag(name: string, value: string | undefined): boolean {
  if (value === undefined || /^(true|false)$/i.test(value)) return !/^false$/i.test(value ?? "");
  throw new AutoscaleFault(
    "InvalidQueryArgument",
    `Invalid "${name}" query argument: "${value}". Must be "true" or "false". Defaults to "true" if not provided`,
  );
}
