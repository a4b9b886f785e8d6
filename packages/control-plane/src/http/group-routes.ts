import { type DecisionRecord, type LogEntry, renderReason } from "@bellows/core";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { filter } from "rxjs";
import type { ControlOrder, HoldRequest } from "../control.js";
import { toWire } from "../wire.js";
import type { HttpOptions } from "./options.js";

interface GroupParams {
  group: string;
}

const params = {
  type: "object",
  required: ["group"],
  properties: { group: { type: "string", maxLength: 255 } },
} as const;
const count = { type: "integer", minimum: 0, maximum: 100_000 } as const;
const spanMs = { type: "integer", minimum: 1 } as const;
const hold = {
  type: "object",
  additionalProperties: false,
  properties: { reason: { type: "string", maxLength: 500 }, forMs: spanMs },
} as const;
const orderBody = {
  type: "object",
  additionalProperties: false,
  properties: {
    to: count,
    by: { type: "integer", not: { const: 0 } },
    percent: { type: "number", not: { const: 0 } },
    policy: { type: "string", maxLength: 255 },
    keepMs: spanMs,
    honorCooldown: { type: "boolean" },
  },
  oneOf: [{ required: ["to"] }, { required: ["by"] }, { required: ["percent"] }, { required: ["policy"] }],
} as const;
const range = {
  type: "object",
  additionalProperties: false,
  properties: {
    fromMs: { type: "integer" },
    toMs: { type: "integer" },
    limit: { type: "integer", minimum: 1, maximum: 1_000, default: 100 },
    afterSeq: { type: "integer", minimum: 0 },
  },
} as const;

interface OrderBody {
  to?: number;
  by?: number;
  percent?: number;
  policy?: string;
  keepMs?: number;
  honorCooldown?: boolean;
}

/** HTTP status of what became of an order. */
const OUTCOME_STATUS = {
  executed: 202,
  unchanged: 200,
  observed: 200,
  cooldown: 409,
  paused: 409,
  refused: 409,
  failed: 502,
} as const;

/** Groups: status, records (also as they come), orders and hands. */
export function groupRoutes(scope: FastifyInstance, options: HttpOptions): void {
  const { control } = options;
  const security = [{ token: [] }];
  scope.get("/status", { schema: { summary: "All groups" } }, async () => toWire(await control.status()));
  scope.get<{ Params: GroupParams }>(
    "/groups/:group",
    { schema: { summary: "One group", params } },
    async (request) => {
      const { groups } = await control.status([request.params.group]);
      return toWire(groups[0]);
    },
  );
  scope.get<{ Params: GroupParams; Querystring: Record<string, number> }>(
    "/groups/:group/records",
    {
      schema: {
        summary: "Decision records, newest last; as server-sent events with Accept: text/event-stream",
        params,
        querystring: range,
      },
    },
    async (request, reply) => {
      if (request.headers.accept?.includes("text/event-stream")) return follow(request, reply, options);
      const entries: LogEntry<DecisionRecord>[] = [];
      const { limit = 100, ...rest } = request.query;
      const newestFirst = rest.afterSeq === undefined;
      for await (const entry of control.records(request.params.group, { ...rest, limit, newestFirst }))
        entries.push(entry);
      if (newestFirst) entries.reverse();
      return { records: entries.map((entry) => toWire({ seq: entry.seq, ...withTexts(entry.value) })) };
    },
  );
  scope.post<{ Params: GroupParams; Body: OrderBody }>(
    "/groups/:group/orders",
    { schema: { summary: "Orders a change, at once", params, body: orderBody, security } },
    async (request, reply) => {
      const result = await control.order(request.params.group, readOrder(request));
      return reply
        .code(OUTCOME_STATUS[result.outcome])
        .send(toWire({ outcome: result.outcome, record: withTexts(result.record) }));
    },
  );
  const holds = {
    pause: "Bellows takes its hands off the group",
    resume: "Bellows goes on",
    unpin: "Ends a pin",
  } as const;
  for (const [verb, summary] of Object.entries(holds) as [keyof typeof holds, string][]) {
    const body = verb === "pause" ? { body: { ...hold, type: ["object", "null"] } } : {};
    scope.post<{ Params: GroupParams; Body: HoldRequest | null }>(
      `/groups/:group/${verb}`,
      { schema: { summary, params, security, ...body } },
      async (request, reply) => {
        if (verb === "pause")
          await control.pause(request.params.group, { ...request.body, by: request.callerName });
        else await control[verb](request.params.group);
        return reply.code(204).send();
      },
    );
  }
  scope.post<{ Params: GroupParams; Body: HoldRequest & { to: number } }>(
    "/groups/:group/pin",
    {
      schema: {
        summary: "Holds the group at a count",
        params,
        security,
        body: { ...hold, properties: { ...hold.properties, to: count }, required: ["to"] },
      },
    },
    async (request, reply) => {
      const { to, ...rest } = request.body;
      await control.pin(request.params.group, to, { ...rest, by: request.callerName });
      return reply.code(204).send();
    },
  );
}

function readOrder(request: FastifyRequest<{ Body: OrderBody }>): ControlOrder {
  const { to, by, percent, policy, keepMs, honorCooldown } = request.body;
  const origin = {
    kind: "api" as const,
    ...(request.callerName === undefined ? {} : { by: request.callerName }),
    ...(policy === undefined ? {} : { policy }),
  };
  const byHand = policy === undefined && honorCooldown !== true;
  return {
    origin,
    ...(to === undefined ? {} : { adjust: { desired: to } }),
    ...(by === undefined ? {} : { adjust: { change: by } }),
    ...(percent === undefined ? {} : { adjust: { percent } }),
    ...(policy === undefined ? {} : { policy }),
    ...(keepMs === undefined ? {} : { keepMs }),
    ...(byHand ? { skipCooldowns: true, endKeeps: true } : {}),
  };
}

/** Sends each record of a group as it is made, until the client leaves. */
function follow(
  request: FastifyRequest<{ Params: GroupParams }>,
  reply: FastifyReply,
  options: HttpOptions,
): FastifyReply {
  reply.hijack();
  reply.raw.writeHead(200, {
    "content-type": "text/event-stream",
    "cache-control": "no-store",
    connection: "keep-alive",
  });
  reply.raw.write(": following\n\n");
  const subscription = options.records
    .pipe(filter((record) => record.group === request.params.group))
    .subscribe({
      next: (record) =>
        reply.raw.write(
          `event: record\nid: ${record.id}\ndata: ${JSON.stringify(toWire(withTexts(record)))}\n\n`,
        ),
      complete: () => reply.raw.end(),
    });
  request.raw.once("close", () => subscription.unsubscribe());
  return reply;
}

/** A record with its reasons also in words. */
export function withTexts(record: DecisionRecord): DecisionRecord {
  const texts = (reasons: DecisionRecord["reasons"]): DecisionRecord["reasons"] =>
    reasons.map((reason) => ({ ...reason, text: renderReason(reason) }));
  return {
    ...record,
    reasons: texts(record.reasons),
    wouldChangeIf: texts(record.wouldChangeIf),
    proposals: record.proposals.map((proposal) => ({ ...proposal, text: renderReason(proposal.reason) })),
  };
}
