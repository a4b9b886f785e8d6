import type { Attachment, LaunchConfiguration, Metadata } from "@bellows/core";
import { HINTS } from "./launch-words.js";

/** A launch configuration as this API shows it. Commands and their arguments are nobody's business here. */
export interface LaunchView {
  type: "launch_server";
  args: {
    server: Record<string, unknown>;
    loadBalancers: { loadBalancerId: number | string; port?: number }[];
    draining_timeout?: number;
  };
}

/** Maps back. */
export function toLaunchView(launch: LaunchConfiguration, loadBalancers: readonly Attachment[]): LaunchView {
  const own = (launch.rackspace ?? {}) as { configDrive?: boolean; drainingTimeout?: unknown };
  const draining = secondsOf(own.drainingTimeout);
  return {
    type: "launch_server",
    args: {
      server: {
        ...textsOf(launch),
        ...metadataOf(launch.metadata ?? {}),
        ...(launch.networks && { networks: launch.networks.map((uuid) => ({ uuid })) }),
        ...(launch.securityGroups && { security_groups: launch.securityGroups.map((name) => ({ name })) }),
        ...(launch.files && {
          personality: Object.entries(launch.files).map(([path, text]) => ({ path, contents: encode(text) })),
        }),
        ...(launch.userData !== undefined && { user_data: encode(launch.userData) }),
        ...(own.configDrive !== undefined && { config_drive: own.configDrive }),
      },
      loadBalancers: loadBalancers.map(({ id, port }) => ({
        loadBalancerId: /^[1-9]\d{0,14}$/.test(id) ? Number(id) : id,
        ...(port !== undefined && { port }),
      })),
      ...(draining !== undefined && { draining_timeout: draining }),
    },
  };
}

function textsOf(launch: LaunchConfiguration): Record<string, unknown> {
  const texts = {
    name: launch.serverName,
    imageRef: launch.image,
    flavorRef: launch.size,
    key_name: launch.keyName,
    "OS-DCF:diskConfig": launch.diskConfig,
  };
  return Object.fromEntries(Object.entries(texts).filter(([, value]) => value !== undefined));
}

/** Metadata, and the hints that were kept in it. */
function metadataOf(metadata: Metadata): Record<string, unknown> {
  const { [HINTS.flavor]: flavorRef, [HINTS.disk]: disk, [HINTS.networks]: networks, ...rest } = metadata;
  return {
    ...(flavorRef !== undefined && { flavorRef }),
    ...(disk !== undefined && { "OS-DCF:diskConfig": disk }),
    ...(networks !== undefined && { networks: networks.split(" ").map((uuid) => ({ uuid })) }),
    metadata: rest,
  };
}

function encode(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}

/** A span that was written as `60s`, or read as milliseconds already. */
function secondsOf(span: unknown): number | undefined {
  if (typeof span === "number") return span / 1_000;
  const written = typeof span === "string" ? /^(\d+)s$/.exec(span)?.[1] : undefined;
  return written === undefined ? undefined : Number(written);
}
