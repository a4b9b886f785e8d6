import { serversSuite } from "@bellows/conformance";
import { collect, createHost, isBellowsError } from "@bellows/core";
import { hasPython, motoOptions, startMoto, startStandIn, type TestServer } from "@bellows/testing";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { type Aws, createAws } from "../src/client.js";
import { diagnose } from "../src/diagnose.js";
import aws from "../src/index.js";
import { createRegions } from "../src/regions.js";
import { createServers } from "../src/servers.js";

const launch = { image: "ami-0123456789abcdef0", size: "t3.micro" };
const host = () => createHost({ key: "aws" });

/** Puts the servers driver, and what else asks EC2, to the proof against one server. */
function conform(name: "moto" | "stand-in", start: () => Promise<Pick<TestServer, "url" | "stop">>): void {
  describe(name, () => {
    let server: Pick<TestServer, "url" | "stop">;
    let connection: Aws;
    beforeAll(async () => {
      server = await start();
      connection = createAws(motoOptions(server), host());
    }, 300_000);
    afterAll(async () => {
      connection?.close();
      await server?.stop();
    });

    serversSuite(
      { describe, test },
      {
        create: async () => ({ servers: createServers(connection, host()) }),
        launch,
        launchRefused: { image: launch.image, command: "node" },
        settleMs: 5_000,
      },
    );

    it("a server is found by its name, which may fit only one that lives", async () => {
      const servers = createServers(connection, host());
      const spec = { name: "twin", launch, labels: {} };
      const [one, two] = [
        await servers.create({ ...spec, idempotencyKey: `${name}-twin-1` }),
        await servers.create({ ...spec, idempotencyKey: `${name}-twin-2`, zone: "eu-west-1b" }),
      ];
      expect(two.zone).toBe("eu-west-1b");
      await expect(servers.get("twin")).rejects.toMatchObject({
        code: "conflict",
        message: expect.stringContaining(two.id),
      });
      await servers.delete(one.id, { graceMs: 0 });
      expect(await servers.get("twin")).toMatchObject({ id: two.id, name: "twin", size: "t3.micro" });
      await servers.delete("twin");
      await expect(servers.get("twin")).rejects.toSatisfy((error) => isBellowsError(error, "not-found"));
    });

    it("a key whose server has ended makes another one", async () => {
      const servers = createServers(connection, host());
      const spec = { name: "again", launch, labels: {}, idempotencyKey: `${name}-again` };
      const first = await servers.create(spec);
      await servers.delete(first.id);
      const second = await servers.create(spec);
      expect(second.id).not.toBe(first.id);
      expect((await servers.create(spec)).id).toBe(second.id);
      await servers.delete(second.id);
    });

    it("what only groups can have, and labels that are no tags, are refused together", async () => {
      const servers = createServers(connection, host());
      const mixed = { image: launch.image, aws: { mix: { sizes: ["t3.micro"] } } };
      await expect(
        servers.create({ name: "x", launch: mixed, labels: { "aws:x": "y" }, idempotencyKey: "x" }),
      ).rejects.toMatchObject({
        code: "config",
        message: expect.stringMatching(/launch\.aws\.mix.*labels\.aws:x/),
      });
    });

    it("regions are listed, and one of them is current", async () => {
      const regions = await collect(createRegions(connection).list());
      expect(regions.filter(({ current }) => current)).toEqual([
        { name: "eu-west-1", endpoint: "https://ec2.eu-west-1.amazonaws.com", current: true },
      ]);
      expect(regions.map(({ name }) => name)).toContain("us-east-1");
    });

    it.runIf(name === "moto")("the doctor says who calls, where, and what is wrong", async () => {
      const options = motoOptions(server);
      const endpoint = options.endpoint?.replace("http://", "http://user:hush@");
      const said = await diagnose(connection, { ...options, endpoint });
      expect(said).toEqual([
        { level: "ok", text: expect.stringMatching(/^arn:.* in account \d{12}, region eu-west-1, by http:/) },
      ]);
      expect(JSON.stringify(said)).not.toMatch(/hush|user:/);
      expect(await diagnose(connection, { ...options, accountId: "210987654321" })).toMatchObject([
        { level: "ok" },
        {
          level: "error",
          text: expect.stringContaining("210987654321"),
          hint: "check profile and assumeRole",
        },
      ]);
    });
  });
}

describe.runIf(hasPython())("servers on moto", () => conform("moto", startMoto));
conform("stand-in", startStandIn);

test("a server that AWS does not show yet is found all the same, labelled and ended", async () => {
  const standIn = await startStandIn({ lagMs: 700 });
  const connection = createAws(motoOptions(standIn), host());
  const servers = createServers(connection, host());
  const { id } = await servers.create({ name: "young", launch, labels: {}, idempotencyKey: "young" });
  expect((await servers.create({ name: "young", launch, labels: {}, idempotencyKey: "young" })).id).toBe(id);
  expect(await servers.get(id)).toMatchObject({ id, name: "young" });
  expect((await servers.label(id, { a: "1" })).labels).toMatchObject({ a: "1" });
  await servers.delete(id);
  connection.close();
  await standIn.stop();
});

test("the doctor tells that nothing answers, and throws nothing", async () => {
  const closed = {
    region: "eu-west-1",
    endpoint: "http://127.0.0.1:1",
    credentials: { accessKeyId: "a", secretAccessKey: "hush" },
  };
  const provider = await aws.create(closed, host());
  const said = (await provider.diagnose?.()) ?? [];
  expect(said.map(({ level }) => level)).toEqual(["ok", "error"]);
  expect(said[1]?.text).toContain("refused the connection");
  expect(JSON.stringify(said)).not.toContain("hush");
  await provider.close();
});
