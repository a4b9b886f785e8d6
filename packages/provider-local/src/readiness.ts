import { connect } from "node:net";
import type { ReadyRule } from "./launch.js";

/** `auto` takes a server that listens nowhere for ready after so long. */
export const AUTO_READY_MS = 2_000;
/** A port of this machine answers at once, or not at all. */
const PROBE_TIMEOUT_MS = 250;

/** Whether something accepts connections on a port of this machine. */
export function accepts(port: number, host = "127.0.0.1"): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host });
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(PROBE_TIMEOUT_MS, () => settle(false));
    socket.once("connect", () => settle(true));
    socket.once("error", () => settle(false));
  });
}

/**
 * Whether a running server is ready by its rule.
 * @param aliveMs - how long it has been running.
 */
export async function isReady(rule: ReadyRule, port: number | undefined, aliveMs: number): Promise<boolean> {
  if (rule === "none") return true;
  if (typeof rule === "object") return aliveMs >= rule.after;
  if (rule === "auto" && aliveMs >= AUTO_READY_MS) return true;
  if (port === undefined) return false;
  return (await accepts(port)) || accepts(port, "::1");
}
