import { randomUUID } from "node:crypto";
import type { Control, Session } from "@bellows/control-plane";
import { isBellowsError, type Logger } from "@bellows/core";
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
 * @param load - reads the config; not asked where a Bellows elsewhere does the work (`--server`).
 */
export async function withControl<T>(
  context: Context,
  globals: Globals,
  load: () => Promise<LoadedConfig>,
  work: (open: OpenControl) => Promise<T>,
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
  let standalone: Awaited<ReturnType<typeof plane.openStandalone>>;
  try {
    standalone = await plane.openStandalone({
      ...loaded,
      folder,
      clock: context.clock,
      logger: logger(context, globals) satisfies Logger,
      version: ownVersion(),
      newId: randomUUID,
    });
  } catch (error) {
    if (!isBellowsError(error, "conflict")) throw error;
    const socket = plane.socketPath(folder);
    if (!(await plane.controllerAnswers(socket))) throw error;
    return work({ control: plane.connectControl(socket), remote: true });
  }
  try {
    return await work({ control: standalone.control, session: standalone.session, remote: false });
  } finally {
    await standalone.close();
  }
}
