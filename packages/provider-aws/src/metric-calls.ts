/**
 * Asks CloudWatch: GetMetricData, page by page.
 *
 * Note [One bad query]: CloudWatch refuses a whole call for one query that it cannot read, and does not say by a code
 * which one it is. The call is then made again in halves until the bad one stands alone. It is remembered for a while,
 * so that it costs this once, not every round.
 */

import type { MetricDataQuery } from "@aws-sdk/client-cloudwatch";
import { errorLine, type Host, isBellowsError } from "@bellows/core";
import type { Aws, Call } from "./client.js";
import { type Answer, createCollector, type Outcome } from "./metric-answer.js";
import type { Batch } from "./metric-batch.js";
import { entriesOf, type Unit } from "./metric-query.js";

/** Asks CloudWatch. */
export interface MetricCalls {
  /**
   * Asks all questions of a batch, in one call unless CloudWatch wants it otherwise. Never throws.
   * @param call - asked for each call: its deadline becomes shorter.
   * @param answered - told each question's answer as soon as it is whole; each once.
   */
  ask(batch: Batch, call: () => Call, answered: (unit: Unit, answer: Answer) => void): Promise<void>;
}

/** Codes of calls that cannot be read. @see docs.aws.amazon.com, CloudWatch, Common errors; Errors of GetMetricData */
const UNREADABLE =
  /^(ValidationError|ValidationException|InvalidParameter(Value|Combination)?|MissingParameter|MissingRequiredParameter|InvalidFormat|MalformedQueryString)(Exception|Fault)?$/;
/** How long a question that was refused is not asked again, and how many are remembered. */
const REFUSED_MS = 10 * 60_000;
const MOST_REFUSED = 1_000;

/** Makes it. */
export function createMetricCalls(aws: Aws, { clock }: Host): MetricCalls {
  const refused = new Map<string, { untilMs: number; reason: string }>();

  const remember = (unit: Unit, reason: string): void => {
    const [oldest] = refused.keys();
    if (refused.size >= MOST_REFUSED && oldest !== undefined) refused.delete(oldest);
    refused.set(unit.key, { untilMs: clock.monotonic() + REFUSED_MS, reason });
  };
  const refusalOf = ({ key }: Unit): string | undefined => {
    const known = refused.get(key);
    if (known !== undefined && known.untilMs <= clock.monotonic()) refused.delete(key);
    return refused.get(key)?.reason;
  };

  const ask = async (batch: Batch, call: () => Call, told: Told): Promise<void> => {
    const open = new Set(batch.units);
    const settle = ({ unit, answer }: Outcome): void => {
      if (typeof answer === "string") return;
      open.delete(unit);
      told.answered(unit, answer);
    };
    try {
      const left = await askPages(aws, batch, call, settle);
      await askAgain(left, batch, call, told);
    } catch (error) {
      const rest = [...open];
      if (!isRefusal(error)) for (const unit of rest) told.answered(unit, { unavailable: errorLine(error) });
      else if (batch.units.length > 1) await askHalves(rest, batch, call, told);
      else
        for (const unit of rest) {
          remember(unit, errorLine(error));
          told.answered(unit, { unavailable: errorLine(error) });
        }
    }
  };

  /** What CloudWatch failed at once more, what was too much in halves. */
  const askAgain = async (left: readonly Outcome[], batch: Batch, call: () => Call, told: Told) => {
    const failed = left.filter(({ answer }) => answer === "ask-again").map(({ unit }) => unit);
    const many = left.filter(({ answer }) => answer === "too-many").map(({ unit }) => unit);
    if (told.isSecond || failed.length === 0)
      for (const unit of failed)
        told.answered(unit, { unavailable: "CloudWatch failed at it (InternalError)" });
    else await ask({ ...batch, units: failed }, call, { ...told, isSecond: true });
    if (batch.units.length > 1) await askHalves(many, batch, call, told);
    else for (const unit of many) told.answered(unit, { unavailable: TOO_MANY });
  };

  const askHalves = async (units: readonly Unit[], batch: Batch, call: () => Call, told: Told) => {
    const middle = Math.ceil(units.length / 2);
    const halves = [units.slice(0, middle), units.slice(middle)].filter((half) => half.length > 0);
    await Promise.all(halves.map((half) => ask({ ...batch, units: half }, call, told)));
  };

  return {
    async ask(batch, call, answered) {
      const units = batch.units.filter((unit) => {
        const reason = refusalOf(unit);
        if (reason !== undefined) answered(unit, { unavailable: reason });
        return reason === undefined;
      });
      if (units.length > 0) await ask({ ...batch, units }, call, { answered, isSecond: false });
    },
  };
}

const TOO_MANY = "the expression finds more metrics than CloudWatch answers for: search more narrowly";

interface Told {
  answered: (unit: Unit, answer: Answer) => void;
  /** Whether CloudWatch has failed at these questions before. */
  isSecond: boolean;
}

/** One call and its pages. @returns questions that have no answer by it. */
async function askPages(
  aws: Aws,
  { units, startMs, endMs, region }: Batch,
  call: () => Call,
  settle: (outcome: Outcome) => void,
): Promise<Outcome[]> {
  const ids = new Map(units.map((unit, index) => [`q${index}`, unit]));
  const queries: MetricDataQuery[] = [...ids].flatMap(([id, unit]) => entriesOf(unit, id));
  const collector = createCollector(ids);
  const tokens = new Set<string>();
  for (let token: string | undefined; ; ) {
    const NextToken = token;
    const page = await aws.cloudWatch(
      (sdk) =>
        new sdk.GetMetricDataCommand({
          MetricDataQueries: queries,
          StartTime: new Date(startMs),
          EndTime: new Date(endMs),
          ScanBy: "TimestampDescending",
          ...(NextToken === undefined ? {} : { NextToken }),
        }),
      { ...call(), region },
    );
    for (const outcome of collector.take(page)) settle(outcome);
    token = page.NextToken;
    // A token that comes back is one that leads nowhere.
    if (token === undefined || tokens.has(token)) break;
    tokens.add(token);
  }
  const left = collector.end();
  for (const outcome of left) settle(outcome);
  return left;
}

/** Whether CloudWatch cannot read something in the call: anything else is no better in halves. */
function isRefusal(error: unknown): boolean {
  return isBellowsError(error, "config") && UNREADABLE.test(error.vendorCode ?? "");
}
