/** A stand-in whose Autoscale is the one that `bellows run` serves, over groups that core keeps on its Cloud Servers. */
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startDaemon } from "@bellows/control-plane";
import { loadConfig, type PluginLoader, systemClock } from "@bellows/core";
import { type AutoscaleRequest, freePort, type RackspaceStandIn, startRackspace } from "@bellows/testing";
import provider from "../src/index.js";

/** It, and how it ends. */
export interface Served {
  standIn: RackspaceStandIn;
  stop(): Promise<void>;
}

const loader = { load: () => Promise.resolve(provider) } as unknown as PluginLoader;

const configOf = ({ identityUrl, username, apiKey, tenant }: RackspaceStandIn, port: number): string => `
version: 1
name: served
every: 200ms
providers:
  "${tenant}":
    use: rackspace
    region: DFW
    username: ${username}
    apiKey: ${apiKey}
    identityUrl: ${identityUrl}
    groups: servers
server:
  listen: "127.0.0.1:${port}"
  users:
    ${username}: { apiKey: ${apiKey}, role: admin }
`;

/** Starts both. */
export async function startServed(): Promise<Served> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let token: string | undefined;
  const standIn = await startRackspace({
    async autoscale(request) {
      token ??= await signIn(url, standIn);
      return forward(url, request, token);
    },
  });
  const folder = mkdtempSync(join(tmpdir(), "bellows-served-"));
  const file = join(folder, "bellows.yaml");
  writeFileSync(file, configOf(standIn, port));
  const daemon = await startDaemon({
    file,
    load: () => loadConfig(file, { loader, cwd: folder, env: process.env }),
    folder: join(folder, "state"),
    clock: systemClock,
    logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    version: "0.0.0-test",
    newId: randomUUID,
    httpLimits: { callsPerMinute: 100_000, signInsPerMinute: 1_000 },
  });
  return {
    standIn,
    async stop() {
      await daemon.stop(5_000);
      await standIn.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function signIn(url: string, { username, apiKey }: RackspaceStandIn): Promise<string> {
  const answer = await fetch(`${url}/v2.0/tokens`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ auth: { "RAX-KSKEY:apiKeyCredentials": { username, apiKey } } }),
  });
  return ((await answer.json()) as { access: { token: { id: string } } }).access.token.id;
}

async function forward(url: string, { method, path, text, headers }: AutoscaleRequest, token: string) {
  const type = headers["content-type"];
  const answer = await fetch(url + path, {
    method,
    headers: { "x-auth-token": token, ...(type === undefined ? {} : { "content-type": type }) },
    ...(text === "" ? {} : { body: text }),
  });
  const said = await answer.text();
  const kept = ["location", "retry-after"].flatMap((name) => {
    const value = answer.headers.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  return {
    status: answer.status,
    headers: Object.fromEntries(kept),
    ...(said === "" ? {} : { body: JSON.parse(said) as object as Record<string, string> }),
  };
}
