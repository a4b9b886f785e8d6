import { describe, expect, it } from "vitest";
import { envSchema, fillArguments, serverEnvironment } from "./environment.js";

const facts = { instance: "web-1", group: "web", port: 20_001, folder: "/state/web-1/files" };

describe("a server's environment", () => {
  it("takes from the controller what programs need, and nothing that could be a secret", () => {
    const parent = {
      PATH: "/bin",
      HOME: "/root",
      LC_TIME: "C",
      AWS_SECRET_ACCESS_KEY: "s",
      NODE_OPTIONS: "--inspect",
    };
    const env = serverEnvironment(parent, { MODE: "worker" }, facts);
    expect(env).toEqual({
      PATH: "/bin",
      HOME: "/root",
      LC_TIME: "C",
      MODE: "worker",
      PORT: "20001",
      BELLOWS_INSTANCE: "web-1",
      BELLOWS_GROUP: "web",
      BELLOWS_FOLDER: "/state/web-1/files",
    });
  });

  it("lets the launch set what the controller would pass on", () => {
    expect(serverEnvironment({ PATH: "/bin" }, { PATH: "/opt/bin" }, facts).PATH).toBe("/opt/bin");
  });

  it.each([
    [{ PORT: "80" }, "PORT is chosen by Bellows"],
    [{ BELLOWS_GROUP: "x" }, "BELLOWS_GROUP is set by Bellows itself"],
    [{ "A=B": "x" }, "is no name"],
    [{ A: "x\0y" }, "NUL"],
  ])("refuses %j", (env, fault) => {
    expect(envSchema.safeParse(env).error?.issues[0]?.message).toContain(fault);
  });
});

describe("arguments", () => {
  it.each([
    [
      ["-p", "$PORT"],
      ["-p", "20001"],
    ],
    [["--url=http://localhost:$PORT/x"], ["--url=http://localhost:20001/x"]],
    [
      ["$BELLOWS_INSTANCE", "$BELLOWS_FOLDER/app.conf"],
      ["web-1", "/state/web-1/files/app.conf"],
    ],
    [
      ["$PORTAL", "$HOME", "$1", "$BELLOWS_OTHER"],
      ["$PORTAL", "$HOME", "$1", "$BELLOWS_OTHER"],
    ],
  ])("%j become %j", (args, filled) => {
    expect(fillArguments(args, facts)).toEqual(filled);
  });
});
