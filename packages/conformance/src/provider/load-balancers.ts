import assert from "node:assert/strict";
import { collect, type LoadBalancer, type LoadBalancersDriver, type Member } from "@bellows/core";
import { freshName, refused } from "../checks.js";
import type { Add } from "../tests.js";
import type { ProviderBench, World } from "./bench.js";

type Wanted = NonNullable<ProviderBench["options"]["loadBalancer"]>;

const NOBODY = [
  { address: "127.0.0.1", port: 9 },
  { address: "127.0.0.1", port: 10 },
] as const;

interface Balanced extends World {
  balancers: LoadBalancersDriver;
  wanted: Wanted;
  /** Makes a balancer that goes when the test ends. */
  balancer(name?: string): Promise<LoadBalancer>;
  members(name: string): Promise<Member[]>;
}

/** Load balancers, alone and in front of a group. */
export function loadBalancerTests(add: Add, { inWorld, parts, options }: ProviderBench): void {
  const balanced = (run: (world: Balanced) => Promise<void>): (() => Promise<void>) =>
    inWorld(async (world) => {
      const wanted = options.loadBalancer;
      const balancers = world.cloud.loadBalancers;
      if (!world.cloud.can("loadBalancers") || !balancers || !wanted) return parts.absent("loadBalancers");
      await run(balancedWorld(world, balancers, wanted));
    });

  add(
    "a balancer is as it was made, by name, by id and in the list of names",
    balanced(async ({ balancers, balancer, wanted, afterWrite }) => {
      const made = await balancer();
      const other = await balancer();
      assert.equal(made.listeners.length, wanted.spec.listeners.length);
      await afterWrite(async () => {
        for (const ref of [made.name, made.id]) assert.equal((await balancers.get(ref)).name, made.name);
        const named = await collect(balancers.list({ names: [made.name] }));
        assert.deepEqual(
          named.map(({ id }) => id),
          [made.id],
        );
        const all = (await collect(balancers.list())).map(({ id }) => id);
        assert.deepEqual(
          [made.id, other.id].map((id) => all.filter((one) => one === id).length),
          [1, 1],
        );
      });
      parts.exercised("loadBalancers");
    }),
  );

  add(
    "a balancer becomes active and says where clients connect",
    balanced(async ({ balancers, balancer, eventually }) => {
      const { name } = await balancer();
      await eventually(async () => {
        const now = await balancers.get(name);
        assert.equal(now.status, "active");
        assert.ok(now.addresses.length > 0, "it has no address");
      });
    }),
  );

  add(
    "making the same balancer again gives the same one, and a different one is refused",
    balanced(async ({ balancers, balancer, wanted }) => {
      const name = freshName("balancer");
      const [one, other] = await Promise.all([balancer(name), balancer(name)]);
      assert.equal(one.id, other.id);
      const spec = { ...wanted.spec, name, healthCheck: wanted.healthCheck };
      const error = await refused(balancers.create(spec), "already-exists", "another balancer of that name");
      assert.equal(error.resource, name);
      assert.equal((await collect(balancers.list({ names: [name] }))).length, 1);
    }),
  );

  add(
    "what is not there is not found, and deleting it twice is told",
    balanced(async ({ balancers, balancer, wanted, eventually }) => {
      const nobody = freshName("nobody");
      await refused(balancers.get(nobody), "not-found", "get");
      await refused(balancers.update(nobody, { drainMs: 1_000 }), "not-found", "update");
      await refused(balancers.delete(nobody), "not-found", "delete");
      await refused(() => collect(balancers.members(nobody)), "not-found", "members");
      await refused(balancers.register(nobody, [wanted.members?.[0] ?? NOBODY[0]]), "not-found", "register");
      const { name } = await balancer();
      await balancers.delete(name);
      await eventually(() => refused(balancers.get(name), "not-found", "the deleted balancer"));
      await refused(balancers.delete(name), "not-found", "deleting it again");
    }),
  );

  add(
    "a health check that is set is the one that is shown",
    balanced(async ({ balancers, balancer, wanted, afterWrite }) => {
      const { name } = await balancer();
      assert.deepEqual(await balancers.configureHealthCheck(name, wanted.healthCheck), wanted.healthCheck);
      await afterWrite(async () => {
        const shown = (await balancers.get(name)).pools.map(({ healthCheck }) => healthCheck);
        assert.deepEqual(shown[0], wanted.healthCheck);
      });
    }),
  );

  add(
    "members come and go, and doing it twice is as doing it once",
    balanced(async ({ balancers, balancer, wanted, members, eventually }) => {
      const { name } = await balancer();
      const [one, two] = wanted.members ?? NOBODY;
      await balancers.register(name, [one]);
      await balancers.register(name, [one, two]);
      const both = await eventually(async () => {
        const now = await members(name);
        assert.deepEqual(now.map(({ port }) => port).sort(), [one.port, two.port].sort());
        return now;
      });
      const first = both.find(({ port, address }) => port === one.port && address === one.address);
      assert.ok(first, "the first is not shown with its address");
      await balancers.deregister(name, [first.id, freshName("nobody")]);
      await balancers.deregister(name, [first.id]);
      await eventually(async () =>
        assert.deepEqual(
          (await members(name)).map(({ port }) => port),
          [two.port],
        ),
      );
      parts.exercised("loadBalancers.members");
    }),
  );

  add(
    "zones are switched on and off",
    balanced(async ({ balancers, balancer, has }) => {
      const { enableZones, disableZones } = balancers;
      if (!has("loadBalancers.enableZones") || !enableZones || !disableZones || !options.zones) return;
      const { name } = await balancer();
      const [one, two] = options.zones;
      assert.ok([...(await enableZones(name, [one, two]))].includes(two));
      const left = await disableZones(name, [two]);
      assert.ok(left.includes(one) && !left.includes(two), `zones are ${left.join(", ")}`);
    }),
  );

  add(
    "instances of a group are members once they are in service, and no longer when they leave",
    balanced(async ({ cloud, balancer, group, wanted, settled, members, eventually }) => {
      const { name: front } = await balancer();
      const { name } = await group({
        desired: 2,
        loadBalancers: [front],
        launch: wanted.launch ?? options.launch,
      });
      const two = (await settled(name, 2)).map(({ id }) => id).sort();
      await eventually(async () => assert.deepEqual(healthy(await members(front)), two));
      await cloud.groups.scale(name, 1);
      const one = (await settled(name, 1)).map(({ id }) => id);
      await eventually(async () =>
        assert.deepEqual(
          (await members(front)).map(({ id }) => id),
          one,
        ),
      );
      await cloud.groups.delete(name, { force: true });
      await eventually(async () => assert.deepEqual(await members(front), []));
      parts.exercised("groups behind balancers");
    }),
  );
}

function healthy(members: readonly Member[]): string[] {
  return members
    .filter(({ health, state }) => health === "healthy" && state === "enabled")
    .map(({ id }) => id)
    .sort();
}

function balancedWorld(world: World, balancers: LoadBalancersDriver, wanted: Wanted): Balanced {
  return {
    ...world,
    balancers,
    wanted,
    async balancer(name = freshName("balancer")) {
      world.later(() => balancers.delete(name, { wait: true }));
      const made = await balancers.create({ ...wanted.spec, name });
      await world.afterWrite(() => balancers.get(name));
      return made;
    },
    members: (name) => collect(balancers.members(name)),
  };
}
