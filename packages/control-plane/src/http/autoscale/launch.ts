import type { FastifyInstance } from "fastify";
import { asked } from "./access.js";
import { inWordsOf } from "./errors.js";
import { findGroup, findOwnGroup } from "./find.js";
import { checkedLaunch, refusedLaunch, withPorts } from "./launch-check.js";
import { launchOf } from "./manifest.js";
import type { AutoscaleOptions } from "./options.js";
import { resource } from "./resource.js";
import { answers } from "./schema-answer.js";
import { type LaunchBody, launchBody } from "./schema-launch.js";

/** What new servers are made from: read, and replaced whole. Servers that are there are left alone. */
export function launchRoutes(scope: FastifyInstance, options: AutoscaleOptions): void {
  resource(scope, "/groups/:group/launch", {
    GET: {
      summary: "Launch configuration of a group",
      ok: 200,
      answer: answers.launch,
      errors: [404],
      run: async (request) => ({ launchConfiguration: await launchOf(await findGroup(request, options)) }),
    },
    PUT: {
      summary: "Replaces the launch configuration of a group",
      body: launchBody,
      ok: 204,
      errors: [404, 409, 501],
      async run(request) {
        const { launch, loadBalancers } = checkedLaunch(request.body as LaunchBody, asked(request).tenant);
        const { tenant, group } = await findOwnGroup(request, options);
        const { cloud } = tenant;
        await options.steward.change(tenant.id, group, async () => {
          await inWordsOf("config", (line) => refusedLaunch([line]), cloud.launch.set(group.id, launch));
          if (JSON.stringify(loadBalancers) === JSON.stringify(group.loadBalancers)) return;
          await inWordsOf(
            "not-found",
            (line) => refusedLaunch([line]),
            withPorts(loadBalancers, (ties) => cloud.groups.update(group.id, { loadBalancers: ties })),
          );
        });
      },
    },
  });
}
