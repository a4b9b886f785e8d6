import { hasPython, motoOptions, startMoto, type TestServer } from "@bellows/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Daemon } from "../src/daemon.js";
import { type AutoscaleBench, type Client, createAutoscaleBench, groupOf } from "./autoscale-fixture.js";
import { until } from "./daemon-fixture.js";

const server = { name: "web", imageRef: "ami-0123456789abcdef0", flavorRef: "t3.micro" };

describe.skipIf(!hasPython())("the Autoscale API on AWS", () => {
  let moto: TestServer;
  let bench: AutoscaleBench;
  let daemon: Daemon;
  let alice: Client;
  beforeAll(async () => {
    moto = await startMoto();
    bench = await createAutoscaleBench();
    bench.write(`
version: 1
name: shop
every: 1s
providers: { aws: ${JSON.stringify({ ...motoOptions(moto) })} }
server:
  listen: "${new URL(bench.url).host}"
  users: { alice: { apiKey: alices-key, role: admin } }
`);
    daemon = await bench.start();
    alice = await bench.client("alice", "alices-key", "aws");
  }, 300_000);
  afterAll(async () => {
    try {
      await bench?.end();
    } finally {
      await moto?.stop();
    }
  });

  test("a group is made there, with a balancer, and a webhook makes it grow", async () => {
    const invoke = (method: string, ...args: unknown[]) => daemon.control.invoke("aws", method, args);
    await invoke("loadBalancers.create", {
      name: "front",
      zones: ["eu-west-1a"],
      listeners: [{ port: 80, instancePort: 8_080, protocol: "http" }],
    });
    const made = await alice.ask(
      "POST",
      "/groups",
      groupOf("My shop", {
        config: { minEntities: 1, metadata: { team: "blue" } },
        server: { ...server, metadata: { colour: "red" }, "OS-DCF:diskConfig": "AUTO" },
        args: { loadBalancers: [{ loadBalancerId: "front", port: 80 }] },
        policies: [{ name: "half", type: "webhook", cooldown: 3_600, changePercent: 50 }],
      }),
    );
    expect(made.json.error).toBeUndefined();
    const { id, scalingPolicies, launchConfiguration } = made.json.group;
    expect(launchConfiguration.args).toMatchObject({
      server: {
        imageRef: server.imageRef,
        flavorRef: "t3.micro",
        "OS-DCF:diskConfig": "AUTO",
        metadata: { colour: "red" },
      },
      loadBalancers: [{ loadBalancerId: "front" }],
    });
    const list = `/groups/${id}/policies/${scalingPolicies[0]?.id}/webhooks`;
    const { webhooks } = (await alice.ask("POST", list, [{ name: "alarm" }])).json;
    const link = webhooks[0]?.links[1]?.href ?? "";
    for (let twice = 0; twice < 2; twice += 1)
      expect((await fetch(link, { method: "POST" })).status).toBe(202);
    const grown = await until("another instance", async () => {
      const { group } = (await alice.ask("GET", `/groups/${id}/state`)).json;
      return group.desiredCapacity === 2 && group.active.length === 2 && group;
    });
    expect(grown.name).toBe("My shop");
    expect(await invoke("groups.get", "My-shop")).toMatchObject({ desired: 2, min: 1, max: 5 });
    const empty = { ...made.json.group.groupConfiguration, minEntities: 0, maxEntities: 0 };
    expect((await alice.ask("PUT", `/groups/${id}/config`, empty)).status).toBe(204);
    expect((await alice.ask("DELETE", `/groups/${id}?force=true`)).status).toBe(204);
    expect((await alice.ask("GET", "/groups")).json.groups).toEqual([]);
  }, 60_000);

  test("what means nothing there is refused, and nothing is made", async () => {
    const bad = {
      ...server,
      personality: [{ path: "/x", contents: "aGVsbG8=" }],
      networks: [{ uuid: "net-1" }],
    };
    const answer = await alice.ask("POST", "/groups", groupOf("bad", { server: bad }));
    expect([answer.status, answer.json.error.message]).toEqual([
      400,
      'Following problems with launch configuration:\n"personality" has no meaning to this provider\n"networks" have no meaning to this provider',
    ]);
    const nowhere = { loadBalancers: [{ loadBalancerId: "nowhere", port: 80 }] };
    const lost = await alice.ask("POST", "/groups", groupOf("bad", { server, args: nowhere }));
    expect([lost.status, lost.json.error.type]).toEqual([400, "InvalidLaunchConfiguration"]);
    expect((await alice.ask("GET", "/groups")).json.groups).toEqual([]);
  });
});
