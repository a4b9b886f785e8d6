import assert from "node:assert/strict";
import { collect, type GroupSpec } from "@bellows/core";
import { abortedAtOnce, freshName, refused } from "../checks.js";
import type { Add } from "../tests.js";
import type { ProviderBench, World } from "./bench.js";

/** More groups than a page is likely to hold in a test's cloud. */
const SEVERAL = 7;

/** Definitions of groups: made, found, changed, deleted. */
export function definitionTests(add: Add, { inWorld, parts, options }: ProviderBench): void {
  add(
    "a group is as it was made, by name, by id, in the list and in a look",
    inWorld(async (world) => {
      const { cloud } = world;
      const made = await world.group({ max: 3, cooldownMs: 60_000 });
      const wanted = {
        name: made.name,
        min: 0,
        max: 3,
        desired: 0,
        cooldownMs: 60_000,
        paused: false,
        loadBalancers: [],
      };
      const [seen] = await world.afterWrite(async () => {
        const found = await cloud.groups.observe([made.name]);
        assert.ok(found[0] && "status" in found[0], JSON.stringify(found));
        return found;
      });
      const listed = (await collect(cloud.groups.list())).filter(({ name }) => name === made.name);
      assert.equal(listed.length, 1, `the list has it ${listed.length} times`);
      const all = [made, await cloud.groups.get(made.name), await cloud.groups.get(made.id), listed[0]];
      for (const group of [...all, seen && "status" in seen ? seen.status.group : undefined])
        assert.deepEqual(picked(group, wanted), wanted);
      parts.exercised("groups");
    }),
  );

  add(
    "a group that names no desired count wants its min",
    inWorld(async (world) => {
      const made = await world.group({ min: 1, max: 2 });
      assert.equal(made.desired, 1);
    }),
  );

  add(
    "making the same group again gives the same group, one after the other and at once",
    inWorld(async (world) => {
      const spec = world.spec();
      const first = await world.group(spec);
      const again = await world.cloud.groups.create(spec);
      const [one, other] = await Promise.all([
        world.cloud.groups.create(spec),
        world.cloud.groups.create(spec),
      ]);
      assert.deepEqual([again.id, one.id, other.id], [first.id, first.id, first.id]);
      await isThereOnce(world, spec.name);
    }),
  );

  add(
    "two who make one new group at once make one group",
    inWorld(async (world) => {
      const spec = world.spec();
      const [one, other] = await Promise.all([world.group(spec), world.group(spec)]);
      assert.equal(one.id, other.id);
      await isThereOnce(world, spec.name);
    }),
  );

  add(
    "a different group of the same name is refused, and the first stays as it is",
    inWorld(async (world) => {
      const first = await world.group();
      const other = world.cloud.groups.create(world.spec({ name: first.name, max: 3 }));
      assert.equal(
        (await refused(other, "already-exists", "another group of that name")).resource,
        first.name,
      );
      assert.equal((await world.cloud.groups.get(first.name)).max, 4);
    }),
  );

  add(
    "of two who make different groups of one name at once, one is refused",
    inWorld(async (world) => {
      const spec = world.spec();
      const tries = await Promise.allSettled([world.group(spec), world.group({ ...spec, max: 3 })]);
      assert.deepEqual(tries.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
      for (const one of tries)
        if (one.status === "rejected")
          await refused(Promise.reject(one.reason), "already-exists", "the second");
      await isThereOnce(world, spec.name);
    }),
  );

  add(
    "a group that cannot be is refused before anything is made",
    inWorld(async (world) => {
      const { cloud } = world;
      const bad: [what: string, spec: Partial<GroupSpec>, code: "config" | "limit"][] = [
        ["min above max", { min: 3, max: 2 }, "config"],
        ["a blank name", { name: " " }, "config"],
        ["a negative max", { max: -1 }, "config"],
        ["half an instance", { min: 0.5 }, "config"],
        ["desired above max", { max: 2, desired: 3 }, "limit"],
        ["desired under min", { min: 1, desired: 0 }, "limit"],
        ...(options.launchRefused
          ? ([["a bad launch", { launch: options.launchRefused }, "config"]] as const).map(
              (one) => [...one] as [string, Partial<GroupSpec>, "config"],
            )
          : []),
      ];
      for (const [what, spec, code] of bad) {
        const full = world.spec(spec);
        world.later(() => cloud.groups.delete(full.name, { force: true }));
        await refused(cloud.groups.create(full), code, what);
        if (full.name.trim() !== "")
          await refused(cloud.groups.get(full.name), "not-found", `${what}, looked for`);
      }
    }),
  );

  add(
    "what is not there is not found, by any call, and the error names it",
    inWorld(async ({ cloud, has }) => {
      const name = freshName("nobody");
      const { groups } = cloud;
      const calls: [what: string, call: () => Promise<unknown>][] = [
        ["get", () => groups.get(name)],
        ["update", () => groups.update(name, { max: 1 })],
        ["scale", () => groups.scale(name, 0)],
        ["delete", () => groups.delete(name)],
        ["delete by force", () => groups.delete(name, { force: true })],
        ["instances", () => collect(groups.instances(name))],
        ["pause", () => groups.pause(name)],
        ["resume", () => groups.resume(name)],
        ["policies.list", () => collect(cloud.policies.list(name))],
      ];
      if (has("launch")) calls.push(["launch.get", () => cloud.launch.get(name)]);
      if (cloud.groups.state) calls.push(["state", async () => groups.state?.(name)]);
      if (cloud.groups.metadata)
        calls.push(["metadata.merge", async () => groups.metadata?.merge(name, { a: "b" })]);
      for (const [what, call] of calls)
        assert.equal(
          (await refused(call, "not-found", what)).resource,
          name,
          `${what} names another resource`,
        );
    }),
  );

  add(
    "a look at many answers in their order, with a reason for each that is not there",
    inWorld(async (world) => {
      const [one, two] = [await world.group(), await world.group({ max: 2 })];
      const refs = [two.name, freshName("nobody"), one.name, two.name];
      const seen = await world.afterWrite(() => world.cloud.groups.observe(refs));
      const names = seen.map((each) => ("status" in each ? each.status.group.name : "unavailable"));
      assert.deepEqual(names, [two.name, "unavailable", one.name, two.name]);
      assert.deepEqual(await world.cloud.groups.observe([]), []);
    }),
  );

  add(
    "the list has every group once, and can be left early",
    inWorld(async (world) => {
      const names: string[] = [];
      for (let count = 0; count < SEVERAL; count++) names.push((await world.group()).name);
      await world.afterWrite(async () => {
        const listed = (await collect(world.cloud.groups.list())).map(({ name }) => name);
        assert.deepEqual(listed.filter((name) => names.includes(name)).sort(), [...names].sort());
      });
      assert.equal((await collect(world.cloud.groups.list(), 2)).length, 2);
    }),
  );

  add(
    "an update changes what it names and nothing else",
    inWorld(async (world) => {
      const { groups } = world.cloud;
      const made = await world.group({ cooldownMs: 60_000 });
      const updated = await groups.update(made.name, { max: 7 });
      assert.deepEqual(picked(updated, { max: 0, min: 0, cooldownMs: 0, desired: 0 }), {
        max: 7,
        min: 0,
        cooldownMs: 60_000,
        desired: 0,
      });
      await groups.update(made.name, { cooldownMs: 0 });
      await world.afterWrite(async () =>
        assert.deepEqual(picked(await groups.get(made.name), { max: 0, cooldownMs: 0 }), {
          max: 7,
          cooldownMs: 0,
        }),
      );
    }),
  );

  add(
    "new bounds take desired with them, and instances follow",
    inWorld(async (world) => {
      const { groups } = world.cloud;
      const { name } = await world.group();
      assert.equal((await groups.update(name, { min: 2 })).desired, 2);
      await world.settled(name, 2);
      assert.equal((await groups.update(name, { min: 0, max: 1 })).desired, 1);
      await world.settled(name, 1);
    }),
  );

  add(
    "an update that cannot be is refused and changes nothing",
    inWorld(async (world) => {
      const { groups } = world.cloud;
      const { name } = await world.group({ max: 2 });
      const limit = await refused(groups.update(name, { desired: 3 }), "limit", "desired above max");
      assert.equal(limit.resource, name);
      await refused(groups.update(name, { min: 3 }), ["config", "limit"], "min above max");
      await refused(groups.update(name, { max: -1 }), "config", "a negative max");
      assert.deepEqual(picked(await groups.get(name), { min: 0, max: 0, desired: 0 }), {
        min: 0,
        max: 2,
        desired: 0,
      });
    }),
  );

  add(
    "metadata is merged or replaced, as asked",
    inWorld(async (world) => {
      const { cloud } = world;
      if (!world.has("groups.metadata") || !cloud.groups.metadata) return;
      const { name } = await world.group({ metadata: { a: "1", b: "2" } });
      const { metadata } = cloud.groups;
      assert.deepEqual(await metadata.merge(name, { b: "3", c: "ü" }), { a: "1", b: "3", c: "ü" });
      await hasMetadata(world, name, { a: "1", b: "3", c: "ü" });
      assert.deepEqual(await metadata.replace(name, { d: "4" }), { d: "4" });
      await hasMetadata(world, name, { d: "4" });
    }),
  );

  add(
    "a group that wants instances is deleted only by force, and takes them with it",
    inWorld(async (world) => {
      const { cloud } = world;
      const { name } = await world.group({ desired: 2 });
      await world.settled(name, 2);
      await refused(cloud.groups.delete(name), "conflict", "deleting a group that has instances");
      await world.settled(name, 2);
      await cloud.groups.delete(name, { force: true });
      await world.eventually(() => isGone(world, name));
    }),
  );

  add(
    "an empty group is deleted without force, and its name is free for another",
    inWorld(async (world) => {
      const { name } = await world.group();
      await world.cloud.groups.delete(name);
      await world.eventually(() => isGone(world, name));
      assert.equal((await world.group({ name, max: 3 })).max, 3);
    }),
  );

  add(
    "a call that is aborted beforehand is not made",
    inWorld(async (world) => {
      const { groups } = world.cloud;
      const { name } = await world.group();
      const other = world.spec();
      world.later(() => groups.delete(other.name, { force: true }));
      await abortedAtOnce((call) => groups.create(other, call), "create");
      await abortedAtOnce((call) => groups.get(name, call), "get");
      await abortedAtOnce((call) => groups.update(name, { max: 9 }, call), "update");
      await abortedAtOnce((call) => groups.scale(name, 1, call), "scale");
      await abortedAtOnce((call) => groups.pause(name, call), "pause");
      await abortedAtOnce((call) => groups.observe([name], call), "observe");
      await abortedAtOnce((call) => collect(groups.list(call)), "list");
      await abortedAtOnce((call) => collect(groups.instances(name, call)), "instances");
      await abortedAtOnce((call) => groups.delete(name, { ...call, force: true }), "delete");
      assert.deepEqual(picked(await groups.get(name), { max: 0, desired: 0, paused: false }), {
        max: 4,
        desired: 0,
        paused: false,
      });
      await refused(groups.get(other.name), "not-found", "a group whose making was aborted");
    }),
  );

  add(
    "a name that fits two groups is refused, and both are listed",
    inWorld(async ({ cloud }) => {
      if (options.twins === undefined) return parts.absent("groups of one name");
      const name = await options.twins(cloud);
      const error = await refused(cloud.groups.get(name), "conflict", "a name that fits two");
      for (const twin of (await collect(cloud.groups.list())).filter((group) => group.name === name))
        assert.ok(error.message.includes(twin.id), `the error does not list ${twin.id}`);
      parts.exercised("groups of one name");
    }),
  );
}

/** The fields of `group` that `like` has. */
export function picked(group: object | undefined, like: object): Record<string, unknown> {
  return Object.fromEntries(Object.keys(like).map((key) => [key, Reflect.get(group ?? {}, key)]));
}

async function isThereOnce({ cloud, afterWrite }: World, name: string): Promise<void> {
  await afterWrite(async () => {
    const named = (await collect(cloud.groups.list())).filter((group) => group.name === name);
    assert.equal(named.length, 1, `there are ${named.length} groups of that name`);
  });
}

async function hasMetadata({ cloud, afterWrite }: World, name: string, metadata: object): Promise<void> {
  await afterWrite(async () => assert.deepEqual((await cloud.groups.get(name)).metadata, metadata));
}

async function isGone({ cloud }: World, name: string): Promise<void> {
  await refused(cloud.groups.get(name), "not-found", "the deleted group");
  const listed = (await collect(cloud.groups.list())).map((group) => group.name);
  assert.ok(!listed.includes(name), "the deleted group is still listed");
  if (!cloud.servers) return;
  const labels = { "bellows:group": name };
  const left = (await collect(cloud.servers.list({ labels }))).filter(({ status }) => status !== "stopped");
  assert.deepEqual(
    left.map(({ id }) => id),
    [],
    "servers that nobody owns",
  );
}
