import assert from "node:assert/strict";
import { collect } from "@bellows/core";
import { freshName, refused } from "../checks.js";
import type { Add } from "../tests.js";
import type { ProviderBench, World } from "./bench.js";

/** Members of a group, one by one. */
export function memberTests(add: Add, { inWorld, parts, options }: ProviderBench): void {
  const stray = async (world: World): Promise<string | undefined> => {
    const { cloud } = world;
    if (options.stray) return options.stray(cloud);
    if (!cloud.servers) return undefined;
    const name = freshName("stray");
    const { id } = await cloud.servers.create({
      name,
      idempotencyKey: name,
      launch: options.launch,
      labels: {},
    });
    world.later(async () => cloud.servers?.delete(id, { graceMs: 0 }));
    await world.eventually(async () => {
      for await (const server of cloud.servers?.list() ?? [])
        if (server.id === id && server.status === "active") return;
      assert.fail(`server ${id} does not become active`);
    });
    return id;
  };

  add(
    "a running server can join a group, which wants one more then, and leave it running",
    inWorld(async (world) => {
      const { groups } = world.cloud;
      const can = [world.has("groups.attach"), world.has("groups.detach")];
      if (can.includes(false) || !groups.attach || !groups.detach) return;
      const { name } = await world.group({ max: 1 });
      const id = await stray(world);
      if (id === undefined) return parts.absent("servers outside groups");
      await groups.attach(name, [id]);
      assert.deepEqual(
        (await world.settled(name, 1)).map((one) => one.id),
        [id],
      );
      const [other] = [await world.group()];
      await refused(
        async () => groups.attach?.(other?.name ?? "", [id]),
        "conflict",
        "taking another group's member",
      );
      await refused(
        async () => groups.attach?.(name, [freshName("nobody")]),
        "not-found",
        "attaching nobody",
      );
      await groups.detach(name, [id]);
      await world.settled(name, 0);
      if (!world.cloud.servers) return;
      const now = await collect(world.cloud.servers.list());
      assert.ok(
        now.some((server) => server.id === id && server.status === "active"),
        "the server has ended",
      );
    }),
  );

  add(
    "a full group takes nobody in",
    inWorld(async (world) => {
      const { groups } = world.cloud;
      if (!world.cloud.can("groups.attach") || !groups.attach) return;
      const { name } = await world.group({ max: 0 });
      const id = await stray(world);
      if (id === undefined) return;
      const error = await refused(
        async () => groups.attach?.(name, [id]),
        "limit",
        "attaching to a full group",
      );
      assert.equal(error.resource, name);
      await world.settled(name, 0);
    }),
  );

  add(
    "an instance that leaves is replaced, where that is asked for",
    inWorld(async (world) => {
      const { groups } = world.cloud;
      if (!world.cloud.can("groups.detach") || !groups.detach) return;
      const { name } = await world.group({ min: 1, desired: 1 });
      const [one] = await world.settled(name, 1);
      if (!one) return;
      world.later(async () => world.cloud.servers?.delete(one.id, { graceMs: 0 }));
      await refused(async () => groups.detach?.(name, [one.id]), "limit", "leaving a group at its min");
      await groups.detach(name, [one.id], { replace: true });
      await world.eventually(async () => {
        const [next] = await world.settled(name, 1);
        assert.notEqual(next?.id, one.id);
      });
    }),
  );

  add(
    "an instance can be ended, and is replaced unless told otherwise",
    inWorld(async (world) => {
      const { groups } = world.cloud;
      if (!world.has("groups.terminate") || !groups.terminate) return;
      const { name } = await world.group({ min: 1, desired: 2 });
      const [one, two] = await world.settled(name, 2);
      if (!one || !two) return;
      await groups.terminate(name, one.id);
      await world.eventually(async () => {
        const ids = (await world.settled(name, 2)).map(({ id }) => id);
        assert.ok(!ids.includes(one.id) && ids.includes(two.id), `there are ${ids.join(", ")}`);
      });
      await groups.terminate(name, two.id, { replace: false });
      const [last] = await world.settled(name, 1);
      assert.notEqual(last?.id, two.id);
      const under = async (): Promise<unknown> =>
        groups.terminate?.(name, last?.id ?? "", { replace: false });
      await refused(under, "limit", "going under min");
      await refused(async () => groups.terminate?.(name, freshName("nobody")), "not-found", "ending nobody");
      await world.settled(name, 1);
    }),
  );

  add(
    "a protected instance is not taken when the group shrinks",
    inWorld(async (world) => {
      const { groups } = world.cloud;
      if (!world.has("groups.protect") || !groups.protect) return;
      const { name } = await world.group({ desired: 3 });
      const three = await world.settled(name, 3);
      for (const instance of three) assert.equal(instance.protected, false);
      const kept = three.slice(0, 1).map(({ id }) => id);
      await groups.protect(name, kept, true);
      await world.afterWrite(async () => {
        const shown = (await world.instances(name)).filter((one) => one.protected).map(({ id }) => id);
        assert.deepEqual(shown, kept);
      });
      await groups.scale(name, 1);
      assert.deepEqual(
        (await world.settled(name, 1)).map(({ id }) => id),
        kept,
      );
      await groups.protect(name, kept, false);
      await groups.scale(name, 0);
      await world.settled(name, 0);
    }),
  );

  add(
    "an instance in standby does not count, and can come back",
    inWorld(async (world) => {
      const { groups } = world.cloud;
      const can = [world.has("groups.enterStandby"), world.has("groups.exitStandby")];
      if (can.includes(false) || !groups.enterStandby || !groups.exitStandby) return;
      const { name } = await world.group({ desired: 2 });
      const [one, two] = await world.settled(name, 2);
      if (!one || !two) return;
      await groups.enterStandby(name, [one.id]);
      await world.eventually(async () => {
        assert.deepEqual(
          (await world.settled(name, 1)).map(({ id }) => id),
          [two.id],
        );
        const shown = (await world.instances(name)).find(({ id }) => id === one.id);
        assert.equal(shown?.lifecycle, "standby");
      });
      await groups.exitStandby(name, [one.id]);
      assert.deepEqual((await world.settled(name, 2)).map(({ id }) => id).sort(), [one.id, two.id].sort());
    }),
  );
}
