import { collect, createHost, type GroupSpec, isBellowsError } from "@bellows/core";
import { motoOptions, type StandIn, startStandIn } from "@bellows/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import provider, { type AwsProvider } from "../src/index.js";

describe("groups on a cloud that takes its time", () => {
  let cloud: StandIn;
  const connections: AwsProvider[] = [];
  let serial = 0;
  beforeAll(async () => {
    cloud = await startStandIn();
  });
  afterAll(async () => {
    for (const connection of connections) await connection.close();
    await cloud?.stop();
  });

  const open = async (): Promise<AwsProvider> => {
    const connection = await provider.create(motoOptions(cloud), createHost({ key: "aws" }));
    connections.push(connection);
    return connection;
  };
  const spec = (more: Partial<GroupSpec> = {}): GroupSpec => ({
    name: `slow-${serial++}`,
    min: 0,
    max: 4,
    zones: ["eu-west-1a"],
    launch: { image: "ami-0123456789abcdef0", size: "t3.micro" },
    ...more,
  });
  const refused = (code: Parameters<typeof isBellowsError>[1], resource: string) => (error: unknown) =>
    isBellowsError(error, code) && error.resource === resource;

  it("made by many connections at once are one, and each gets it", async () => {
    const wanted = spec({ min: 1 });
    const many = await Promise.all(Array.from({ length: 10 }, open));
    const made = await Promise.all(
      many.flatMap(({ groups }) => Array.from({ length: 5 }, () => groups.create(wanted))),
    );
    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
    const { groups, launch } = await open();
    expect((await collect(groups.list())).filter(({ name }) => name === wanted.name)).toHaveLength(1);
    expect(await collect(groups.instances(wanted.name))).toHaveLength(1);
    expect(await launch.get(wanted.name)).toEqual(wanted.launch);
  });

  it("of one name and different sorts made at once: one stands, whole, and the other is refused", async () => {
    const [one, other] = [await open(), await open()];
    const wanted = spec({ min: 1 });
    const tries = await Promise.allSettled([
      one.groups.create(wanted),
      other.groups.create({ ...wanted, max: 3 }),
    ]);
    const refusals = tries.flatMap((each) => (each.status === "rejected" ? [each.reason as unknown] : []));
    expect(refusals).toHaveLength(1);
    expect(refusals[0]).toSatisfy(refused("already-exists", wanted.name));
    expect(await one.launch.get(wanted.name)).toEqual(wanted.launch);
  });

  it("are scaled as they are told, however late their reads are", async () => {
    const { groups } = await open();
    cloud.behaviour.lagMs = 400;
    const { name } = await groups.create(spec({ max: 1 }));
    try {
      await groups.update(name, { max: 6 });
      expect(await groups.scale(name, 5)).toEqual({ result: "done", desired: 5 });
      expect(await groups.scale(name, 0)).toEqual({ result: "done", desired: 0 });
      expect(await groups.scale(name, 5, { wait: true, timeoutMs: 20_000 })).toEqual({
        result: "done",
        desired: 5,
      });
      expect(await collect(groups.instances(name))).toHaveLength(5);
      await expect(groups.scale(name, 7)).rejects.toSatisfy(refused("limit", name));
    } finally {
      cloud.behaviour.lagMs = 0;
    }
  });

  it("lose all metadata that a replacement does not have, however late their reads are", async () => {
    const { groups } = await open();
    cloud.behaviour.lagMs = 400;
    const { name } = await groups.create(spec({ metadata: { a: "1" } }));
    try {
      await groups.metadata.merge(name, { b: "2" });
      await groups.metadata.replace(name, { c: "3" });
    } finally {
      cloud.behaviour.lagMs = 0;
    }
    expect((await groups.get(name)).metadata).toEqual({ c: "3" });
  });

  it("that cool down refuse who honors that, and nobody else", async () => {
    const { groups } = await open();
    const { name } = await groups.create(spec({ cooldownMs: 600_000 }));
    await groups.scale(name, 1, { honorCooldown: true });
    const error: unknown = await groups
      .scale(name, 2, { honorCooldown: true })
      .catch((reason: unknown) => reason);
    expect(error).toSatisfy(refused("cooldown", name));
    expect(await groups.scale(name, 2)).toEqual({ result: "done", desired: 2 });
  });

  it("that are being deleted say so, and their names are free when they are gone", async () => {
    const { groups } = await open();
    const wanted = spec({ desired: 2 });
    const { name } = await groups.create(wanted);
    cloud.behaviour.terminateMs = 60_000;
    try {
      await groups.delete(name, { force: true });
      expect((await groups.get(name)).problems).toEqual(["it is being deleted"]);
      await expect(groups.create(wanted)).rejects.toSatisfy(refused("conflict", name));
      cloud.advance(120_000);
      await expect(groups.get(name)).rejects.toSatisfy(refused("not-found", name));
      expect(await groups.create(wanted)).toMatchObject({ name, desired: 2 });
    } finally {
      cloud.behaviour.terminateMs = 0;
    }
  });
});
