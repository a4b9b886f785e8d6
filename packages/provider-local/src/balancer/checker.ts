import { request } from "node:http";
import { connect } from "node:net";
import { type Health, type HealthEvent, isEager } from "./health.js";
import { urlHost } from "./member.js";
import type { HealthCheckConfig, MemberConfig } from "./schema.js";

/** While the outcome decides whether a member may serve, checks come at least this often. */
const EAGER_MS = 200;
/** A body longer than this is not read to its end. */
const MAX_BODY_BYTES = 65_536;

/** Used for members without a configured check that refused a connection. */
export const FALLBACK_CHECK: HealthCheckConfig = {
  protocol: "tcp",
  path: "/",
  intervalMs: 500,
  timeoutMs: 1_000,
  healthyCount: 1,
  unhealthyCount: 1,
};

type Report = (event: HealthEvent) => void;

function checkTcp(member: MemberConfig, check: HealthCheckConfig, report: Report): () => void {
  const socket = connect({ host: member.address, port: check.port ?? member.port });
  const timer = setTimeout(
    () => socket.destroy(new Error(`no connection within ${check.timeoutMs} ms`)),
    check.timeoutMs,
  );
  socket.once("connect", () => {
    report({ type: "pass" });
    socket.destroy();
  });
  socket.once("error", (error) => report({ type: "fail", reason: error.message }));
  socket.once("close", () => clearTimeout(timer));
  return () => socket.destroy();
}

function checkHttp(member: MemberConfig, check: HealthCheckConfig, report: Report): () => void {
  const { address } = member;
  const port = check.port ?? member.port;
  const headers = {
    host: `${urlHost(address)}:${port}`,
    "user-agent": "bellows-health-check",
    connection: "close",
  };
  const probe = request({ host: address, port, path: check.path, agent: false, headers });
  const timer = setTimeout(
    () => probe.destroy(new Error(`no answer within ${check.timeoutMs} ms`)),
    check.timeoutMs,
  );
  probe.once("response", (response) => {
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 400) report({ type: "pass" });
    else report({ type: "fail", reason: `${check.path} answered ${status}` });
    let bytes = 0;
    response.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MAX_BODY_BYTES) probe.destroy();
    });
    response.on("error", () => {});
  });
  probe.on("error", (error) => report({ type: "fail", reason: error.message }));
  probe.once("close", () => clearTimeout(timer));
  probe.end();
  return () => probe.destroy();
}

/** The checks of one member. */
export interface Checks {
  /** Ends them; no outcome is reported after. */
  stop(): void;
  /** Brings the next check forward, because traffic has just found the member dead. */
  hurry(): void;
}

/**
 * Probes one member until stopped: at once, then every `intervalMs`, sooner while its health is undecided.
 * @param target - read anew before each probe.
 * @param onEvent - gets each probe's outcome and answers with the health that follows, or undefined to end.
 */
export function startChecks(
  target: () => { member: MemberConfig; check: HealthCheckConfig },
  onEvent: (event: HealthEvent) => Health | undefined,
): Checks {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let cancel: (() => void) | undefined;
  const probe = (): void => {
    timer = undefined;
    const { member, check } = target();
    let reported = false;
    const report: Report = (event) => {
      if (reported || stopped) return;
      reported = true;
      const health = onEvent(event);
      if (health === undefined || stopped) return;
      timer = setTimeout(probe, isEager(health) ? Math.min(EAGER_MS, check.intervalMs) : check.intervalMs);
    };
    cancel = (check.protocol === "http" ? checkHttp : checkTcp)(member, check, report);
  };
  probe();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
      cancel?.();
    },
    hurry() {
      if (stopped || timer === undefined) return;
      clearTimeout(timer);
      timer = setTimeout(probe, EAGER_MS);
    },
  };
}
