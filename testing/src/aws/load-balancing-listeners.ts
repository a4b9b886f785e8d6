/** Listeners and sticky policies of classic balancers. */
import { AwsError, type Input } from "./input.js";
import { classicIn } from "./load-balancing-find.js";
import type { ClassicBalancer, Given } from "./state.js";
import type { Handlers, World } from "./world.js";

/** A listener as it is kept: the instance's protocol is the balancer's unless told otherwise. */
export function listener(input: Input): ClassicBalancer["listeners"][number] {
  const protocol = input.required("Protocol");
  return { given: { InstanceProtocol: protocol, ...(input.tree as Given) }, policies: [] };
}

function listenerIn(world: World, input: Input): ClassicBalancer["listeners"][number] {
  const [balancer, port] = [classicIn(world, input), input.number("LoadBalancerPort")];
  const found = balancer.listeners.find(({ given }) => Number(given.LoadBalancerPort) === port);
  if (found === undefined)
    throw new AwsError("ListenerNotFound", `There is no listener configured for port ${port}`);
  return found;
}

function addPolicy(
  world: World,
  input: Input,
  about: Omit<ClassicBalancer["policies"][number], "name">,
): Record<string, never> {
  const [balancer, name] = [classicIn(world, input), input.required("PolicyName")];
  if (balancer.policies.some((one) => one.name === name))
    throw new AwsError("DuplicatePolicyName", `Policy ${name} already exists`);
  balancer.policies.push({ name, ...about });
  return {};
}

/** Actions on them. */
export const classicListeners: Handlers = {
  CreateLoadBalancerListeners(world, input) {
    const balancer = classicIn(world, input);
    const added = input.inputs("Listeners").map(listener);
    for (const { given } of added) {
      const old = balancer.listeners.find((one) => one.given.LoadBalancerPort === given.LoadBalancerPort);
      if (old !== undefined && JSON.stringify(old.given) !== JSON.stringify(given))
        throw new AwsError(
          "DuplicateListener",
          `A listener already exists for ${balancer.name} with LoadBalancerPort ${String(given.LoadBalancerPort)}, but with a different InstancePort, Protocol, or SSLCertificateId`,
        );
      if (old === undefined) balancer.listeners.push({ given, policies: [] });
    }
    return {};
  },
  DeleteLoadBalancerListeners(world, input) {
    const [balancer, ports] = [classicIn(world, input), input.numbers("LoadBalancerPorts")];
    balancer.listeners = balancer.listeners.filter(
      ({ given }) => !ports.includes(Number(given.LoadBalancerPort)),
    );
    return {};
  },
  SetLoadBalancerListenerSSLCertificate(world, input) {
    listenerIn(world, input).given.SSLCertificateId = input.required("SSLCertificateId");
    return {};
  },
  CreateAppCookieStickinessPolicy: (world, input) =>
    addPolicy(world, input, { cookie: input.required("CookieName") }),
  CreateLBCookieStickinessPolicy(world, input) {
    const expirationSeconds = input.number("CookieExpirationPeriod");
    return addPolicy(world, input, expirationSeconds === undefined ? {} : { expirationSeconds });
  },
  SetLoadBalancerPoliciesOfListener(world, input) {
    const [balancer, names] = [classicIn(world, input), input.texts("PolicyNames")];
    const wrong = names.find((name) => !balancer.policies.some((one) => one.name === name));
    if (wrong !== undefined) throw new AwsError("PolicyNotFound", `There is no policy with name ${wrong}`);
    listenerIn(world, input).policies = names;
    return {};
  },
  DeleteLoadBalancerPolicy(world, input) {
    const [balancer, name] = [classicIn(world, input), input.required("PolicyName")];
    if (balancer.listeners.some(({ policies }) => policies.includes(name)))
      throw new AwsError(
        "InvalidConfigurationRequest",
        `Policy ${name} is enabled for a listener and cannot be deleted`,
      );
    balancer.policies = balancer.policies.filter((one) => one.name !== name);
    return {};
  },
};
