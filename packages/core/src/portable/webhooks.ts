/**
 * Capability URLs.
 *
 * Note [Capability]: the secret part of a URL is 64 hexadecimal digits: a random id of 128 bits, then the first 128 bits
 * of HMAC-SHA256 over that id under the server key. The store has the id alone, and the key lies outside it: so links
 * can be shown again, and whoever steals the store can open nothing. Rotating gives a new id.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { CallOptions, Metadata } from "../contracts/common.js";
import type { GroupsDriver } from "../contracts/group.js";
import type { PoliciesDriver, Policy } from "../contracts/policy.js";
import type { StateStore } from "../contracts/state-store.js";
import type { Webhook, WebhookSpec, WebhooksDriver } from "../contracts/webhook.js";
import { webhookSpecSchema } from "../contracts/webhook.js";
import { AlreadyExistsError, ConfigError, UnsupportedError } from "../errors.js";
import { resolveRef } from "../ref.js";
import { canonical } from "./bounds.js";
import { openShelf } from "./shelf.js";

/** What webhooks are made from. */
export interface PortableWebhooksOptions {
  /** Key of the provider in the config. */
  provider: string;
  store: StateStore;
  groups: Pick<GroupsDriver, "get">;
  policies: Pick<PoliciesDriver, "get">;
  newId: () => string;
  /** The cloud's own webhooks, for its own policies. */
  native?: WebhooksDriver;
  /** What links begin with; without it webhooks show no URL. */
  webhookUrl?: string;
  /** Secret of 16 characters or more, kept outside the store; without it no webhook can be made. */
  serverKey?: string;
}

/** What a capability opens. */
export interface Capability {
  provider: string;
  group: string;
  /** Id of the group, where it differs from its name. */
  groupId?: string;
  /** Id of the policy. */
  policy: string;
  /** Id and name of the webhook. */
  webhook: string;
  name: string;
}

interface Kept {
  id: string;
  name: string;
  /** Id of its policy. */
  policy: string;
  metadata: Metadata;
  /** First half of the secret part. */
  capability: string;
}

/** Shortest server key that is taken, in characters. */
const SHORTEST_KEY = 16;

function mac(serverKey: string, capability: string): string {
  return createHmac("sha256", serverKey).update(`bellows webhook ${capability}`).digest("hex").slice(0, 32);
}

function indexKey(capability: string): string {
  return `portable/webhook/${capability}`;
}

/** Key of the document with a group's webhooks, in the partition of the group's name. */
export function webhooksKey(provider: string, groupId: string): string {
  return `portable/${provider}/webhooks/${groupId}`;
}

/** The secret part of a URL: 64 hexadecimal digits. */
export function capabilityHash(serverKey: string, capability: string): string {
  return capability + mac(serverKey, capability);
}

/**
 * What the secret part of a URL opens. Takes the same path for what is unknown, forged or gone: one HMAC, compared in
 * constant time, and one look into the store.
 */
export async function resolveCapability(
  store: StateStore,
  serverKey: string,
  hash: string,
): Promise<Capability | undefined> {
  const given = /^[0-9a-f]{64}$/.test(hash) ? hash : "0".repeat(64);
  const capability = given.slice(0, 32);
  const isGenuine = timingSafeEqual(Buffer.from(mac(serverKey, capability)), Buffer.from(given.slice(32)));
  const found = await store.get<Capability>("", indexKey(capability));
  return isGenuine && given === hash ? found?.value : undefined;
}

/** Removes what points at the webhooks of a group that is gone, or of one policy of it. */
export async function forgetWebhooks(
  store: StateStore,
  provider: string,
  group: string,
  policy?: string,
): Promise<void> {
  const stale: string[] = [];
  for await (const { key, value } of store.list<Capability>("", indexKey(""))) {
    const isOurs = value.provider === provider && value.group === group;
    if (isOurs && (policy === undefined || value.policy === policy)) stale.push(key);
  }
  if (stale.length > 0)
    await store.commit("", { documents: stale.map((key) => ({ key, value: undefined })) });
}

/** Removes the webhooks of a policy that is gone. */
export async function dropWebhooks(
  store: StateStore,
  provider: string,
  group: { name: string; id: string },
  policy: string,
): Promise<void> {
  await forgetWebhooks(store, provider, group.name, policy);
  await openShelf<Kept>(store).change(group.name, webhooksKey(provider, group.id), (items) =>
    items.filter((kept) => kept.policy !== policy),
  );
}

/** Makes the webhooks driver of a connection. */
export function createWebhooks(
  options: PortableWebhooksOptions,
): Required<Omit<WebhooksDriver, "metadata">> & WebhooksDriver {
  const shelf = openShelf<Kept>(options.store);
  const { groups, policies, native, store } = options;
  const place = async (groupRef: string, policyRef: string, call?: CallOptions): Promise<Place> => {
    const group = await groups.get(groupRef, call);
    const policy = await policies.get(groupRef, policyRef, call);
    return {
      group,
      policy,
      key: webhooksKey(options.provider, group.id),
      native: policy.engine === "native" ? native : undefined,
    };
  };
  const find = async (at: Place, ref: string): Promise<Kept> =>
    resolveRef(
      (await shelf.read(at.group.name, at.key)).filter((kept) => kept.policy === at.policy.id),
      ref,
      `webhook of policy ${at.policy.name}`,
    );
  const view = (at: Place, kept: Kept): Webhook => {
    const { serverKey, webhookUrl } = options;
    return {
      id: kept.id,
      name: kept.name,
      group: at.group.name,
      policy: at.policy.name,
      metadata: { ...kept.metadata },
      ...(serverKey !== undefined && webhookUrl !== undefined
        ? {
            url: `${webhookUrl.replace(/\/+$/, "")}/v1.0/execute/1/${capabilityHash(serverKey, kept.capability)}`,
          }
        : {}),
    };
  };
  const change = async (at: Place, id: string, update: (kept: Kept) => Kept): Promise<Webhook> => {
    const all = await shelf.change(at.group.name, at.key, (items) =>
      items.map((kept) => (kept.id === id ? update(kept) : kept)),
    );
    return view(at, resolveRef(all, id, "webhook"));
  };
  const publish = (at: Place, kept: Kept): Promise<unknown> =>
    store.commit("", {
      documents: [
        {
          key: indexKey(kept.capability),
          value: {
            provider: options.provider,
            group: at.group.name,
            ...(at.group.id === at.group.name ? {} : { groupId: at.group.id }),
            policy: at.policy.id,
            webhook: kept.id,
            name: kept.name,
          } satisfies Capability,
        },
      ],
    });
  const revoke = (capability: string): Promise<unknown> =>
    store.commit("", { documents: [{ key: indexKey(capability), value: undefined }] });
  const newCapability = (): string => {
    if (options.serverKey === undefined || options.serverKey.length < SHORTEST_KEY) throw noKey(options);
    return (options.newId() + options.newId()).replaceAll("-", "").slice(0, 32).padEnd(32, "0");
  };
  const setMetadata = async (
    address: string,
    merge: (old: Metadata) => Metadata,
    call?: CallOptions,
  ): Promise<Metadata> => {
    const [group = "", policy = "", webhook = ""] = address.split("/");
    const at = await place(group, policy, call);
    const kept = await find(at, webhook);
    return (await change(at, kept.id, (old) => ({ ...old, metadata: merge(old.metadata) }))).metadata;
  };

  return {
    async *list(group, policy, call) {
      const at = await place(group, policy, call);
      if (at.native) {
        yield* at.native.list(group, policy, call);
        return;
      }
      for (const kept of await shelf.read(at.group.name, at.key))
        if (kept.policy === at.policy.id) yield view(at, kept);
    },
    async get(group, policy, webhook, call) {
      const at = await place(group, policy, call);
      return at.native ? at.native.get(group, policy, webhook, call) : view(at, await find(at, webhook));
    },
    async create(group, policy, spec, call) {
      const at = await place(group, policy, call);
      if (at.native) return at.native.create(group, policy, spec, call);
      const fresh: Kept = {
        id: options.newId(),
        policy: at.policy.id,
        capability: newCapability(),
        ...parseSpec(spec),
      };
      await publish(at, fresh);
      const kept = await shelf.change(at.group.name, at.key, (items) => added(items, fresh));
      const made = kept.find((one) => one.policy === fresh.policy && one.name === fresh.name) ?? fresh;
      if (made.id !== fresh.id) await revoke(fresh.capability);
      return view(at, made);
    },
    async update(group, policy, webhook, patch, call) {
      const at = await place(group, policy, call);
      if (at.native) return at.native.update(group, policy, webhook, patch, call);
      const kept = await find(at, webhook);
      const next = parseSpec({ name: kept.name, metadata: kept.metadata, ...patch });
      return change(at, kept.id, (old) => ({ ...old, ...next }));
    },
    async delete(group, policy, webhook, call) {
      const at = await place(group, policy, call);
      if (at.native) return at.native.delete(group, policy, webhook, call);
      const kept = await find(at, webhook);
      await revoke(kept.capability);
      await shelf.change(at.group.name, at.key, (items) => items.filter((other) => other.id !== kept.id));
    },
    async rotate(group, policy, webhook, call) {
      const at = await place(group, policy, call);
      if (at.native?.rotate) return at.native.rotate(group, policy, webhook, call);
      const kept = await find(at, webhook);
      const capability = newCapability();
      await publish(at, { ...kept, capability });
      const changed = await change(at, kept.id, (old) => ({ ...old, capability }));
      await revoke(kept.capability);
      return changed;
    },
    metadata: {
      merge: (address, metadata, call) => setMetadata(address, (old) => ({ ...old, ...metadata }), call),
      replace: (address, metadata, call) => setMetadata(address, () => ({ ...metadata }), call),
    },
  };
}

interface Place {
  group: { name: string; id: string };
  policy: Policy;
  key: string;
  native?: WebhooksDriver | undefined;
}

function added(items: Kept[], fresh: Kept): Kept[] {
  const old = items.find((one) => one.policy === fresh.policy && one.name === fresh.name);
  if (old === undefined) return [...items, fresh];
  if (canonical(old.metadata) === canonical(fresh.metadata)) return items;
  throw new AlreadyExistsError(`there is a webhook "${fresh.name}" of that policy already`, {
    resource: fresh.name,
    hint: "update it, or choose another name",
  });
}

function parseSpec(spec: WebhookSpec): { name: string; metadata: Metadata } {
  const parsed = webhookSpecSchema.safeParse(spec);
  if (parsed.success) return { name: parsed.data.name, metadata: parsed.data.metadata ?? {} };
  const faults = parsed.error.issues.map((issue) => `${issue.path.join(".") || "webhook"}: ${issue.message}`);
  throw new ConfigError(`webhook ${spec.name} cannot be kept: ${faults.join("; ")}`, { resource: spec.name });
}

function noKey(options: PortableWebhooksOptions): UnsupportedError {
  return new UnsupportedError("webhooks need a server key, because their links are made under it", {
    provider: options.provider,
    operation: "webhooks.create",
    hint: `pass serverKey (${SHORTEST_KEY} characters or more, kept outside the store) and webhookUrl`,
  });
}
