import type { Group, Policy, ScaleOutcome, Webhook } from "@bellows/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type AutoscaleBench, createAutoscaleBench } from "./autoscale-fixture.js";
import { type Bench, createBench, until } from "./daemon-fixture.js";

let processes: AutoscaleBench;
let clouds: Bench;
beforeEach(async () => {
  processes = await createAutoscaleBench();
  await processes.begin();
  clouds = createBench();
});
afterEach(async () => {
  // This account has no balancers that could be cleared.
  clouds.write("version: 1\nproviders: { local: {} }\n");
  await clouds.end();
  await processes.end();
});

test("provider-rackspace drives processes of this machine through the API that bellows run serves", async () => {
  const identityUrl = `${processes.url}/v2.0`;
  clouds.write(`
version: 1
providers:
  dfw: { use: rackspace, region: DFW, username: alice, apiKey: alices-key, identityUrl: "${identityUrl}" }
server: { listen: "127.0.0.1:0" }
`);
  const { control } = await clouds.start();
  const invoke = <T>(method: string, ...args: unknown[]): Promise<T> =>
    control.invoke("dfw", method, args) as Promise<T>;
  const launch = { image: "worker", size: "2", serverName: "sg" };
  const { id } = await invoke<Group>("groups.create", { name: "My group", min: 1, max: 4, launch });
  expect(await invoke<ScaleOutcome>("groups.scale", id, 3)).toEqual({ result: "done", desired: 3 });
  expect(await invoke<ScaleOutcome>("groups.scale", id, 2)).toEqual({ result: "done", desired: 2 });
  expect(await invoke("launch.get", id)).toEqual(launch);
  const up = { name: "up", adjust: { change: 1 }, cooldownMs: 0 };
  const policy = await invoke<Policy>("policies.create", id, up);
  const { url = "" } = await invoke<Webhook>("webhooks.create", id, policy.id, { name: "alarm" });
  expect((await fetch(url, { method: "POST" })).status).toBe(202);
  await until("three in service", async () => {
    const instances = await invoke<{ lifecycle: string }[]>("groups.instances", id);
    return instances.filter(({ lifecycle }) => lifecycle === "in-service").length === 3;
  });
  await invoke("groups.delete", id, { force: true });
  expect(await invoke("groups.list")).toEqual([]);
});
