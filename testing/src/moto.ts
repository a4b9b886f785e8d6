import { join } from "node:path";
import { assertRunning, startChild } from "./child.js";
import { freePort, waitFor } from "./programs.js";
import type { TestServer } from "./prometheus.js";
import { pythonWith } from "./python.js";

/** Options that let provider-aws reach a moto server: it takes any keys, and one account has them all. */
export function motoOptions({ url }: Pick<TestServer, "url">, region = "eu-west-1") {
  return { region, endpoint: url, credentials: { accessKeyId: "testing", secretAccessKey: "testing" } };
}

/**
 * Starts moto's server of AWS (in Python, from its own environment) on a free loopback port, with nothing in it. What it
 * does otherwise than AWS is listed in testing/src/aws/deviations.ts. "Returned" means that it answers.
 * @throws Error when Python is not installed or moto does not come up, with its last words.
 */
export async function startMoto(): Promise<TestServer> {
  const program = join(pythonWith("aws"), "moto_server");
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = startChild(program, ["-H", "127.0.0.1", "-p", String(port)], {
    env: { ...process.env, MOTO_EC2_LOAD_DEFAULT_AMIS: "false", MOTO_ECS_NEW_ARN: "false" },
  });
  try {
    await waitFor(
      async () => {
        assertRunning(child, "moto");
        return (await fetch(`${url}/moto-api/data.json`)).ok;
      },
      { what: "moto", withinMs: 60_000 },
    );
  } catch (error) {
    await child.stop();
    throw new Error(`moto does not come up:\n${child.output()}`, { cause: error });
  }
  return { url, pid: child.process.pid ?? 0, stop: () => child.stop("SIGKILL") };
}
