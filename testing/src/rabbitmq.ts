import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assertRunning, type Child, startChild } from "./child.js";
import { findProgram, freePort, waitFor } from "./programs.js";
import type { TestServer } from "./prometheus.js";

/** Where Debian keeps the program that runs as whoever starts it; the one on PATH changes to a user of its own. */
const PROGRAM = "/usr/lib/rabbitmq/bin/rabbitmq-server";

/** Samples once a second instead of every five, so that figures follow in a second or two. */
const ADVANCED = (() => {
  const retention = "{sample_retention_policies,[{global,[{60,1}]},{basic,[{60,1}]},{detailed,[{10,1}]}]}";
  return `[{rabbit,[{quorum_tick_interval,1000}]},{rabbitmq_management,[${retention}]},{rabbitmq_management_agent,[${retention}]}].`;
})();

/**
 * Starts Debian's RabbitMQ with its management API (user `guest`, password `guest`) on free loopback ports, with an
 * epmd of its own. "Returned" means that the API answers.
 * @throws Error when it is not installed or does not come up, with its log.
 */
export async function startRabbitMq(): Promise<TestServer> {
  if (findProgram(PROGRAM) === undefined) throw new Error("rabbitmq-server is not installed");
  const folder = await mkdtemp(join(tmpdir(), "bellows-rabbitmq-"));
  const [amqp, management, distribution, names] = await Promise.all([
    freePort(),
    freePort(),
    freePort(),
    freePort(),
  ]);
  const at = (name: string): string => join(folder, name);
  const config = [
    `listeners.tcp.1 = 127.0.0.1:${amqp}`,
    "management.tcp.ip = 127.0.0.1",
    `management.tcp.port = ${management}`,
    "collect_statistics_interval = 1000",
    "log.console = true",
    "log.file = false",
  ];
  await Promise.all([
    writeFile(at("enabled_plugins"), "[rabbitmq_management]."),
    writeFile(at("rabbitmq.conf"), `${config.join("\n")}\n`),
    writeFile(at("advanced.config"), ADVANCED),
  ]);
  const epmd = startChild("epmd", ["-port", String(names), "-address", "127.0.0.1"]);
  const broker = startChild(PROGRAM, [], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      RABBITMQ_CONF_ENV_FILE: "/dev/null",
      RABBITMQ_CONFIG_FILE: at("rabbitmq.conf"),
      RABBITMQ_ADVANCED_CONFIG_FILE: at("advanced.config"),
      RABBITMQ_ENABLED_PLUGINS_FILE: at("enabled_plugins"),
      RABBITMQ_MNESIA_BASE: at("mnesia"),
      RABBITMQ_LOG_BASE: at("log"),
      RABBITMQ_NODENAME: `bellows${amqp}@localhost`,
      RABBITMQ_DIST_PORT: String(distribution),
      ERL_EPMD_PORT: String(names),
      ERL_EPMD_ADDRESS: "127.0.0.1",
      // The child is then the Erlang machine itself, not a shell around it.
      RUNNING_UNDER_SYSTEMD: "true",
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "-kernel inet_dist_use_interface {127,0,0,1}",
    },
  });
  const stop = async (): Promise<void> => {
    // Its own stop takes six seconds, for data that nobody keeps.
    await broker.stop("SIGKILL");
    await epmd.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
  const url = `http://127.0.0.1:${management}`;
  try {
    await waitFor(() => isReady(broker, url), { what: "rabbitmq", withinMs: 60_000, everyMs: 200 });
  } catch (error) {
    await stop();
    throw new Error(`rabbitmq does not come up:\n${broker.output()}`, { cause: error });
  }
  return { url, pid: broker.process.pid ?? 0, stop };
}

async function isReady(broker: Child, url: string): Promise<boolean> {
  assertRunning(broker, "rabbitmq");
  const headers = { authorization: `Basic ${Buffer.from("guest:guest").toString("base64")}` };
  return (await fetch(`${url}/api/overview`, { headers })).ok;
}
