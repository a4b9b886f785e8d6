/** Metadata of balancers, by which their owners know them. */
import { bodyIn, invalid, objectIn, refused } from "./balancers-form.js";
import type { Balancer, Meta } from "./balancers-state.js";
import { balancerIn, changeableIn } from "./balancers-status.js";
import { isObject, type Json } from "./json.js";
import type { Call, Route } from "./wire.js";
import type { Place } from "./world.js";

const BALANCER = "/loadbalancers/:region/v1.0/:tenant/loadbalancers/:balancer";
/** Most labels of a balancer. */
const MOST_METADATA = 25;

/** Labels, as they are kept. @throws Refusal for twins and for too many */
export function metadataFor({ world }: Place, before: readonly Meta[], given: Json | undefined): Meta[] {
  if (given === undefined) return [];
  if (!Array.isArray(given)) throw invalid("metadata must be a list");
  const made = given.map((one) => {
    const { key, value } = isObject(one) ? one : {};
    if (
      typeof key !== "string" ||
      key === "" ||
      key.length > 256 ||
      typeof value !== "string" ||
      value.length > 256
    )
      throw invalid("metadata needs keys and values of at most 256 characters");
    return { id: world.number(), key, value };
  });
  const keys = [...before, ...made].map(({ key }) => key);
  if (new Set(keys).size < keys.length) throw invalid("Duplicate metadata keys detected.");
  if (keys.length > MOST_METADATA)
    throw refused(413, `Metadata must not exceed ${MOST_METADATA} per load balancer.`);
  return made;
}

function metaIn({ metadata }: Balancer, { params }: Call): Meta {
  const found = metadata.find(({ id }) => id === Number(params.meta));
  if (found === undefined) throw refused(404, "Metadata not found");
  return found;
}

/** Requests about metadata, which do not change a balancer's status. */
export const balancerMetadata: readonly Route[] = [
  {
    operation: "ListBalancerMetadata",
    method: "GET",
    path: `${BALANCER}/metadata`,
    answer: (place, call) => ({
      status: 200,
      body: { metadata: balancerIn(place, call).metadata.map((one) => ({ ...one })) },
    }),
  },
  {
    operation: "AddBalancerMetadata",
    method: "POST",
    path: `${BALANCER}/metadata`,
    answer(place, call) {
      const body = bodyIn(call, "metadata");
      const balancer = changeableIn(place, call);
      const made = metadataFor(place, balancer.metadata, body);
      balancer.metadata.push(...made);
      return { status: 200, body: { metadata: made.map((one) => ({ ...one })) } };
    },
  },
  {
    operation: "RemoveBalancerMetadata",
    method: "DELETE",
    path: `${BALANCER}/metadata`,
    answer(place, call) {
      const ids = call.query.getAll("id").map(Number);
      const balancer = changeableIn(place, call);
      const strangers = ids.filter((id) => !balancer.metadata.some((one) => one.id === id));
      if (ids.length === 0 || strangers.length > 0)
        throw invalid(`Metadata ids ${strangers.join(",")} are not a part of your loadbalancer`);
      balancer.metadata = balancer.metadata.filter(({ id }) => !ids.includes(id));
      return { status: 200 };
    },
  },
  {
    operation: "UpdateBalancerMetadataItem",
    method: "PUT",
    path: `${BALANCER}/metadata/:meta`,
    answer(place, call) {
      const { value } = objectIn(call, "meta");
      if (typeof value !== "string") throw invalid("metadata needs a value");
      metaIn(changeableIn(place, call), call).value = value;
      return { status: 200 };
    },
  },
  {
    operation: "RemoveBalancerMetadataItem",
    method: "DELETE",
    path: `${BALANCER}/metadata/:meta`,
    answer(place, call) {
      const balancer = changeableIn(place, call);
      const meta = metaIn(balancer, call);
      balancer.metadata = balancer.metadata.filter((one) => one !== meta);
      return { status: 200 };
    },
  },
];
