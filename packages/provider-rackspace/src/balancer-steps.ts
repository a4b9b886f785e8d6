/** The calls that make a balancer as is wanted: one for a new one, and of a change only those that it needs. */
import { ask, type BalancerContext, change, metadataOf, removeClb, untilActive } from "./balancer-calls.js";
import { monitorIn } from "./balancer-check.js";
import { itemsOf, metadataChange } from "./balancer-settings.js";
import type { BalancerFacts } from "./balancer-show.js";
import { settingsOf } from "./balancer-spec.js";
import type { WantedBalancer } from "./balancer-wanted.js";
import { algorithmIn, type Clb } from "./balancer-words.js";
import type { Call } from "./client.js";
import { makeOnce, takenBack, withNote } from "./making.js";

/** Words that one call changes. @see docs.rackspace.com, Cloud Load Balancers, Update load balancer attributes */
const ATTRIBUTES = [
  "protocol",
  "port",
  "algorithm",
  "native.timeout",
  "native.halfClosed",
  "native.httpsRedirect",
] as const;
/** Words that Rackspace has none for, so that they stand in the metadata. */
const NOTED = ["instancePort", "drainMs", "pool", "healthCheck", "metadata"];

function attributesOf(wanted: WantedBalancer): Record<(typeof ATTRIBUTES)[number], unknown> {
  const { protocol, port, algorithm, native } = wanted;
  return {
    protocol,
    port,
    algorithm: algorithmIn(algorithm),
    "native.timeout": native.timeout === undefined ? undefined : native.timeout / 1_000,
    "native.halfClosed": native.halfClosed,
    "native.httpsRedirect": native.httpsRedirect,
  };
}

/** The last word of a path: `native.timeout` is Rackspace's `timeout`. */
function bare(attributes: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(attributes).flatMap(([word, value]) =>
      value === undefined ? [] : [[word.replace("native.", ""), value]],
    ),
  );
}

/**
 * Makes a balancer. When the answer is lost, the one of that name that was not there before is ours.
 * @param seek - the balancer of that name, once it shows.
 * @returns all of it, as it was asked for.
 */
export async function makeBalancer(
  context: BalancerContext,
  wanted: WantedBalancer,
  seek: () => Promise<Clb | undefined>,
  call: Call,
): Promise<BalancerFacts> {
  const { native } = wanted;
  const items = notedItems(wanted);
  const monitor = wanted.healthCheck === undefined ? {} : monitorIn(wanted.healthCheck);
  const json = {
    loadBalancer: {
      name: wanted.name,
      ...bare(attributesOf(wanted)),
      virtualIps: [
        native.virtualIp === undefined
          ? { type: (native.address ?? "public").toUpperCase() }
          : { id: Number(native.virtualIp) },
      ],
      ...(wanted.healthCheck === undefined ? {} : { healthMonitor: monitor }),
      ...(native.sessionPersistence === undefined
        ? {}
        : { sessionPersistence: { persistenceType: native.sessionPersistence } }),
      ...(native.connectionLogging === undefined
        ? {}
        : { connectionLogging: { enabled: native.connectionLogging } }),
      ...(items.length === 0 ? {} : { metadata: items.map(({ key, value }) => ({ key, value })) }),
    },
  };
  const clb = await makeOnce<Clb>(
    context.host,
    async () => {
      const path = "/loadbalancers";
      return (await ask<{ loadBalancer: Clb }>(context, path, { ...call, method: "POST", json }))
        .loadBalancer;
    },
    seek,
    call.signal,
  );
  const id = String(clb.id);
  if (native.contentCaching !== true) return { clb, monitor, items };
  try {
    await untilActive(context, id, call);
    await change(context, id, call, () => switchTo(context, id, "contentCaching", true, call));
    return { clb: { ...clb, contentCaching: { enabled: true } }, monitor, items };
  } catch (error) {
    const { signal: _signal, ...unaborted } = call;
    throw await takenBack(error, [[`load balancer ${id}`, () => removeClb(context, id, unaborted)]]);
  }
}

function notedItems(wanted: WantedBalancer): { id: number; key: string; value: string }[] {
  const { metadata, owner } = wanted;
  const items = itemsOf({
    metadata,
    settings: settingsOf(wanted),
    ...(owner === undefined ? {} : { owner }),
  });
  return [...items].map(([key, value]) => ({ id: 0, key, value }));
}

function switchTo(
  context: BalancerContext,
  id: string,
  word: "contentCaching" | "connectionLogging",
  enabled: boolean,
  call: Call,
): Promise<unknown> {
  const path = `/loadbalancers/${id}/${word.toLowerCase()}`;
  return ask(context, path, { ...call, method: "PUT", json: { [word]: { enabled } } });
}

type Step = readonly [words: readonly string[], run: () => Promise<unknown>];

/**
 * Changes a balancer so that it is as is wanted. In the balancer's turn.
 * @param words - in which it differs.
 * @throws what a step throws, with the words that were changed before it.
 */
export async function changeBalancer(
  context: BalancerContext,
  facts: BalancerFacts,
  wanted: WantedBalancer,
  words: readonly string[],
  call: Call,
): Promise<void> {
  const id = String(facts.clb.id);
  const steps = stepsFor(context, facts, wanted, new Set(words), call).map(
    ([of, run]): Step => [of, () => change(context, id, call, run)],
  );
  const noted = words.filter((word) => NOTED.includes(word));
  if (noted.length > 0) steps.push([noted, () => writeNotes(context, id, wanted, call)]);
  const done: string[] = [];
  for (const [of, run] of steps) {
    try {
      await run();
    } catch (error) {
      throw done.length === 0 ? error : withNote(error, `changed before that: ${done.join(", ")}`);
    }
    done.push(...of);
  }
}

function stepsFor(
  context: BalancerContext,
  { clb }: BalancerFacts,
  wanted: WantedBalancer,
  words: ReadonlySet<string>,
  call: Call,
): Step[] {
  const id = String(clb.id);
  const path = `/loadbalancers/${id}`;
  const { native, healthCheck } = wanted;
  const changed = ATTRIBUTES.filter((word) => words.has(word));
  const all = attributesOf(wanted);
  const attributes: Step = [
    changed,
    () =>
      ask(context, path, {
        ...call,
        method: "PUT",
        json: { loadBalancer: bare(Object.fromEntries(changed.map((word) => [word, all[word]]))) },
      }),
  ];
  const check: Step = [
    ["healthCheck"],
    () =>
      healthCheck === undefined
        ? ask(context, `${path}/healthmonitor`, { ...call, method: "DELETE" })
        : ask(context, `${path}/healthmonitor`, {
            ...call,
            method: "PUT",
            json: { healthMonitor: monitorIn(healthCheck) },
          }),
  ];
  // A check by HTTP needs a balancer of that protocol, so it comes after the protocol, and goes before it.
  const isByHttp = healthCheck !== undefined && monitorIn(healthCheck).type !== "CONNECT";
  // Rackspace forgets the persistence with the protocol.
  const persists = native.sessionPersistence;
  return [
    ...(words.has("healthCheck") && !isByHttp ? [check] : []),
    ...(changed.length > 0 ? [attributes] : []),
    ...(words.has("healthCheck") && isByHttp ? [check] : []),
    ...(persists !== undefined && (words.has("native.sessionPersistence") || words.has("protocol"))
      ? [
          [
            ["native.sessionPersistence"],
            () =>
              ask(context, `${path}/sessionpersistence`, {
                ...call,
                method: "PUT",
                json: { sessionPersistence: { persistenceType: persists } },
              }),
          ] satisfies Step,
        ]
      : []),
    ...(["connectionLogging", "contentCaching"] as const).flatMap((word): Step[] =>
      words.has(`native.${word}`)
        ? [[[`native.${word}`], () => switchTo(context, id, word, native[word] === true, call)]]
        : [],
    ),
  ];
}

/** Makes the metadata say what is wanted. In the balancer's turn. */
export async function writeNotes(
  context: BalancerContext,
  id: string,
  wanted: WantedBalancer,
  call: Call,
): Promise<void> {
  const path = `/loadbalancers/${id}/metadata`;
  const items = new Map(notedItems(wanted).map(({ key, value }) => [key, value]));
  const { add, set, remove } = metadataChange(await metadataOf(context, id, call), items);
  const act = (more: Pick<Call, "method" | "json">, item = ""): Promise<unknown> =>
    change(context, id, call, () => ask(context, `${path}${item}`, { ...call, ...more }));
  if (remove.length > 0) await act({ method: "DELETE" }, `?${remove.map((one) => `id=${one}`).join("&")}`);
  for (const one of set) await act({ method: "PUT", json: { meta: { value: one.value } } }, `/${one.id}`);
  if (add.length === 0) return;
  await change(context, id, call, () =>
    makeOnce<unknown>(
      context.host,
      () => ask(context, path, { ...call, method: "POST", json: { metadata: add } }),
      async () => {
        const now = new Set((await metadataOf(context, id, call)).map(({ key }) => key));
        return add.every(({ key }) => now.has(key)) || undefined;
      },
      call.signal,
    ),
  );
}
