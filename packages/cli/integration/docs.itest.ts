import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { type ErrorCode, REASON_CODES } from "@bellows/core";
import { type StandIn, startStandIn } from "@bellows/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXIT } from "../src/exit-codes.js";
import { decideCases } from "./docs/cases.js";
import { expectationOf } from "./docs/expectation.js";
import { type Page, readPage, type Step } from "./docs/page.js";
import { wholeFile } from "./docs/part.js";
import { compilePrograms } from "./docs/programs.js";
import { openWorkshop, type Ran, ROOT, type Workshop } from "./docs/workshop.js";

const markdownIn = (folder: string): string[] =>
  existsSync(join(ROOT, folder))
    ? readdirSync(join(ROOT, folder))
        .filter((name) => name.endsWith(".md"))
        .map((name) => join(folder, name))
    : [];
const inEach = (folder: string): string[] =>
  readdirSync(join(ROOT, folder))
    .map((name) => join(folder, name, "README.md"))
    .filter((path) => existsSync(join(ROOT, path)));

/** Pages whose blocks are run. */
const run = [
  "README.md",
  ...markdownIn("docs"),
  ...markdownIn("docs/guide"),
  ...markdownIn("docs/providers"),
  ...markdownIn("docs/sources"),
  ...inEach("packages"),
];
/** Pages whose links are followed, beside those. */
const linked = ["ARCHITECTURE.md", "CONTRIBUTING.md", ...markdownIn("docs/adr"), ...inEach("examples")];
/** Every code of an error; a new one is missed by the compiler. */
const ERROR_CODES: Record<ErrorCode, true> = {
  config: true,
  "not-found": true,
  "already-exists": true,
  conflict: true,
  cooldown: true,
  throttled: true,
  authentication: true,
  permission: true,
  limit: true,
  capacity: true,
  unsupported: true,
  unavailable: true,
  timeout: true,
  refused: true,
  internal: true,
};

const textOf = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const read = (path: string): Page => readPage(path, textOf(path));
const runnable = run.map(read);

const isProgram = (step: Step): boolean => step.kind === "ts";
const workshops = new Map<string, Workshop>();
const standIns: StandIn[] = [];
let programFaults = new Map<string, string[]>();

beforeAll(async () => {
  for (const { path, needsAws } of runnable)
    workshops.set(path, await openWorkshop(needsAws ? await environmentOfAws() : {}));
  programFaults = compilePrograms(
    runnable.flatMap(({ path, steps }) => {
      const { folder, withPorts } = workshopOf(path);
      return steps
        .filter(isProgram)
        .map(({ argument, text }) => ({ folder, name: argument, text: withPorts(text) }));
    }),
  );
}, 120_000);
afterAll(async () => {
  for (const workshop of workshops.values()) await workshop.close();
  for (const standIn of standIns) await standIn.stop();
});

/** What the SDK reads, so that it finds a stand-in of its own where AWS would be. */
async function environmentOfAws(): Promise<Record<string, string>> {
  const standIn = await startStandIn();
  standIns.push(standIn);
  return {
    AWS_ENDPOINT_URL: standIn.url,
    AWS_ACCESS_KEY_ID: "example",
    AWS_SECRET_ACCESS_KEY: "example",
  };
}

function workshopOf(path: string): Workshop {
  const workshop = workshops.get(path);
  if (workshop === undefined) throw new Error(`no workshop for ${path}`);
  return workshop;
}

describe.each(runnable.map((page) => [page.path, page] as const))("%s", (path, page) => {
  it("says what each of its blocks is", () => {
    expect(page.faults).toEqual([]);
    for (const step of page.steps.filter(({ kind }) => kind === "shown")) expect(step.argument).not.toBe("");
  });

  it.runIf(page.steps.some(isProgram))("shows programs that are correctly typed", () => {
    const names = page.steps.filter(isProgram).map(({ argument }) => argument);
    expect(new Set(names).size, "two programs have one name").toBe(names.length);
    expect(programFaults.get(workshopOf(path).folder)).toEqual([]);
  });

  it.runIf(page.steps.some(({ kind }) => kind !== "shown"))(
    "does what it says",
    { timeout: 400_000 },
    async () => {
      const workshop = workshopOf(path);
      let ran: Ran | undefined;
      let config = "";
      for (const step of page.steps) {
        const where = `${path}:${step.line}`;
        const done = await doStep(step, workshop, { ran, config, where });
        ran = done.ran ?? ran;
        config = done.config ?? config;
      }
    },
  );
});

interface Before {
  /** What was run last. */
  ran: Ran | undefined;
  /** The config that was shown last. */
  config: string;
  where: string;
}

async function doStep(
  step: Step,
  workshop: Workshop,
  before: Before,
): Promise<{ ran?: Ran; config?: string }> {
  const { argument, text } = step;
  const succeed = async (commands: string, code = 0): Promise<Ran> => {
    const ran = await workshop.bash(commands);
    expect(ran.code, `${before.where}: ${commands}\n${ran.output}`).toBe(code);
    return ran;
  };
  switch (step.kind) {
    case "shown":
      return {};
    case "file":
      workshop.write(argument, text);
      return {};
    case "config":
      workshop.write(argument, text);
      return { ran: await succeed(`bellows validate -c ${argument}`), config: argument };
    case "faulty":
      workshop.write(argument, text);
      return { ran: await succeed(`bellows validate -c ${argument}`, 2), config: argument };
    case "part": {
      const name = `part-${step.line}.yaml`;
      workshop.write(name, wholeFile(argument, text));
      return { ran: await succeed(`bellows validate -c ${name}`), config: name };
    }
    case "run":
      return { ran: await succeed(text, Number(/exit (\d+)/.exec(argument)?.[1] ?? 0)) };
    case "ts":
      return { ran: await succeed(`node ${argument.replace(/\.ts$/, ".js")}`) };
    case "output":
      expect(`${before.ran?.output.trimEnd()}\n`, before.where).toMatch(
        expectationOf(workshop.withPorts(text)),
      );
      return {};
    case "cases":
      for (const { shown, decided, line } of await decideCases(join(workshop.folder, before.config), text))
        expect(decided, `${before.where} row ${line}`).toBe(shown);
      return {};
  }
}

describe("what is made from the code", () => {
  it("has every key of a file with its default", async () => {
    const { keyTables } = (await import(join(ROOT, "scripts", "docs-keys.mjs"))) as {
      keyTables: () => string;
    };
    const shown = textOf("docs/guide/configuration.md").split("<!-- keys -->")[1]?.split("<!-- /keys -->")[0];
    expect(shown?.trim(), "node scripts/docs-keys.mjs writes it anew").toBe(keyTables());
  });

  it("has every reason, once", () => {
    const cells = [...textOf("docs/guide/explain.md").matchAll(/^\| (`[^|]*`) \|/gm)].map(
      (match) => match[1] ?? "",
    );
    const codes = cells.flatMap((cell) => [...cell.matchAll(/`([a-z-]+)`/g)].map((match) => match[1]));
    const lines = ["group", "metrics", "signals", "because", "also", "outcome"];
    expect(codes.filter((code) => !lines.includes(code ?? "")).sort()).toEqual([...REASON_CODES].sort());
  });

  it("has every command", () => {
    const help = execFileSync(
      process.execPath,
      [join(ROOT, "packages", "cli", "bin", "bellows.js"), "--help"],
      {
        encoding: "utf8",
      },
    );
    const listed = help.split("Commands:")[1]?.split("Examples:")[0] ?? "";
    const commands = [...listed.matchAll(/^ {2}([a-z]+)/gm)].map((match) => match[1]);
    const section = textOf("README.md").split("## Commands")[1]?.split("## ")[0] ?? "";
    const shown = [...section.matchAll(/^\| ((?:`[a-z]+` ?)+) \|/gm)].flatMap(([, cell = ""]) =>
      [...cell.matchAll(/`([a-z]+)`/g)].map((match) => match[1]),
    );
    expect(shown.sort()).toEqual(commands.filter((name) => name !== "help").sort());
  });

  it("has every exit code", () => {
    const shown = textOf("README.md").split("## Exit codes")[1]?.split("##")[0] ?? "";
    const codes = [...shown.matchAll(/^\| (\d+) \|/gm)].map((match) => Number(match[1]));
    expect(codes.sort()).toEqual([...new Set(Object.values(EXIT))].sort());
  });

  it("has every code of an error", () => {
    const shown = textOf("docs/guide/library.md").split("## Errors")[1]?.split("\n## ")[0] ?? "";
    const cells = [...shown.matchAll(/^\| (`[^|]*`) \|/gm)].map((match) => match[1] ?? "");
    const codes = cells.flatMap((cell) => [...cell.matchAll(/`([a-z-]+)`/g)].map((match) => match[1]));
    expect(codes.sort()).toEqual(Object.keys(ERROR_CODES).sort());
  });
});

describe("links", () => {
  const pages = new Map([...runnable, ...linked.map(read)].map((page) => [page.path, page]));

  it.each([...pages.values()].map((page) => [page.path, page] as const))(
    "of %s lead somewhere",
    (path, page) => {
      const dead = page.links.filter(
        ({ target }) => !/^[a-z]+:/.test(target) && !leadsSomewhere(path, target),
      );
      expect(dead.map(({ target, line }) => `${path}:${line}: ${target}`)).toEqual([]);
    },
  );

  function leadsSomewhere(path: string, target: string): boolean {
    const [file = "", anchor] = target.split("#");
    const to = file === "" ? join(ROOT, path) : join(ROOT, dirname(path), file);
    if (!existsSync(to)) return false;
    if (anchor === undefined || statSync(to).isDirectory()) return anchor === undefined;
    return (pages.get(relative(ROOT, to)) ?? read(relative(ROOT, to))).anchors.has(anchor);
  }
});
