/** Launch templates and launch configurations as things of their own. */
import { NotFoundError, type Ref, resolveRef, type StandaloneLaunch } from "@bellows/core";
import type { Aws, Call } from "./client.js";
import { configurations, deleteConfiguration } from "./launch-configuration.js";
import { readConfigurationName } from "./launch-names.js";
import { inUse, launchUsers } from "./launch-pointer.js";
import { deleteTemplate, templates } from "./launch-template.js";

/** One of them, and what AWS calls it. */
interface Standing extends StandaloneLaunch {
  id: string;
  usedBy: string[];
  /** Name of a launch configuration; absent: it is a template. */
  configuration?: string;
}

/** All of them, with the groups that use each; templates first. */
export async function* standingLaunches(aws: Aws, call: Call): AsyncGenerator<Standing, void, undefined> {
  const users = await launchUsers(aws, call);
  for await (const { LaunchTemplateName: name = "", LaunchTemplateId: id = "" } of templates(aws, call))
    yield { name, id, usedBy: users.get(id) ?? [] };
  for await (const found of configurations(aws, call)) {
    const { LaunchConfigurationName: configuration = "", LaunchConfigurationARN: id = configuration } = found;
    const { base: name } = readConfigurationName(configuration);
    yield { name, id, usedBy: users.get(configuration) ?? [], configuration };
  }
}

/** One of them as the contract shows it. */
export function shownLaunch({ name, id, usedBy }: Standing): StandaloneLaunch {
  return { name, id, usedBy };
}

/**
 * Deletes a template with all its versions, or a launch configuration.
 * @throws NotFoundError @throws ConflictError when a group uses it, or the name fits several.
 */
export async function deleteStanding(aws: Aws, ref: Ref, call: Call): Promise<void> {
  const all: Standing[] = [];
  for await (const one of standingLaunches(aws, call)) all.push(one);
  const exact = all.filter(({ configuration, name }) => configuration === ref && configuration !== name);
  const found = exact[0] ?? resolved(all, ref, call);
  if (found.usedBy.length > 0) throw inUse(aws, `launch ${ref}`, found.usedBy, call);
  if (found.configuration === undefined) await deleteTemplate(aws, found.id, call);
  else await deleteConfiguration(aws, found.configuration, call);
}

function resolved(all: readonly Standing[], ref: Ref, { operation }: Call): Standing {
  try {
    return resolveRef(all, ref, "launch");
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    throw new NotFoundError(error.message, { operation, resource: ref, hint: error.hint });
  }
}
