import { join, normalize } from "node:path";
import { isBellowsError } from "@bellows/core";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { launchSchema, readLaunch, staysInside } from "./launch.js";
import { optionsSchema } from "./options.js";

const images = { worker: { command: "node", args: ["w.mjs"], env: { MODE: "worker" } } };
const options = optionsSchema.parse({ images, envAllow: ["LEVEL"] });
const faults = (launch: object): string =>
  launchSchema
    .safeParse(launch)
    .error?.issues.map((one) => one.message)
    .join("; ") ?? "";

describe("a launch configuration", () => {
  it("by command starts it in the folder of the config file", () => {
    const start = readLaunch({ command: "node", args: ["server.mjs"] }, options, "/srv/shop");
    expect(start).toMatchObject({
      command: "node",
      args: ["server.mjs"],
      cwd: "/srv/shop",
      ready: "auto",
      stopTimeoutMs: 10_000,
    });
    expect(readLaunch({ command: "node", cwd: "app" }, options, "/srv/shop").cwd).toBe("/srv/shop/app");
  });

  it("by image starts what the operator declared, with the environment that is allowed", () => {
    const start = readLaunch({ image: "worker", env: { LEVEL: "3" } }, options, "/srv");
    expect(start).toMatchObject({
      command: "node",
      args: ["w.mjs"],
      env: { MODE: "worker", LEVEL: "3" },
      image: "worker",
    });
  });

  it.each([
    ["an image that nobody declared", { image: "other" }, 'no image "other"'],
    ["an image of every object", { image: "constructor" }, 'no image "constructor"'],
    [
      "an environment name that is not allowed",
      { image: "worker", env: { NODE_OPTIONS: "x" } },
      "may not set NODE_OPTIONS",
    ],
    ["an overwritten setting of the image", { image: "worker", env: { MODE: "x" } }, "may not set MODE"],
  ])("refuses %s", (_, launch, message) => {
    const read = (): unknown => readLaunch(launch, options, "/srv");
    expect(read).toThrow(message);
    expect(read).toThrow(expect.toSatisfy((error: unknown) => isBellowsError(error, "config")));
  });

  it.each([
    [{}, "needs either a command or an image"],
    [{ command: "a", image: "worker" }, "needs either a command or an image"],
    [{ image: "worker", args: ["x"] }, "args belongs to the image"],
    [{ image: "worker", cwd: "/" }, "cwd belongs to the image"],
    [{ command: "a", size: "large" }, '"size" means nothing here'],
    [{ command: "a", keyName: "me" }, '"keyName" means nothing here'],
    [{ command: "a", instanceType: "x" }, "instanceType"],
    [{ command: "a", env: { PORT: "80" } }, "PORT is chosen by Bellows"],
    [{ command: "a", files: { "../x": "" } }, "leads out of the instance's folder"],
    [{ command: "a", local: { ready: "soon" } }, "is auto, tcp, none"],
  ])("refuses %j", (launch, fault) => {
    expect(faults(launch)).toContain(fault);
  });

  it("takes durations as people write them", () => {
    const launch = { command: "a", local: { ready: { after: "3s" }, stopTimeout: "1m" } };
    expect(readLaunch(launch, options, "/")).toMatchObject({
      ready: { after: 3_000 },
      stopTimeoutMs: 60_000,
    });
    expect(faults({ command: "a", local: { stopTimeout: "10" } })).toContain("needs a unit");
  });

  it("that was checked passes a second time as it is", () => {
    const launch = { command: "a", local: { ready: { after: "3s" }, stopTimeout: "1m" }, files: { a: "b" } };
    expect(launchSchema.parse(launchSchema.parse(launch))).toEqual(launch);
  });
});

describe("paths of files", () => {
  it.each(["app.conf", "/etc/app.conf", "a/b/../c", "..a/b"])("%s stays inside", (path) => {
    expect(staysInside(path)).toBe(true);
  });
  it.each(["..", "../x", "a/../../x", "/../x", "", "/", ".", "a\0b", "..\\x"])("%j is refused", (path) => {
    expect(staysInside(path)).toBe(false);
  });
  it("that are accepted never leave the folder, whatever they look like", () => {
    const parts = fc.array(fc.constantFrom("..", ".", "a", "", "b c", "/"), { maxLength: 8 });
    fc.assert(
      fc.property(parts, (pieces) => {
        const path = pieces.join("/");
        if (!staysInside(path)) return;
        expect(join("/state", normalize(path.replace(/^\/+/, ""))).startsWith("/state/")).toBe(true);
      }),
    );
  });
});
