import type { FastifyInstance, FastifyRequest } from "fastify";
import { AutoscaleFault } from "./errors.js";
import { type Found, findGroup } from "./find.js";
import type { AutoscaleOptions } from "./options.js";
import { resource } from "./resource.js";

/** A group's switch, and a look at what is wanted against what is there. Files leave these to people. */
export function convergenceRoutes(scope: FastifyInstance, options: AutoscaleOptions): void {
  const { steward } = options;
  const action = (summary: string, run: (found: Found) => Promise<void>) => ({
    POST: {
      summary,
      ok: 204,
      errors: [404, 409],
      run: async (request: FastifyRequest) => run(await findGroup(request, options)),
    },
  });
  resource(
    scope,
    "/groups/:group/pause",
    action("Stops executions and convergence of a group", async ({ tenant, group, caller }) => {
      if (group.paused) return;
      const reason = `by ${caller.name}, through the Autoscale API`;
      await steward.change(tenant.id, group, () => tenant.cloud.groups.pause(group.id, { reason }));
      options.logger.info({ group: group.name, provider: tenant.id, by: caller.name }, "paused a group");
    }),
  );
  resource(
    scope,
    "/groups/:group/resume",
    action("Lets a group go on", async ({ tenant, group, caller }) => {
      if (await steward.isHeld(tenant.id, group)) await steward.release(tenant.id, group);
      await steward.change(tenant.id, group, () => tenant.cloud.groups.resume(group.id));
      options.logger.info({ group: group.name, provider: tenant.id, by: caller.name }, "resumed a group");
    }),
  );
  resource(
    scope,
    "/groups/:group/converge",
    action("Compares what a group wants with what it has, now", async (found) => {
      const { tenant, group, id } = found;
      if (await isPaused(found, options)) {
        throw new AutoscaleFault(
          "GroupPausedError",
          `Cannot converge for group ${id} for tenant ${tenant.id} because group is paused`,
        );
      }
      // A cloud without such a call compares by itself all the time.
      await tenant.cloud.groups.converge?.(group.id);
    }),
  );
}

/** Whether executions of a group are refused, by its cloud or by Bellows. */
export async function isPaused({ tenant, group }: Found, { steward }: AutoscaleOptions): Promise<boolean> {
  return group.paused || (await steward.isHeld(tenant.id, group));
}
