import { spawn } from "node:child_process";
import { createServer, type Server, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

/** Accepts connections and says nothing: a metadata service that hangs. */
let silent: Server;
let url = "";
const open = new Set<Socket>();
beforeAll(async () => {
  silent = createServer((socket) => {
    open.add(socket);
    // Whoever waited for an answer may leave hard.
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const address = silent.address();
  url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
});
afterAll(() => {
  for (const socket of open) socket.destroy();
  return new Promise((resolve) => silent.close(resolve));
});

const PROGRAM = `
import aws from ${JSON.stringify(fileURLToPath(new URL("../dist/index.js", import.meta.url)))};
import { connect } from "@bellows/core";
const cloud = await connect(aws, { region: "eu-west-1" });
try { for await (const group of cloud.groups.list()) console.log(group.name); }
catch ({ code, message, hint }) { console.log(JSON.stringify({ code, message, hint })); }
process.exit();
`;

/** Lists groups with nothing but these variables; @returns what failed. */
async function failure(
  env: Record<string, string>,
): Promise<{ code: string; message: string; hint: string }> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", PROGRAM], {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    env: { PATH: process.env.PATH ?? "", HOME: "/nonexistent", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  await new Promise((resolve) => child.once("close", resolve));
  return JSON.parse(said) as { code: string; message: string; hint: string };
}

test.each([
  ["there are none", { AWS_EC2_METADATA_DISABLED: "true" }],
  ["the profile is unknown", { AWS_EC2_METADATA_DISABLED: "true", AWS_PROFILE: "nobody" }],
  ["the machine's metadata service hangs", "AWS_EC2_METADATA_SERVICE_ENDPOINT"],
  ["the container's credentials service hangs", "AWS_CONTAINER_CREDENTIALS_FULL_URI"],
])(
  "credentials: %s, and that is told",
  async (_name, env) => {
    const told = await failure(typeof env === "string" ? { [env]: url } : env);
    expect(told.code).toBe("authentication");
    expect(told.message).toMatch(/^(no credentials for AWS|credentials for AWS did not come)/);
    expect(told.hint).toContain("AWS_PROFILE");
  },
  30_000,
);
