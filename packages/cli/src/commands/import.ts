import { writeFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import {
  type Alarm,
  AlreadyExistsError,
  type Group,
  type LaunchConfiguration,
  type Policy,
  type Region,
  renderFaults,
} from "@bellows/core";
import { type Context, note, say } from "../context.js";
import { EXIT } from "../exit-codes.js";
import type { Globals } from "../globals.js";
import { type FoundGroup, writeGroup } from "../import/aws-group.js";
import { type Provider, withProvider } from "../nouns/provider-call.js";
import { printDocument } from "../output.js";
import { tryLoad } from "../workbench.js";

interface ImportOptions extends Globals {
  own?: boolean;
  to?: string;
  dryRun?: boolean;
}

/** `bellows import aws GROUP`: writes the bellows.yaml of a group that exists, and says what it could not say. */
export async function run(context: Context, options: ImportOptions, name: string): Promise<void> {
  const file = resolve(context.cwd, options.to ?? "bellows.yaml");
  const shown = relative(context.cwd, file);
  const found = await withProvider(context, { ...options, provider: options.provider ?? "aws" }, (provider) =>
    look(context, options, provider, name),
  );
  const { text, unsaid } = writeGroup(found);
  if (options.dryRun !== true) writeNew(file, shown, text);
  const loaded = await tryLoad(context, file, text);
  const faults = "faults" in loaded ? loaded.faults : [];
  const result = options.dryRun === true ? { text } : { written: shown };
  if (!printDocument(context, options, { ...result, unsaid, faults }))
    say(context, options.dryRun === true ? text.trimEnd() : `wrote ${shown}`);
  for (const one of unsaid) note(context, `not said there: ${one}`);
  if (faults.length === 0) return;
  note(context, renderFaults(faults));
  context.exitCode = EXIT.usage;
}

async function look(
  context: Context,
  options: ImportOptions,
  provider: Provider,
  name: string,
): Promise<FoundGroup> {
  const group = await provider.invoke<Group>("groups.get", name);
  const policies = await provider.invoke<Policy[]>("policies.list", group.name);
  const alarms = await provider.invoke<Alarm[]>("alarms.list");
  const schedules = await provider.invoke<{ name: string }[]>("native.scheduledActions.list", group.name);
  const region = options.region ?? context.env.AWS_REGION ?? context.env.AWS_DEFAULT_REGION;
  return {
    region: region ?? (await currentRegion(provider)),
    group,
    policies: policies.filter(({ engine }) => engine === "native"),
    alarms,
    besides: {
      hooks: await provider.invoke<{ name: string }[]>("native.hooks.list", group.name),
      schedules: schedules.filter(({ name: one }) => !policies.some((policy) => policy.name === one)),
      warmPool: (await provider.invoke("native.warmPool.get", group.name)) !== undefined,
    },
    ...(options.own === true
      ? { launch: await provider.invoke<LaunchConfiguration>("launch.get", group.name) }
      : {}),
  };
}

async function currentRegion(provider: Provider): Promise<string> {
  const regions = await provider.invoke<Region[]>("regions.list");
  return regions.find(({ current }) => current)?.name ?? "";
}

/** @throws AlreadyExistsError where the file is there. */
function writeNew(file: string, shown: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw new AlreadyExistsError(`${shown} already exists; nothing was written`, {
      hint: "write another with --to FILE, or move it away",
      cause: error,
    });
  }
}
