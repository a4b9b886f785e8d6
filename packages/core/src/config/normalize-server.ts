import { createHash } from "node:crypto";
import type { z } from "zod";
import { nearest } from "../nearest.js";
import type { Config, UserConfig } from "./config.js";
import type { Context } from "./context.js";
import { compact } from "./context.js";
import { DEFAULTS } from "./defaults.js";
import type { Field } from "./read.js";
import { readFields } from "./read.js";
import { serverFile } from "./schema.js";
import { nodeAt } from "./source-node.js";

type Server = Config["server"];
type Listen = Server["listen"];

/** Reads `server`: where the HTTP API listens, and who may use it. */
export function normalizeServer(context: Context, field: Field | undefined): Server {
  const fallback = parseListen(DEFAULTS.listen) ?? { host: "127.0.0.1", port: 7070 };
  if (field === undefined) return { listen: fallback, users: [] };
  const { report } = context;
  const fields = readFields({
    report,
    node: field.node,
    schema: serverFile,
    where: "server",
    key: "server",
    keyRange: field.keyRange,
  });
  if (fields === undefined) return { listen: fallback, users: [] };
  const { values, at } = fields;
  const listen = values.listen === undefined ? fallback : parseListen(values.listen);
  if (listen === undefined && at.listen) {
    report.fault(
      at.listen.node,
      `listen cannot be read: ${JSON.stringify(values.listen)}`,
      "write 127.0.0.1:7070",
    );
  }
  const users = normalizeUsers(context, values.users ?? {}, at.users);
  if (
    listen !== undefined &&
    !isLoopback(listen.host) &&
    users.length === 0 &&
    at.users === undefined &&
    at.listen
  ) {
    report.fault(
      at.listen.node,
      `listening on ${listen.host} needs users: others can reach it`,
      "add users under server, or listen on 127.0.0.1",
    );
  }
  return compact({
    listen: listen ?? fallback,
    url: values.url?.replace(/\/+$/, ""),
    keyFile: values.keyFile,
    users,
  });
}

type UsersFile = NonNullable<z.output<typeof serverFile>["users"]>;

/** A user without a provider gets the file's only one; with several, it works on those that its requests name. */
function normalizeUsers(context: Context, users: UsersFile, field: Field | undefined): UserConfig[] {
  const { providers, report } = context;
  const only = providers.size === 1 ? [...providers.keys()][0] : undefined;
  return Object.entries(users).map(([name, { apiKey, role, provider }]) => {
    const node = field === undefined ? undefined : nodeAt(field.node, [name, "provider"]);
    if (provider !== undefined && !providers.has(provider) && node !== undefined) {
      const near = nearest(provider, [...providers.keys()]);
      report.fault(
        node,
        `unknown provider ${JSON.stringify(provider)}`,
        near === undefined
          ? `the file has ${[...providers.keys()].join(", ") || "none"}`
          : `did you mean "${near}"?`,
      );
    }
    return compact({
      name,
      apiKeyHash: createHash("sha256").update(apiKey).digest("hex"),
      role: role ?? DEFAULTS.role,
      provider: provider ?? only,
    });
  });
}

function parseListen(written: string): Listen | undefined {
  const match = /^(?:(\[[0-9a-f:.]+\]|[^\s:[\]/]+)?:)?(\d{1,5})$/i.exec(written.trim());
  const port = Number(match?.[2]);
  if (!match || port > 65_535) return undefined;
  return { host: (match[1] ?? "127.0.0.1").replace(/^\[|\]$/g, ""), port };
}

function isLoopback(host: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|::1)$/i.test(host);
}
