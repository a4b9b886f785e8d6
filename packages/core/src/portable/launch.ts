import type { CallOptions, Metadata, MetadataDriver } from "../contracts/common.js";
import type { LaunchConfiguration, LaunchDriver, LaunchVersion } from "../contracts/launch.js";
import { InternalError } from "../errors.js";
import type { Context } from "./context.js";
import { issue, mutateGroup, requireGroup } from "./context.js";
import { copyMemory } from "./documents.js";

/** Launch configurations of portable groups: part of the group, every version kept. */
export function createLaunch(
  context: Context,
): Required<Pick<LaunchDriver, "get" | "set" | "patch" | "metadata" | "history">> {
  const read = async (group: string, version: string): Promise<LaunchConfiguration> => {
    const document = await context.repository.launch(group, version);
    if (document !== undefined) return document.launch;
    throw new InternalError(`launch version ${version} of group ${group} is not in the store`, {
      resource: group,
    });
  };
  const current = async (group: string, call?: CallOptions): Promise<LaunchConfiguration> =>
    read(group, (await requireGroup(context, group, call)).definition.launch);

  /** A new version; a create that waited because the old one was refused may be tried at once. */
  const write = async (
    group: string,
    launch: LaunchConfiguration,
    call?: CallOptions,
  ): Promise<LaunchConfiguration> => {
    call?.signal?.throwIfAborted();
    const checked = context.parseLaunch?.(launch) ?? launch;
    await mutateGroup(context, group, ({ definition, memory }) => {
      const version = String(Number(definition.launch) + 1);
      const next = copyMemory(memory);
      next.createFailures = 0;
      delete next.createsNotBeforeMs;
      for (const slot of Object.values(next.slots)) delete slot.notBeforeMs;
      const document = context.repository.launchWrite({
        version,
        createdAtMs: context.clock.now(),
        launch: checked,
      });
      return { definition: { ...definition, launch: version }, memory: next, documents: [document] };
    });
    await issue(context, group);
    return checked;
  };
  const rewrite = async (
    group: string,
    change: (launch: LaunchConfiguration) => LaunchConfiguration,
    call?: CallOptions,
  ): Promise<LaunchConfiguration> => write(group, change(await current(group, call)), call);

  const metadata: MetadataDriver = {
    merge: async (group, added, call) =>
      (await rewrite(group, (launch) => withMetadata(launch, { ...launch.metadata, ...added }), call))
        .metadata ?? {},
    replace: async (group, all, call) =>
      (await rewrite(group, (launch) => withMetadata(launch, all), call)).metadata ?? {},
  };
  return {
    get: current,
    set: write,
    patch: (group, patch, call) => rewrite(group, (launch) => ({ ...launch, ...patch }), call),
    metadata,
    async *history(group, call): AsyncGenerator<LaunchVersion> {
      const { definition } = await requireGroup(context, group, call);
      for await (const document of context.repository.launches(group)) {
        yield { ...document, current: document.version === definition.launch };
      }
    },
  };
}

function withMetadata(launch: LaunchConfiguration, metadata: Metadata): LaunchConfiguration {
  return { ...launch, metadata };
}
