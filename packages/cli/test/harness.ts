import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { systemClock } from "@bellows/core";
import { onTestFinished } from "vitest";
import type { Context } from "../src/context.js";
import { run } from "../src/main.js";

/** What a command left behind. */
export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
  /** stdout as the one JSON document that it must be. */
  json: () => unknown;
}

/** A context whose streams can be read, in a folder and a state folder of its own. */
export function fakeContext(
  changes: Partial<Context> = {},
): Context & { out: () => string; err: () => string } {
  const cwd = mkdtempSync(join(tmpdir(), "bellows-cli-"));
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }));
  const [stdout, out] = gather();
  const [stderr, err] = gather();
  return {
    stdout,
    stderr,
    stdin: { isTTY: false } as Context["stdin"],
    env: { HOME: cwd, PATH: process.env.PATH, BELLOWS_STATE_DIR: join(cwd, "state") },
    cwd,
    clock: systemClock,
    signal: new AbortController().signal,
    terminal: false,
    columns: 100,
    colors: false,
    exitCode: 0,
    secrets: new Set(),
    signalHandled: false,
    ...changes,
    out,
    err,
  };
}

function gather(): [Writable, () => string] {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk.toString());
      done();
    },
  });
  return [stream, () => chunks.join("")];
}

/** Runs `bellows` with these words in a context. */
export async function bellows(words: readonly string[], context = fakeContext()): Promise<Ran> {
  const code = await run(["node", "bellows", ...words], context);
  const stdout = context.out();
  return { code, stdout, stderr: context.err(), json: () => JSON.parse(stdout) as unknown };
}

/** Splits a command line as a shell does, as far as the tests' lines need it. */
export function words(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? "",
  );
}
