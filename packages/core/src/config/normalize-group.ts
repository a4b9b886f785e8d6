import type { Attachment } from "../contracts/group.js";
import type { LaunchConfiguration } from "../contracts/launch.js";
import { launchWords } from "../contracts/launch.js";
import { readDuration } from "../duration.js";
import { nearest } from "../nearest.js";
import type { ClusterConfig, GroupConfig, ProviderConfig, RolloutConfig, ServiceConfig } from "./config.js";
import type { Broken, Context } from "./context.js";
import { compact } from "./context.js";
import { DEFAULTS } from "./defaults.js";
import { checkCondition, knownNames } from "./expressions-in-file.js";
import { foreignHint } from "./foreign-words.js";
import { entriesOf } from "./normalize-metrics.js";
import type { NormalizedScaling } from "./normalize-scaling.js";
import { checkName, normalizeScaling } from "./normalize-scaling.js";
import type { Field, Fields } from "./read.js";
import { read, readFields } from "./read.js";
import type { GroupFile } from "./schema-group.js";
import { clusterFile, groupFile, serviceFile } from "./schema-group.js";
import { knownKeys } from "./schema-shape.js";
import type { Entry, SourceNode } from "./source-node.js";
import { childOf, nodeAt } from "./source-node.js";

type GroupFields = Fields<typeof groupFile.shape>;

/** What a provider's own key on a group or balancer holds, by the provider's schema. */
export function readNative(
  context: Context,
  where: string,
  provider: ProviderConfig | Broken | undefined,
  extra: ReadonlyMap<string, Field>,
): Record<string, unknown> | undefined {
  let native: Record<string, unknown> | undefined;
  for (const [name, field] of extra) {
    if (provider === undefined || provider === "broken") continue;
    const { report } = context;
    if (provider.plugin.name !== name) {
      report.fault(
        field.keyRange,
        `${JSON.stringify(name)} stands in ${where}, whose provider is ${provider.plugin.name}`,
        "leave it out",
      );
    } else if (provider.plugin.native === undefined) {
      report.fault(field.keyRange, `provider ${name} has nothing of its own here`, "leave it out");
    } else {
      const subject = {
        report,
        node: field.node,
        schema: provider.plugin.native,
        where: `${where}.${name}`,
        key: name,
        keyRange: field.keyRange,
      };
      const got = read(subject);
      if (got !== undefined) native = got.value as Record<string, unknown>;
    }
  }
  return native;
}

/** Names that may stand on a group beside the common keys: those of the file's plugins. */
export function nativeNames(context: Context): (key: string) => boolean {
  const names = new Set<string>();
  for (const provider of context.providers.values())
    if (provider !== "broken") names.add(provider.plugin.name);
  const someBroken = [...context.providers.entries()]
    .filter(([, provider]) => provider === "broken")
    .map(([key]) => key);
  return (key) => names.has(key) || someBroken.includes(key);
}

/** The provider of a group or balancer: the named one, or the file's only one. */
export function chooseProvider(
  context: Context,
  entry: Entry,
  where: string,
  named: Field | undefined,
): string | undefined {
  const { report, providers } = context;
  const keys = [...providers.keys()];
  if (named?.node.kind === "scalar") {
    const key = named.node.text;
    if (providers.has(key) || named.node.poisoned) return key;
    const near = nearest(key, keys);
    const listed =
      keys.length === 0 ? "the file names none under providers" : `the file has ${keys.join(", ")}`;
    report.fault(
      named.node,
      `unknown provider ${JSON.stringify(key)}`,
      near === undefined ? listed : `did you mean "${near}"?`,
    );
    return undefined;
  }
  if (keys.length === 1) return keys[0];
  if (keys.length === 0)
    report.fault(
      entry.keyRange,
      `${where} needs a provider, and the file names none`,
      "providers: { local: {} }",
    );
  else
    report.fault(
      entry.keyRange,
      `${where} needs "provider": the file has ${keys.length}`,
      `write provider: ${keys.join(" or ")}`,
    );
  return undefined;
}

/** Reads one group. */
export function normalizeGroup(context: Context, entry: Entry): GroupConfig | undefined {
  const { report } = context;
  const where = `groups.${entry.key}`;
  checkName(context, entry, "group");
  const fields = readFields(
    {
      report,
      node: entry.value,
      schema: groupFile,
      where,
      key: entry.key,
      keyRange: entry.keyRange,
      foreign: "group",
    },
    { later: ["launch", "metrics", "signals", "policies", "windows"], extra: nativeNames(context) },
  );
  if (fields === undefined) return undefined;
  const { values, at } = fields;
  const provider = chooseProvider(context, entry, where, at.provider);
  const plugin = provider === undefined ? undefined : context.providers.get(provider);
  const exists = at.existing !== undefined;
  const normalized = normalizeScaling(
    context,
    {
      where,
      keyRange: entry.keyRange,
      name: entry.key,
      provider: provider ?? "",
      ref: values.existing ?? entry.key,
      inCluster: false,
      exists,
    },
    { values, at },
  );
  checkExisting(context, entry, fields);
  const launch = at.launch === undefined ? undefined : readLaunch(context, at.launch, plugin);
  const native = readNative(context, where, plugin, fields.extra);
  const loadBalancers = attachments(context, values.loadBalancers, at.loadBalancers, provider);
  const rollout = toRollout(context, fields);
  if (provider === undefined) return undefined;
  const declared = compact({ existing: values.existing, rollout });
  const base = {
    key: entry.key,
    provider,
    scaling: normalized.scaling,
    bounds: normalized.bounds,
    boundsFromCloud: normalized.boundsFromCloud,
    webhooks: normalized.webhooks,
  };
  if (exists || launch === undefined) return { ...base, ...declared };
  return {
    ...base,
    ...declared,
    create: toSpec(context, entry.key, normalized, values, { launch, native, loadBalancers }),
  };
}

function toSpec(
  context: Context,
  name: string,
  { scaling }: NormalizedScaling,
  values: GroupFields["values"],
  read: {
    launch: LaunchConfiguration;
    native?: Record<string, unknown> | undefined;
    loadBalancers?: Attachment[] | undefined;
  },
): NonNullable<GroupConfig["create"]> {
  return compact({
    name,
    min: scaling.min,
    max: scaling.max,
    cooldownMs: scaling.cooldownMs,
    zones: values.zones,
    subnets: values.subnets,
    launch: read.launch,
    loadBalancers: read.loadBalancers,
    metadata: values.metadata,
    owner: `${context.project}/${name}`,
    native: read.native,
  });
}

/** What only the making of a group needs, and what a group that is made needs. */
function checkExisting(context: Context, entry: Entry, { at, extra }: GroupFields): void {
  const { report } = context;
  if (at.existing === undefined) {
    if (at.launch !== undefined) return;
    const hint = "launch: { … } for a group that this file makes, existing: NAME for one that is there";
    report.fault(entry.keyRange, `groups.${entry.key} has neither launch nor existing`, hint);
    return;
  }
  const making = ["launch", "loadBalancers", "zones", "subnets", "metadata"] as const;
  for (const key of making) {
    const field = at[key];
    if (field)
      report.fault(
        field.keyRange,
        `${key} beside existing: a group that exists is never made or changed`,
        "leave one of them out",
      );
  }
  for (const [key, field] of extra)
    report.fault(
      field.keyRange,
      `${key} beside existing: a group that exists is never made or changed`,
      "leave it out",
    );
}

function readLaunch(
  context: Context,
  field: Field,
  provider: ProviderConfig | Broken | undefined,
): LaunchConfiguration | undefined {
  const { report } = context;
  const common = {
    report,
    node: field.node,
    where: "launch",
    key: "launch",
    keyRange: field.keyRange,
    foreign: "launch" as const,
  };
  if (provider === undefined || provider === "broken") {
    // Nobody can say what the provider takes; the common words are checked all the same, and its own are let pass.
    const commonWords = Object.keys(launchWords.shape);
    const own = ({ key, value }: Entry): boolean =>
      value.kind === "map" &&
      !commonWords.includes(key) &&
      foreignHint("launch", key, undefined, commonWords) === undefined;
    const node: SourceNode =
      field.node.kind === "map"
        ? { ...field.node, entries: field.node.entries.filter((entry) => !own(entry)) }
        : field.node;
    read({ ...common, node, schema: launchWords });
    return undefined;
  }
  const { plugin } = provider;
  const unknown = (key: string): { message: string; hint?: string } | undefined =>
    Object.hasOwn(launchWords.shape, key)
      ? {
          message: `${JSON.stringify(key)} in launch means nothing to provider ${plugin.name}`,
          ...takes(plugin.launch),
        }
      : undefined;
  const got = read({ ...common, schema: plugin.launch, unknown });
  return got?.value as LaunchConfiguration | undefined;
}

function takes(schema: ProviderConfig["plugin"]["launch"]): { hint?: string } {
  const keys = knownKeys(schema, []);
  return keys.length === 0 ? {} : { hint: `it takes ${keys.join(", ")}` };
}

function attachments(
  context: Context,
  values: GroupFile["loadBalancers"],
  field: Field | undefined,
  provider: string | undefined,
): Attachment[] | undefined {
  if (values === undefined || field === undefined) return undefined;
  const { report, balancers } = context;
  return values.map((written, index) => {
    if (typeof written !== "string") return compact(written);
    const node = nodeAt(field.node, [index]) ?? field.node;
    const owner = balancers.get(written);
    if (!balancers.has(written)) {
      const near = nearest(written, balancers.keys());
      const message = `unknown load balancer ${JSON.stringify(written)}`;
      report.fault(
        node,
        message,
        near === undefined
          ? `declare it under loadBalancers, or write { id: ${JSON.stringify(written)}, port: 80 }`
          : `did you mean "${near}"?`,
      );
    } else if (owner !== undefined && provider !== undefined && owner !== provider) {
      report.fault(
        node,
        `load balancer ${JSON.stringify(written)} belongs to provider ${owner}, the group to ${provider}`,
        "give both the same provider",
      );
    }
    return { id: written };
  });
}

function toRollout(context: Context, { values, at }: GroupFields): RolloutConfig | undefined {
  const { rollout } = values;
  if (rollout === undefined || at.rollout === undefined) return undefined;
  const names = (node: SourceNode | undefined): string[] =>
    node?.kind === "map" ? node.entries.map(({ key }) => key) : [];
  const gate = childOf(at.rollout.node, "gate");
  if (gate !== undefined)
    checkCondition(
      context.report,
      gate,
      "gate",
      knownNames(names(at.metrics?.node), names(at.signals?.node)),
    );
  return compact({
    strategy: rollout.strategy ?? DEFAULTS.strategy,
    surge: rollout.surge ?? { percent: Number.parseFloat(DEFAULTS.surge) },
    soakMs: rollout.soak ?? Number(readDuration(DEFAULTS.soak)),
    gate: rollout.gate?.trim(),
    onFailure: rollout.onFailure ?? DEFAULTS.onFailure,
  });
}

/** Reads one container cluster with its services. */
export function normalizeCluster(context: Context, entry: Entry): ClusterConfig | undefined {
  const { report } = context;
  const where = `clusters.${entry.key}`;
  checkName(context, entry, "cluster");
  const fields = readFields(
    {
      report,
      node: entry.value,
      schema: clusterFile,
      where,
      key: entry.key,
      keyRange: entry.keyRange,
      foreign: "group",
    },
    { later: ["services", "metrics", "signals", "policies", "windows"] },
  );
  if (fields === undefined) return undefined;
  const { values, at } = fields;
  const provider = chooseProvider(context, entry, where, at.provider);
  const owner = {
    where,
    keyRange: entry.keyRange,
    name: entry.key,
    provider: provider ?? "",
    ref: values.existing ?? entry.key,
    inCluster: true,
    exists: true,
  };
  const normalized = normalizeScaling(context, owner, { values, at });
  const services: Record<string, ServiceConfig> = {};
  for (const service of entriesOf(context, at.services?.node, "services")) {
    const read = normalizeService(context, entry.key, provider ?? "", service);
    if (read !== undefined) services[service.key] = read;
  }
  if (provider === undefined || values.existing === undefined) return undefined;
  const buffer = { cpu: values.buffer?.cpu ?? 0, memoryBytes: values.buffer?.memory ?? 0 };
  return { key: entry.key, provider, existing: values.existing, ...normalized, buffer, services };
}

function normalizeService(
  context: Context,
  cluster: string,
  provider: string,
  entry: Entry,
): ServiceConfig | undefined {
  const where = `clusters.${cluster}.services.${entry.key}`;
  checkName(context, entry, "service");
  const fields = readFields(
    {
      report: context.report,
      node: entry.value,
      schema: serviceFile,
      where,
      key: entry.key,
      keyRange: entry.keyRange,
      foreign: "group",
    },
    { later: ["metrics", "signals", "policies", "windows"] },
  );
  if (fields === undefined) return undefined;
  const owner = {
    where,
    keyRange: entry.keyRange,
    name: `${cluster}/${entry.key}`,
    provider,
    ref: entry.key,
    inCluster: true,
    exists: false,
  };
  const { scaling, webhooks } = normalizeScaling(context, owner, fields);
  return { key: entry.key, scaling, webhooks };
}
