import { type Cloud, type GroupConfig, isBellowsError } from "@bellows/core";
import type { PlannedChange } from "./change.js";

/** The webhooks that the file's policies of a group name. */
export async function planWebhooks(
  cloud: Cloud,
  group: GroupConfig,
  exists: boolean,
): Promise<PlannedChange[]> {
  const driver = cloud.webhooks;
  if (driver === undefined) return [];
  const planned: PlannedChange[] = [];
  for (const { policy, name } of group.webhooks) {
    const found = exists && (await hasWebhook(driver, group.scaling.name, policy, name));
    planned.push({
      kind: "webhook",
      name: `${group.key}/${policy}/${name}`,
      provider: group.provider,
      action: found ? "none" : "create",
      changes: [],
      run: async () => void (found || (await driver.create(group.scaling.name, policy, { name }))),
    });
  }
  return planned;
}

async function hasWebhook(
  driver: NonNullable<Cloud["webhooks"]>,
  group: string,
  policy: string,
  name: string,
): Promise<boolean> {
  try {
    for await (const webhook of driver.list(group, policy)) if (webhook.name === name) return true;
  } catch (error) {
    if (!isBellowsError(error, "not-found")) throw error;
  }
  return false;
}
