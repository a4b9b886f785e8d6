import type { FastifyInstance } from "fastify";
import { findGroup, findOwnGroup } from "./find.js";
import { requireBounds } from "./group-make.js";
import { configOf } from "./manifest.js";
import type { AutoscaleOptions } from "./options.js";
import { resource } from "./resource.js";
import { answers } from "./schema-answer.js";
import { type ConfigBody, configBody } from "./schema-group.js";

/** A group's configuration: read, and replaced whole. New bounds count at once and start no cooldown. */
export function configRoutes(scope: FastifyInstance, options: AutoscaleOptions): void {
  const { steward, directory } = options;
  resource(scope, "/groups/:group/config", {
    GET: {
      summary: "Configuration of a group",
      ok: 200,
      answer: answers.config,
      errors: [404],
      async run(request) {
        const { group, name } = await findGroup(request, options);
        return { groupConfiguration: configOf(group, name) };
      },
    },
    PUT: {
      summary: "Replaces the configuration of a group",
      body: configBody,
      ok: 204,
      errors: [404, 409],
      async run(request) {
        const config = request.body as ConfigBody;
        requireBounds(config);
        const { tenant, group, id, name } = await findOwnGroup(request, options);
        const { groups } = tenant.cloud;
        await steward.change(tenant.id, group, async (acknowledge) => {
          const { desired } = await groups.update(group.id, {
            min: config.minEntities,
            max: config.maxEntities,
            cooldownMs: config.cooldown * 1_000,
          });
          acknowledge(desired);
          if (JSON.stringify(group.metadata) !== JSON.stringify(config.metadata))
            await groups.metadata?.replace(group.id, config.metadata);
        });
        if (config.name !== name) await directory.write(tenant.id, { id, name: config.name, ref: group.id });
      },
    },
  });
}
