import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { createProgram } from "../src/main.js";
import { bellows, fakeContext } from "./harness.js";

const NOUNS: Record<string, string> = {
  groups:
    "list get create update delete pause resume instances attach detach terminate activities shutdown metadata observe",
  launch: "list get set patch history rollback metadata delete",
  policies: "list get create update delete execute",
  webhooks: "list get create update delete rotate metadata",
  alarms: "list get create update delete history enable disable set-state",
  lbs: "list get create update delete register deregister members health-check enable-zones disable-zones listeners",
  servers: "list get",
  regions: "list get",
  clusters: "list get",
  services: "list get scale",
  metrics: "query test",
  tokens: "create list revoke",
  plugins: "list",
  import: "aws",
};
const VERBS =
  "demo init validate plan apply run status explain scale pause resume pin unpin permissions import doctor completion";
const LATER = ["roll", "rollouts", "deploy", "invoke"];

function leaves(command: Command, path = ""): [string, Command][] {
  return command.commands.flatMap((child) => {
    const name = `${path} ${child.name()}`.trim();
    return child.commands.length === 0 ? [[name, child] as [string, Command]] : leaves(child, name);
  });
}

async function everyLeaf(): Promise<[string, Command][]> {
  const all = leaves(await createProgram(fakeContext()));
  return all.filter(([name]) => !/(^|\s)(help|complete)$/.test(name));
}

describe("the grammar", () => {
  it("has every noun with its verbs, and no others", async () => {
    const program = await createProgram(fakeContext());
    for (const [noun, verbs] of Object.entries(NOUNS)) {
      const command = program.commands.find((one) => one.name() === noun);
      const found = command?.commands.map((verb) => verb.name()).filter((name) => name !== "help");
      expect([noun, found?.sort()]).toEqual([noun, verbs.split(" ").sort()]);
    }
  });

  it("has every plain verb, and no stub of a later one", async () => {
    const names = (await createProgram(fakeContext())).commands.map((command) => command.name());
    expect(names).toEqual(expect.arrayContaining(VERBS.split(" ")));
    expect(names.filter((name) => LATER.includes(name))).toEqual([]);
  });

  it("describes every command and gives it the common options", async () => {
    for (const [name, command] of await everyLeaf()) {
      expect(command.description(), name).not.toBe("");
      if (name === "completion") continue;
      const options = command.options.map((option) => option.long);
      expect(options, name).toEqual(expect.arrayContaining(["--json", "--output", "--config", "--provider"]));
    }
  });

  it("describes every option", async () => {
    for (const [name, command] of await everyLeaf())
      for (const option of command.options)
        expect(option.description, `${name} ${option.flags}`).not.toBe("");
  });

  it("lets everything that writes be tried with --dry-run", async () => {
    const reading = /^(list|get|instances|activities|observe|members|history|query|test)$/;
    for (const [name, command] of await everyLeaf()) {
      const [noun = "", verb] = name.split(" ");
      if (verb === undefined || ["tokens", "plugins"].includes(noun) || reading.test(verb)) continue;
      expect(
        command.options.map((option) => option.long),
        name,
      ).toContain("--dry-run");
    }
  });

  it("lets --yes answer wherever something is destroyed", async () => {
    for (const [name, command] of await everyLeaf())
      if (/ (delete|terminate|shutdown|rotate)$/.test(name))
        expect(
          command.options.map((option) => option.long),
          name,
        ).toContain("--yes");
  });

  it("shows help of every command with exit 0 and with examples", async () => {
    for (const [name] of await everyLeaf()) {
      const { code, stdout } = await bellows([...name.split(" "), "--help"]);
      expect([name, code]).toEqual([name, 0]);
      expect(stdout).toContain(`Usage: bellows ${name}`);
      if (name !== "completion") expect(stdout, name).toMatch(/Examples?:\n {2}bellows /);
    }
  });

  it("lists all nouns in the help, though it loads none of them", async () => {
    const { stdout } = await bellows(["--help"]);
    for (const noun of Object.keys(NOUNS)) expect(stdout).toMatch(new RegExp(`^ {2}${noun} `, "m"));
  });
});

describe("what is not understood", () => {
  it.each([
    ["gruops list", "Did you mean groups?"],
    ["groups lsit", "Did you mean list?"],
    ["groups delete web --foce", "Did you mean --force?"],
    ["frobnicate", "unknown command"],
    ["groups create web --min many --max 3", "write a whole number"],
    ["groups create web", "required option '--min <n>' not specified"],
    ["policies create web/up --change 0", "write +1 or -2"],
    ["policies create web/up --cooldown 180", "write 180s or 3m"],
    ["groups metadata web --set team", "write KEY=VALUE"],
    ["lbs create front --listener eighty", "80:8080/http"],
    ["status --output xml", "Allowed choices are table, json, yaml"],
  ])("bellows %s exits with 2 and says what to do", async (line, text) => {
    const { code, stdout, stderr } = await bellows(line.split(" "));
    expect(code).toBe(2);
    expect(stderr).toContain(text);
    expect(stdout).toBe("");
  });

  it.each([
    ["policies create up --change +1 --provider local", "GROUP/POLICY"],
    ["policies create web/up --provider local", "--change"],
    ["policies create web/up --change 1 --desired 2 --provider local", "one way"],
    [
      "policies create web/up --change 1 --cron 0_0_*_*_* --at 2030-01-01T00:00:00Z --provider local",
      "--cron or --at",
    ],
    ["alarms create hot --provider local --above 3", "--metric"],
    ["alarms create hot --provider local --metric A:b", "--above"],
    ["lbs create front --provider local", "--listener"],
    ["groups list", "bellows init"],
    ["groups list --provider nonesuch", "npm install @bellows/provider-nonesuch"],
    ["validate", "bellows init"],
    ["validate -c a.yaml -c b.yaml", "one config file"],
  ])("bellows %s exits with 2 and a hint", async (line, text) => {
    const { code, stderr } = await bellows(line.split(" "));
    expect(stderr).toContain(text);
    expect(code).toBe(2);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});
