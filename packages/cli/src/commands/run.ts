import { randomUUID } from "node:crypto";
import {
  applyPlan,
  type Daemon,
  planResources,
  type Session,
  startDaemon,
  stateFolder,
  unusableGroups,
} from "@bellows/control-plane";
import { type DecisionRecord, errorLine, isBellowsError, NotFoundError, renderReason } from "@bellows/core";
import { type Context, note, say } from "../context.js";
import { EXIT } from "../exit-codes.js";
import type { Globals } from "../globals.js";
import { logger } from "../logger.js";
import { withControl } from "../open-control.js";
import { printDocument } from "../output.js";
import { describeChange } from "../resource-text.js";
import { configFile, faulty, loadedConfig, ownVersion, tryLoad } from "../workbench.js";
import { decisionOf, tellUnusable } from "./plan.js";

interface RunOptions extends Globals {
  apply?: boolean;
  once?: boolean;
  dryRun?: boolean;
}

/** How long a clean stop may take, in milliseconds. */
const STOP_MS = 10_000;

/** `bellows run`: the daemon, or one round. */
export async function run(context: Context, options: RunOptions): Promise<void> {
  if (options.once || options.dryRun) return runOnce(context, options);
  const file = configFile(context, options);
  const first = await tryLoad(context, file);
  if ("faults" in first) throw await faulty(first.faults);
  const log = logger(context, options, "info");
  const daemon = await startDaemon({
    file,
    load: () => tryLoad(context, file),
    folder: stateFolder(context.env),
    clock: context.clock,
    logger: log,
    version: ownVersion(),
    newId: randomUUID,
    watch: true,
    prepare: (session) => prepare(session, options.apply === true, (line) => log.info({}, line)),
  });
  const groups = daemon.session().groups().size;
  note(
    context,
    `bellows is running: ${groups} group${groups === 1 ? "" : "s"}${daemon.url === undefined ? "" : `, HTTP at ${daemon.url}`}. Ctrl-C stops it; instances go on.`,
  );
  const subscription = daemon.line.records.subscribe((record) => logRecord(record, log));
  const onHangup = (): void => void reload(daemon, log);
  process.on("SIGHUP", onHangup);
  await stopped(context);
  process.off("SIGHUP", onHangup);
  subscription.unsubscribe();
  await daemon.stop(STOP_MS);
  // Stopped as asked: that is no failure, and nobody interrupted work that was to be finished.
  context.exitCode = EXIT.done;
  context.signalHandled = true;
}

/** Stays alive until the first Ctrl-C or SIGTERM. */
function stopped(context: Context): Promise<void> {
  return new Promise((resolve) => {
    if (context.signal.aborted) return resolve();
    const alive = setInterval(() => {}, 60_000);
    context.signal.addEventListener("abort", () => {
      clearInterval(alive);
      resolve();
    });
  });
}

async function reload(daemon: Daemon, log: ReturnType<typeof logger>): Promise<void> {
  try {
    for (const fault of await daemon.control.reload()) log.error({}, fault);
  } catch (error) {
    log.error({ error }, `reload failed: ${errorLine(error)}`);
  }
}

/** Makes what the file declares, or says that it is missing. */
async function prepare(session: Session, apply: boolean, tell: (line: string) => void): Promise<void> {
  if (apply) {
    await applyPlan(await planResources(session), (change) => tell(describeChange(change)[0] ?? ""));
    return;
  }
  for (const group of Object.values(session.config.groups)) {
    const driver = session.clouds.get(group.provider)?.groups;
    if (driver === undefined || group.scaling.mode === "off") continue;
    try {
      await driver.get(group.scaling.ref);
    } catch (error) {
      if (!isBellowsError(error, "not-found") || group.create === undefined) throw error;
      throw new NotFoundError(`group ${group.key} does not exist yet at ${group.provider}`, {
        resource: group.key,
        hint: "bellows apply makes what the file declares; bellows run --apply does it first",
      });
    }
  }
}

function logRecord(record: DecisionRecord, log: ReturnType<typeof logger>): void {
  const reasons = record.reasons.map(renderReason).join("; ");
  const failed = record.outcomes.find((outcome) => outcome.result === "failed");
  if (failed !== undefined)
    log.error(
      { group: record.group, id: record.id },
      `${record.group}: ${record.from} -> ${record.to} failed: ${failed.error ?? ""}`,
    );
  else if (record.action === "scale")
    log.info(
      { group: record.group, from: record.from, to: record.to, id: record.id },
      `${record.group}: scale ${record.from} -> ${record.to}: ${reasons}`,
    );
  else
    log.debug(
      { group: record.group, desired: record.to },
      `${record.group}: hold at ${record.to}: ${reasons}`,
    );
}

async function runOnce(context: Context, options: RunOptions): Promise<void> {
  const records = await withControl(
    context,
    options,
    () => loadedConfig(context, options),
    async (open) => {
      if (options.dryRun) {
        const { decisions, unusable } = await open.control.plan();
        tellUnusable(context, unusable);
        return decisions;
      }
      if (open.session !== undefined) tellUnusable(context, unusableGroups(open.session));
      if (open.session !== undefined)
        await prepare(open.session, options.apply === true, (line) => note(context, line));
      return open.control.once();
    },
    { readOnly: options.dryRun === true },
  );
  if (printDocument(context, options, { groups: records.map(decisionOf) })) return;
  for (const record of records) {
    const what = record.action === "scale" ? `scale ${record.from} -> ${record.to}` : `hold at ${record.to}`;
    say(context, `${record.group}: ${what}: ${record.reasons.map(renderReason).join("; ")}`);
    if (record.outcomes.some((outcome) => outcome.result === "failed")) context.exitCode = EXIT.failed;
  }
}
