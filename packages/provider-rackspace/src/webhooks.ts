/**
 * Webhooks of Autoscale's policies. Whoever has one's capability URL can execute its policy, anonymously; Rackspace
 * answers the same whether that did something or not. The URL never changes: there is no rotating.
 */
import { isDeepStrictEqual } from "node:util";
import {
  AlreadyExistsError,
  type CallOptions,
  ConfigError,
  collect,
  isBellowsError,
  type Metadata,
  type MetadataDriver,
  type Ref,
  resolveRef,
  type Webhook,
  type WebhookSpec,
  type WebhooksDriver,
  webhookSpecSchema,
} from "@bellows/core";
import type { WireWebhook } from "./autoscale.js";
import type { Call, Rackspace } from "./client.js";
import { retold } from "./errors.js";
import { requireMetadata } from "./group-config.js";
import { callOf, type GroupContext, inGroup, listed, onGroup, postOne } from "./group-context.js";
import { makeOnce } from "./making.js";
import { policyIn, readPolicies } from "./policy-find.js";

/** The webhooks driver of Rackspace. */
export type RackspaceWebhooks = Omit<WebhooksDriver, "rotate"> & { metadata: MetadataDriver };

/** The policy that webhooks belong to. */
interface Place {
  /** Its path, with that of its webhooks. */
  path: string;
  group: string;
  policy: string;
}

/** Makes the webhooks driver. */
export function createWebhooks(context: GroupContext): RackspaceWebhooks {
  const { rackspace } = context;
  const placeOf = async (groupId: string, policy: Ref, call: Call): Promise<Place> => {
    const found = await readPolicies(rackspace, groupId, call);
    const { id, name } = policyIn(found, policy, rackspace, { ...call, resource: policy });
    const path = `/groups/${groupId}/policies/${id}/webhooks`;
    return { path, group: found.manifest.groupConfiguration.name, policy: name };
  };
  const change = (
    [group, policy, webhook]: readonly [Ref, Ref, Ref],
    call: Call,
    make: (old: WireWebhook) => Required<WebhookSpec>,
  ): Promise<Webhook> =>
    inGroup(context, group, call, async (id) =>
      update(rackspace, await placeOf(id, policy, call), webhook, make, call),
    );
  return {
    async *list(group, policy, options) {
      const call = callOf("webhooks.list", policy, options);
      const at = await onGroup(context, group, call, (id) => placeOf(id, policy, call));
      for await (const webhook of allOf(rackspace, at, call)) yield webhookOf(at, webhook);
    },
    async get(group, policy, ref, options) {
      const call = callOf("webhooks.get", ref, options);
      const at = await onGroup(context, group, call, (id) => placeOf(id, policy, call));
      return webhookOf(at, await find(rackspace, at, ref, call));
    },
    async create(group, policy, spec, options) {
      const call = callOf("webhooks.create", String(spec.name), options);
      const wanted = checked(spec, call);
      return inGroup(context, group, call, async (id) =>
        create(context, await placeOf(id, policy, call), wanted, call),
      );
    },
    async update(group, policy, webhook, patch, options) {
      const call = callOf("webhooks.update", webhook, options);
      return change([group, policy, webhook], call, ({ name, metadata }) =>
        checked({ name: patch.name ?? name, metadata: patch.metadata ?? metadata }, call),
      );
    },
    async delete(group, policy, webhook, options) {
      const call = callOf("webhooks.delete", webhook, options);
      await inGroup(context, group, call, async (id) => {
        const at = await placeOf(id, policy, call);
        await drop(rackspace, at, await find(rackspace, at, webhook, call), call);
      });
    },
    metadata: {
      merge: async (address, metadata, options) =>
        setMetadata("webhooks.metadata.merge", address, metadata, options, change, (old) => ({
          ...old,
          ...metadata,
        })),
      replace: async (address, metadata, options) =>
        setMetadata("webhooks.metadata.replace", address, metadata, options, change, () => ({
          ...metadata,
        })),
    },
  };
}

function allOf(rackspace: Rackspace, { path }: Place, call: Call): AsyncIterable<WireWebhook> {
  return listed<WireWebhook>(rackspace, path, "webhooks", call);
}

/** A webhook, with the URL that is its capability. */
function webhookOf({ group, policy }: Place, { id, name, metadata, links }: WireWebhook): Webhook {
  const url = links.find(({ rel }) => rel === "capability")?.href;
  return { id, name, group, policy, metadata: { ...metadata }, ...(url === undefined ? {} : { url }) };
}

async function find(rackspace: Rackspace, at: Place, ref: Ref, call: Call): Promise<WireWebhook> {
  const all = await collect(allOf(rackspace, at, call));
  try {
    return resolveRef(all, ref, `webhook of policy ${at.policy}`);
  } catch (error) {
    throw isBellowsError(error)
      ? retold(error, { provider: rackspace.key, operation: call.operation })
      : error;
  }
}

/** @throws ConfigError that lists every fault. */
function checked(spec: WebhookSpec, { operation }: Call): Required<WebhookSpec> {
  const read = webhookSpecSchema.safeParse(spec);
  if (read.success) return { name: read.data.name, metadata: read.data.metadata ?? {} };
  const faults = read.error.issues.map(({ path, message }) => `${path.join(".") || "webhook"}: ${message}`);
  throw new ConfigError(`webhook ${String(spec.name)} cannot be made: ${faults.join("; ")}`, {
    operation,
    resource: String(spec.name),
  });
}

async function create(
  { rackspace, host }: GroupContext,
  at: Place,
  spec: Required<WebhookSpec>,
  call: Call,
): Promise<Webhook> {
  const named = async (): Promise<WireWebhook[]> =>
    (await collect(allOf(rackspace, at, call))).filter(({ name }) => name === spec.name);
  const there = await named();
  const [first] = there;
  if (first !== undefined) {
    if (there.length === 1 && isDeepStrictEqual({ ...first.metadata }, spec.metadata))
      return webhookOf(at, first);
    throw new AlreadyExistsError(
      `policy ${at.policy} has a webhook "${spec.name}" already, and it is another`,
      {
        operation: call.operation,
        resource: spec.name,
        hint: "update it, or choose another name",
      },
    );
  }
  const made = await makeOnce(
    host,
    () => postOne<WireWebhook>(rackspace, at.path, "webhooks", spec, call),
    async () => (await named())[0],
    call.signal,
  );
  return webhookOf(at, made);
}

async function update(
  rackspace: Rackspace,
  at: Place,
  ref: Ref,
  make: (old: WireWebhook) => Required<WebhookSpec>,
  call: Call,
): Promise<Webhook> {
  const old = await find(rackspace, at, ref, call);
  const wanted = make(old);
  await rackspace.request("autoscale", `${at.path}/${old.id}`, { ...call, method: "PUT", json: wanted });
  return webhookOf(at, { ...old, ...wanted });
}

async function drop(rackspace: Rackspace, at: Place, { id }: WireWebhook, call: Call): Promise<void> {
  try {
    await rackspace.request("autoscale", `${at.path}/${id}`, { ...call, method: "DELETE" });
  } catch (error) {
    // It was there a moment ago: an earlier try, whose answer was lost, has deleted it.
    if (!isBellowsError(error, "not-found")) throw error;
  }
}

type Change = (
  at: readonly [Ref, Ref, Ref],
  call: Call,
  make: (old: WireWebhook) => Required<WebhookSpec>,
) => Promise<Webhook>;

/** @param address - `GROUP/POLICY/WEBHOOK`. */
async function setMetadata(
  operation: string,
  address: string,
  given: Metadata,
  options: CallOptions | undefined,
  change: Change,
  make: (old: Metadata) => Metadata,
): Promise<Metadata> {
  const call = callOf(operation, address, options);
  requireMetadata(given, call, () => []);
  const [group = "", policy = "", webhook = "", ...rest] = address.split("/");
  if (webhook === "" || rest.length > 0)
    throw new ConfigError(`"${address}" names no webhook`, {
      operation,
      resource: address,
      hint: "write GROUP/POLICY/WEBHOOK; where a name has a slash, use the id",
    });
  const { metadata } = await change([group, policy, webhook], call, (old) => ({
    name: old.name,
    metadata: make({ ...old.metadata }),
  }));
  return metadata;
}
