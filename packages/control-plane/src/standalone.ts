import type { Clock, Config, Logger } from "@bellows/core";
import { createLine, type Line } from "@bellows/core/line";
import { createTokens } from "./access/tokens.js";
import type { Control } from "./control.js";
import { holdState } from "./daemon.js";
import { executeAsOrders } from "./execute.js";
import { createLocalControl } from "./local-control.js";
import { openSession, type Session } from "./session.js";

/** What one command's own control is made from. */
export interface StandaloneOptions {
  config: Config;
  secrets: readonly string[];
  folder: string;
  clock: Clock;
  logger: Logger;
  version: string;
  newId: () => string;
  /** For commands that only look: nothing is repaired, and open intents are left as they are. */
  readOnly?: boolean;
}

/** A control without a daemon, for the length of one command. */
export interface Standalone {
  control: Control;
  line: Line;
  session: Session;
  close(): Promise<void>;
}

/** How long what was acknowledged may take to be finished when a command ends, in milliseconds. */
const STOP_MS = 10_000;

/**
 * Takes the state folder, connects, and settles intents that a killed process left open.
 * @throws ConflictError (naming the holder) when a controller has the folder.
 */
export async function openStandalone(options: StandaloneOptions): Promise<Standalone> {
  const { clock, logger } = options;
  const held = holdState(options.folder, options.config);
  try {
    const session: Session = await openSession({
      ...options,
      ...held,
      userAgent: `bellows/${options.version}`,
      background: options.readOnly !== true,
      execute: (provider) =>
        executeAsOrders(
          () => line,
          () => session.groups(),
          provider,
        ),
    });
    const line: Line = createLine({
      clock,
      logger,
      store: held.store,
      holder: options.newId(),
      newId: options.newId,
      groups: () => session.groups(),
      sources: () => session.sources,
    });
    if (options.readOnly !== true) await line.recover();
    const close = async (): Promise<void> => {
      await line.stop(STOP_MS);
      await session.close();
      await held.store.close();
    };
    const control = createLocalControl({
      session,
      line,
      store: held.store,
      tokens: createTokens(held.store, clock),
      clock,
      version: options.version,
      files: [options.config.file],
      ready: () => false,
      reload: async () => [],
      close,
    });
    return { control, line, session, close };
  } catch (error) {
    await held.store.close();
    throw error;
  }
}
