import { randomUUID } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { applyPlan, type Daemon, type GroupReport, planResources, startDaemon } from "@bellows/control-plane";
import { type DecisionRecord, delay, renderReason } from "@bellows/core";
import pc from "picocolors";
import { type Context, note, say } from "../context.js";
import { type DemoMoment, drawFrame } from "../demo/frame.js";
import { type Load, startLoad } from "../demo/load.js";
import { createScreen, type Screen } from "../demo/screen.js";
import { EXIT } from "../exit-codes.js";
import type { Globals } from "../globals.js";
import { logger } from "../logger.js";
import { faulty, ownVersion, tryLoad } from "../workbench.js";

interface DemoOptions extends Globals {
  seconds: number;
}

/** How often the demo looks, in milliseconds. */
const LOOK_MS = 500;
/** How long it waits for the group to be down again after the load has gone, in milliseconds. */
const SETTLE_MS = 25_000;
const GROUP = "web";
const BALANCER = "front";

/** What the demo has seen; its last line is made from this. */
interface Seen {
  moments: DemoMoment[];
  lines: string[];
  decisions: number;
  peak: number;
  last?: GroupReport;
}

/** `bellows demo`: the example local-web, its load, and every decision with its reason. Leaves nothing running. */
export async function run(context: Context, options: DemoOptions): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "bellows-demo-"));
  const port = await freePort();
  const file = layOut(folder, port);
  const daemon = await startDaemon({
    file,
    load: async () => {
      const loaded = await tryLoad(context, file);
      if ("faults" in loaded) throw await faulty(loaded.faults);
      return loaded;
    },
    folder: join(folder, "state"),
    clock: context.clock,
    logger: logger(context, options, "error"),
    version: ownVersion(),
    newId: randomUUID,
    http: false,
    prepare: async (session) => void (await applyPlan(await planResources(session))),
  });
  const url = `http://127.0.0.1:${port}`;
  const screen = context.terminal ? createScreen(context) : undefined;
  try {
    await show(context, options, { daemon, url, screen, script: join(folder, "load.mjs") });
  } finally {
    screen?.end();
    await clean(context, daemon);
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Stage {
  daemon: Daemon;
  url: string;
  script: string;
  screen: Screen | undefined;
}

async function show(context: Context, options: DemoOptions, stage: Stage): Promise<void> {
  const seen: Seen = { moments: [], lines: [], decisions: 0, peak: 0 };
  const startMs = context.clock.monotonic();
  const second = (): number => (context.clock.monotonic() - startMs) / 1_000;
  const subscription = stage.daemon.line.records.subscribe((record) =>
    noteDecision(context, stage, seen, record, second()),
  );
  if (stage.screen === undefined) say(context, `a web application at ${stage.url}, one instance; load comes`);
  await waitFor(context, stage, seen, second, 15_000, () => (seen.last?.inService ?? 0) >= 1);
  const load = startLoad(stage.script, stage.url, phasesOf(options.seconds));
  let over = false;
  const ended = load.ended.finally(() => {
    over = true;
  });
  ended.catch(() => {});
  await waitFor(context, stage, seen, second, options.seconds * 1_000 + 20_000, () => over, load);
  await waitFor(
    context,
    stage,
    seen,
    second,
    SETTLE_MS,
    () => seen.last?.inService === seen.last?.min && seen.last?.pending === 0 && seen.last?.draining === 0,
    load,
  );
  subscription.unsubscribe();
  load.stop();
  finish(context, seen, await ended.catch(() => load.last()));
}

/** A third of the time up, then down: growth is quick, shrinking takes a lull. */
function phasesOf(seconds: number): string {
  const part = (share: number): string => (seconds * share).toFixed(1);
  return `3 for ${part(0.12)}s, 27 for ${part(0.42)}s, 2 for ${part(0.3)}s`;
}

async function waitFor(
  context: Context,
  stage: Stage,
  seen: Seen,
  second: () => number,
  limitMs: number,
  done: () => boolean,
  load?: Load,
): Promise<void> {
  const startMs = context.clock.monotonic();
  while (!done() && !context.signal.aborted && context.clock.monotonic() - startMs < limitMs) {
    await look(context, stage, seen, second(), load);
    await delay(context.clock, LOOK_MS, context.signal).catch(() => {});
  }
}

async function look(
  context: Context,
  stage: Stage,
  seen: Seen,
  second: number,
  load: Load | undefined,
): Promise<void> {
  const { groups } = await stage.daemon.control.status([GROUP]);
  const group = groups[0];
  if (group === undefined) return;
  const before = seen.last;
  seen.last = group;
  const inService = group.inService ?? 0;
  seen.peak = Math.max(seen.peak, inService);
  const report = load?.last() ?? { clients: 0, requests: 0, failed: 0, inFlight: 0 };
  const jobs = group.metrics.find((metric) => metric.name === "jobs")?.value ?? 0;
  seen.moments.push({ second, clients: report.clients, jobs, inService, pending: group.pending ?? 0 });
  if (stage.screen !== undefined) {
    const view = {
      url: stage.url,
      min: group.min ?? 0,
      max: group.max ?? 0,
      requests: report.requests,
      failed: report.failed,
      moments: seen.moments,
      lines: seen.lines,
    };
    stage.screen.draw(drawFrame(view, context.columns, pc.createColors(context.colors)));
  } else if (before?.inService !== group.inService) {
    say(
      context,
      `${stamp(second)}  ${report.clients} clients, ${jobs} jobs, ${inService} instances in service`,
    );
  }
}

function noteDecision(
  context: Context,
  stage: Stage,
  seen: Seen,
  record: DecisionRecord,
  second: number,
): void {
  if (record.count > 1 || record.outcomes.some((outcome) => outcome.result === "failed")) return;
  const settled = record.action === "hold" || record.outcomes.length > 0;
  if (!settled) return;
  seen.decisions += 1;
  const what = record.action === "scale" ? `scale ${record.from} -> ${record.to}` : `hold at ${record.to}`;
  const line = `${stamp(second)}  ${what}: ${record.reasons.map(renderReason).join("; ")}`;
  seen.lines.push(line);
  if (stage.screen === undefined) say(context, line);
}

function stamp(second: number): string {
  return `${second.toFixed(1).padStart(5)}s`;
}

/** The last line: one JSON document; failed requests or no growth make it a failure. */
function finish(
  context: Context,
  seen: Seen,
  totals: { requests: number; failed: number; errors?: Record<string, number> },
): void {
  const final = seen.last?.inService ?? 0;
  if (totals.failed > 0) note(context, `failed requests: ${JSON.stringify(totals.errors ?? {})}`);
  say(
    context,
    JSON.stringify({
      demo: "local-web",
      peakInstances: seen.peak,
      finalInstances: final,
      requests: totals.requests,
      failedRequests: totals.failed,
      decisions: seen.decisions,
    }),
  );
  if (context.signal.aborted) return;
  if (totals.failed > 0 || totals.requests === 0 || seen.peak < 3 || final !== (seen.last?.min ?? 1))
    context.exitCode = EXIT.failed;
}

async function clean(context: Context, daemon: Daemon): Promise<void> {
  const cloud = daemon.session().clouds.get("local");
  try {
    await daemon.line.stop(5_000);
    await cloud?.groups.delete(GROUP, { force: true, wait: true, timeoutMs: 20_000 });
    await cloud?.loadBalancers?.delete(BALANCER, { wait: true, timeoutMs: 10_000 });
  } catch (error) {
    note(context, `cleaning up: ${error instanceof Error ? error.message : String(error)}`);
    context.exitCode = EXIT.failed;
  }
  await daemon.stop(5_000);
}

/** Copies the example and gives its balancer a port that is free here. */
function layOut(folder: string, port: number): string {
  cpSync(fileURLToPath(new URL("../examples/local-web", import.meta.url)), folder, { recursive: true });
  const file = join(folder, "bellows.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replaceAll("8080", String(port)));
  return file;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
