import { randomUUID } from "node:crypto";
import type { Control, Session, Standalone } from "@bellows/control-plane";
import { delay, isBellowsError, type Logger } from "@bellows/core";
import type { Context } from "./context.js";
import type { Globals } from "./globals.js";
import { logger } from "./logger.js";
import { type LoadedConfig, ownVersion } from "./workbench.js";

/** A control for the length of one command. */
export interface OpenControl {
  control: Control;
  /** This process's own session; absent where a running controller does the work. */
  session?: Session;
  /** True where a running controller does the work. */
  remote: boolean;
}

/**
 * Runs `work` with a control over the state: this process takes the state folder, or speaks to the controller that
 * has it. Closes what it opened.
 * @param options.readOnly - the command only looks: nothing is repaired by the way.
 * @param load - reads the config; not asked where a Bellows elsewhere does the work (`--server`).
 */
export async function withControl<T>(
  context: Context,
  globals: Globals,
  load: () => Promise<LoadedConfig>,
  work: (open: OpenControl) => Promise<T>,
  { readOnly = false }: { readOnly?: boolean } = {},
): Promise<T> {
  const plane = await import("@bellows/control-plane");
  if (globals.server ?? context.env.BELLOWS_SERVER) {
    return work({
      control: plane.connectServer(
        globals.server ?? context.env.BELLOWS_SERVER ?? "",
        context.env.BELLOWS_TOKEN,
      ),
      remote: true,
    });
  }
  const loaded = await load();
  const folder = plane.stateFolder(context.env);
  const open = (): Promise<Standalone> =>
    plane.openStandalone({
      ...loaded,
      folder,
      clock: context.clock,
      logger: logger(context, globals) satisfies Logger,
      version: ownVersion(),
      newId: randomUUID,
      readOnly,
    });
  const opened = await openOrReach(context, open, async () => {
    const socket = plane.socketPath(folder);
    return (await plane.controllerAnswers(socket)) ? plane.connectControl(socket) : undefined;
  });
  if ("remote" in opened) return work(opened);
  try {
    return await work({ control: opened.control, session: opened.session, remote: false });
  } finally {
    await opened.close();
  }
}

/** How long another command may take that has the state folder for a moment, in milliseconds. */
const PATIENCE_MS = 10_000;
const LOOK_MS = 200;

/**
 * Takes the state folder, or reaches the controller that has it. Where neither can be, another command is at work:
 * it will be done soon.
 * @throws ConflictError that names the holder when it is not.
 */
async function openOrReach(
  context: Context,
  open: () => Promise<Standalone>,
  reach: () => Promise<Control | undefined>,
): Promise<Standalone | { control: Control; remote: true }> {
  for (const startMs = context.clock.monotonic(); ; ) {
    try {
      return await open();
    } catch (error) {
      if (!isBellowsError(error, "conflict")) throw error;
      const control = await reach();
      if (control !== undefined) return { control, remote: true };
      if (context.clock.monotonic() - startMs > PATIENCE_MS) throw error;
    }
    await delay(context.clock, LOOK_MS, context.signal);
  }
}
