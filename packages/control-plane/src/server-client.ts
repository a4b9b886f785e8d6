import {
  AuthenticationError,
  BellowsError,
  createHttpClient,
  createRedaction,
  type DecisionRecord,
  type ErrorCode,
  type HttpClient,
  type LogEntry,
  systemClock,
  UnsupportedError,
} from "@bellows/core";
import type {
  Control,
  ControlOrder,
  ControlOrderResult,
  HoldRequest,
  RecordRange,
  StatusReport,
} from "./control.js";
import { fromWire } from "./wire.js";

/**
 * Control over a Bellows anywhere, through its HTTP API (`--server`, `BELLOWS_SERVER`).
 * @param token - secret of a token; reading from a loopback address needs none.
 */
export function connectServer(url: string, token: string | undefined): Control {
  const redaction = createRedaction(token === undefined ? [] : [token]);
  const http = createHttpClient({ clock: systemClock, userAgent: "bellows-cli", redaction });
  const call = <T>(method: "GET" | "POST", path: string, json?: unknown): Promise<T> =>
    request<T>(http, `${url.replace(/\/$/, "")}/api/v1${path}`, method, token, json);
  const hold = ({ reason, forMs }: HoldRequest): unknown => ({
    ...(reason === undefined ? {} : { reason }),
    ...(forMs === undefined ? {} : { forMs }),
  });
  const path = (group: string): string => `/groups/${encodeURIComponent(group)}`;
  return {
    async status(groups) {
      const report = await call<StatusReport>("GET", "/status");
      return groups === undefined
        ? report
        : { ...report, groups: report.groups.filter((group) => groups.includes(group.group)) };
    },
    records: (group, range) => recordsOf(call, path(group), range),
    order: (group, order) => call<ControlOrderResult>("POST", `${path(group)}/orders`, orderBody(order)),
    pause: (group, request) => call("POST", `${path(group)}/pause`, hold(request)),
    resume: (group) => call("POST", `${path(group)}/resume`),
    pin: (group, to, request) => call("POST", `${path(group)}/pin`, { ...(hold(request) as object), to }),
    unpin: (group) => call("POST", `${path(group)}/unpin`),
    createToken: () => onlyThere("tokens are made on the machine that runs it"),
    listTokens: () => onlyThere("tokens are listed on the machine that runs it"),
    revokeToken: () => onlyThere("tokens are revoked on the machine that runs it"),
    invoke: () => onlyThere("drivers are called on the machine that runs it"),
    plan: () => onlyThere("a plan is made on the machine that runs it"),
    apply: () => onlyThere("a file is applied on the machine that runs it"),
    once: () => onlyThere("its rounds are its own"),
    reload: () => onlyThere("a reload is asked for on the machine that runs it: SIGHUP, or save the file"),
    close: async () => {},
  };
}

async function onlyThere(text: string): Promise<never> {
  throw new UnsupportedError(text, { hint: "leave out --server and BELLOWS_SERVER there" });
}

function orderBody(order: ControlOrder): unknown {
  const { adjust, policy, keepMs } = order;
  const amount =
    adjust === undefined
      ? {}
      : "desired" in adjust
        ? { to: adjust.desired }
        : "change" in adjust
          ? { by: adjust.change }
          : { percent: adjust.percent };
  return {
    ...amount,
    ...(policy === undefined ? {} : { policy }),
    ...(keepMs === undefined ? {} : { keepMs }),
    ...(order.skipCooldowns === true ? {} : { honorCooldown: true }),
  };
}

async function* recordsOf(
  call: <T>(method: "GET", path: string) => Promise<T>,
  path: string,
  range: RecordRange = {},
): AsyncGenerator<LogEntry<DecisionRecord>> {
  const { newestFirst, ...rest } = range;
  const query = new URLSearchParams(
    Object.entries(rest).map(([key, value]): [string, string] => [key, String(value)]),
  );
  const { records } = await call<{ records: (DecisionRecord & { seq: number })[] }>(
    "GET",
    `${path}/records?${query}`,
  );
  if (newestFirst === true) records.reverse();
  for (const { seq, ...value } of records)
    yield { seq, atMs: value.lastAtMs, value: value as DecisionRecord };
}

async function request<T>(
  http: HttpClient,
  url: string,
  method: "GET" | "POST",
  token: string | undefined,
  json: unknown,
): Promise<T> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await http.request(url, {
    method,
    headers,
    anyStatus: true,
    maxBytes: 64 * 1_048_576,
    ...(json === undefined ? {} : { json }),
  });
  if (response.status === 204) return undefined as T;
  const body = fromWire(response.json()) as {
    error?: { code: string; message: string; hint?: string };
    outcome?: string;
  };
  if (response.status < 400 || body.outcome !== undefined) return body as T;
  if (body.error === undefined) throw new AuthenticationError(`${url} answered ${response.status}`);
  const { code, message, hint } = body.error;
  throw new BellowsError(code as ErrorCode, message, { ...(hint === undefined ? {} : { hint }) });
}
