import { AwsError, type Input } from "./input.js";
import type { ClassicBalancer } from "./state.js";
import type { World } from "./world.js";

/** A classic balancer by name. @throws AwsError when there is none. */
export function classicOf({ state }: World, name: string): ClassicBalancer {
  const found = state.classic.find((one) => one.name === name);
  if (found === undefined)
    throw new AwsError("LoadBalancerNotFound", `There is no ACTIVE Load Balancer named '${name}'`);
  return found;
}

/** The classic balancer that a call names. @throws AwsError when there is none. */
export function classicIn(world: World, input: Input): ClassicBalancer {
  return classicOf(world, input.required("LoadBalancerName"));
}
