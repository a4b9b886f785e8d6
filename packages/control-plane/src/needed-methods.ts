import type { Config, GroupConfig, PermissionScope } from "@bellows/core";

/** What is to be done with a file. */
export interface Purpose {
  /** Rounds, schedules, webhooks. */
  run: boolean;
  /** Makes and changes what the file declares. */
  apply: boolean;
  /** With `apply`: also removes what it declares no longer. */
  prune?: boolean;
}

/** What a provider is asked for. */
export interface Need {
  /** Methods of its drivers, sorted: `groups.scale`. */
  methods: readonly string[];
  /** What can be touched, by name at the cloud; open where `prune` looks for more. */
  scope: Pick<PermissionScope, "groups" | "loadBalancers">;
}

const ROUND = ["groups.get", "groups.observe"];
const MAKE = ["groups.get", "groups.create", "groups.update", "launch.get", "launch.set"];
const BALANCER = ["loadBalancers.get", "loadBalancers.create", "loadBalancers.update"];
const NATIVE = [
  "policies.list",
  "policies.create",
  "policies.update",
  "alarms.get",
  "alarms.create",
  "alarms.update",
];
const PRUNE = ["policies", "alarms", "groups", "loadBalancers"].flatMap((noun) => [
  `${noun}.list`,
  `${noun}.delete`,
]);

/** Which methods of a provider's drivers a file needs. Where core keeps the groups, that is of its servers. */
export function neededMethods(config: Config, provider: string, purpose: Purpose): Need {
  const groups = Object.values(config.groups).filter((group) => group.provider === provider);
  const balancers = Object.values(config.loadBalancers).filter((one) => one.provider === provider);
  const methods = [
    ...groups.flatMap((group) => [
      ...(purpose.run ? methodsOfRound(config, group) : []),
      ...(purpose.apply ? methodsOfMaking(group) : []),
    ]),
    ...(purpose.apply && balancers.length > 0 ? BALANCER : []),
    ...(purpose.apply && purpose.prune === true ? PRUNE : []),
  ];
  return {
    methods: [...new Set(methods)].sort(),
    scope:
      purpose.prune === true
        ? {}
        : {
            groups: groups.map((group) => group.scaling.ref),
            loadBalancers: balancers.map((balancer) => balancer.spec.name),
          },
  };
}

function methodsOfRound(config: Config, { scaling }: GroupConfig): string[] {
  if (scaling.mode === "off") return [];
  const metrics = scaling.metrics.flatMap(({ source }) => {
    if (source === "group") return ["metrics.read"];
    return config.sources[source]?.plugin.throughProvider === true ? ["metrics.readOwn"] : [];
  });
  return [...ROUND, ...(scaling.mode === "act" ? ["groups.scale"] : []), ...metrics];
}

function methodsOfMaking({ create, scaling }: GroupConfig): string[] {
  const native = scaling.policies.some((policy) => policy.engine === "native") ? NATIVE : [];
  if (create === undefined) return ["groups.get", ...native];
  return [...MAKE, ...(create.metadata === undefined ? [] : ["groups.metadata.merge"]), ...native];
}
