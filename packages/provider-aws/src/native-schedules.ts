import type { ScheduledUpdateGroupAction } from "@aws-sdk/client-auto-scaling";
import {
  type CallOptions,
  ConfigError,
  collect,
  countSchema,
  epochMsSchema,
  type Host,
  nameSchema,
  type Page,
  pages,
  type Ref,
  resolveRef,
  z,
} from "@bellows/core";
import type { Aws, Call } from "./client.js";
import { describeGroup } from "./group-read.js";
import { deleteOnce } from "./making.js";

/** Sizes that a group gets at a time: once (`startMs`), or again and again (`cron`, from `startMs` to `endMs`). */
export const scheduledActionSchema = z
  .strictObject({
    name: nameSchema,
    min: countSchema.optional(),
    max: countSchema.optional(),
    desired: countSchema.optional(),
    /** Five fields. */
    cron: z
      .string()
      .regex(/^\S+( \S+){4}$/, "must be five fields")
      .optional(),
    /** Name of a time zone, for `cron` (default UTC). */
    timezone: z.string().min(1).optional(),
    startMs: epochMsSchema.optional(),
    endMs: epochMsSchema.optional(),
  })
  .refine(({ min, max, desired }) => (min ?? max ?? desired) !== undefined, "needs min, max or desired")
  .refine(({ min = 0, max = Number.POSITIVE_INFINITY }) => min <= max, {
    path: ["min"],
    error: "min is greater than max",
  })
  .refine(
    ({ desired, min = 0, max = Number.POSITIVE_INFINITY }) =>
      desired === undefined || (desired >= min && desired <= max),
    { path: ["desired"], error: "lies outside min and max" },
  )
  .refine(({ cron, startMs }) => (cron ?? startMs) !== undefined, "needs cron or startMs")
  .refine(({ cron, timezone, endMs }) => cron !== undefined || (timezone ?? endMs) === undefined, {
    path: ["cron"],
    error: "timezone and endMs need it",
  });
/** Sizes that a group gets at a time. */
export type ScheduledAction = z.infer<typeof scheduledActionSchema>;

/** Scheduled actions of groups, as AWS keeps them. A group has 125 at most. */
export interface ScheduledActions {
  /** @throws NotFoundError when there is no such group. */
  list(group: Ref, options?: CallOptions): AsyncIterable<ScheduledAction>;
  /** Makes one, or changes the one of that name. Returned: completed. */
  put(group: Ref, action: ScheduledAction, options?: CallOptions): Promise<void>;
  /** @throws NotFoundError when there is no such action. */
  delete(group: Ref, name: string, options?: CallOptions): Promise<void>;
}

/** Most actions of one answer. @see docs.aws.amazon.com, DescribeScheduledActions */
const ACTIONS_PER_CALL = 100;

/** Makes the driver of scheduled actions. */
export function createScheduledActions(aws: Aws, host: Pick<Host, "clock">): ScheduledActions {
  return {
    list: (group, options) => list(aws, group, callOf("list", group, options)),
    async put(group, action, options) {
      const call = callOf("put", group, options);
      const input = inputOf(group, checked(action, call));
      await describeGroup(aws, group, call);
      await aws.autoScaling((sdk) => new sdk.PutScheduledUpdateGroupActionCommand(input), call);
    },
    async delete(group, name, options) {
      const call = callOf("delete", group, options);
      const named = async () =>
        (await collect(list(aws, group, call))).map((action) => ({ id: action.name }));
      const { id: ScheduledActionName } = resolveRef(
        await named(),
        name,
        `scheduled action of group ${group}`,
      );
      const input = { AutoScalingGroupName: group, ScheduledActionName };
      await deleteOnce(
        host,
        () => aws.autoScaling((sdk) => new sdk.DeleteScheduledActionCommand(input), call),
        async () => (await named()).some(({ id }) => id === ScheduledActionName),
        call.signal,
      );
    },
  };
}

async function* list(aws: Aws, group: Ref, call: Call): AsyncGenerator<ScheduledAction, void, undefined> {
  await describeGroup(aws, group, call);
  yield* pages((token) => page(aws, group, call, token));
}

async function page(
  aws: Aws,
  group: Ref,
  call: Call,
  token: string | undefined,
): Promise<Page<ScheduledAction>> {
  const { ScheduledUpdateGroupActions = [], NextToken } = await aws.autoScaling(
    (sdk) =>
      new sdk.DescribeScheduledActionsCommand({
        AutoScalingGroupName: group,
        MaxRecords: ACTIONS_PER_CALL,
        NextToken: token,
      }),
    call,
  );
  const items = ScheduledUpdateGroupActions.map(actionOf);
  return { items, ...(NextToken === undefined ? {} : { next: NextToken }) };
}

function callOf(method: string, group: Ref, options: CallOptions = {}): Call {
  return { operation: `native.scheduledActions.${method}`, resource: group, signal: options.signal };
}

function checked(action: ScheduledAction, { operation, resource = "" }: Call): ScheduledAction {
  const read = scheduledActionSchema.safeParse(action);
  if (read.success) return read.data;
  const faults = read.error.issues.map(({ path, message }) => `${path.join(".") || "action"}: ${message}`);
  throw new ConfigError(faults.join("; "), { operation, resource });
}

function inputOf(group: Ref, { name, min, max, desired, cron, timezone, startMs, endMs }: ScheduledAction) {
  return {
    AutoScalingGroupName: group,
    ScheduledActionName: name,
    ...(min === undefined ? {} : { MinSize: min }),
    ...(max === undefined ? {} : { MaxSize: max }),
    ...(desired === undefined ? {} : { DesiredCapacity: desired }),
    ...(cron === undefined ? {} : { Recurrence: cron }),
    ...(timezone === undefined ? {} : { TimeZone: timezone }),
    ...(startMs === undefined ? {} : { StartTime: new Date(startMs) }),
    ...(endMs === undefined ? {} : { EndTime: new Date(endMs) }),
  };
}

/** A scheduled action in words of ours. */
export function actionOf(action: ScheduledUpdateGroupAction): ScheduledAction {
  const { MinSize, MaxSize, DesiredCapacity, Recurrence, TimeZone, StartTime, EndTime } = action;
  return {
    name: action.ScheduledActionName ?? "",
    ...(MinSize === undefined ? {} : { min: MinSize }),
    ...(MaxSize === undefined ? {} : { max: MaxSize }),
    ...(DesiredCapacity === undefined ? {} : { desired: DesiredCapacity }),
    ...(Recurrence === undefined ? {} : { cron: Recurrence }),
    ...(TimeZone === undefined ? {} : { timezone: TimeZone }),
    ...(StartTime === undefined ? {} : { startMs: StartTime.getTime() }),
    ...(EndTime === undefined ? {} : { endMs: EndTime.getTime() }),
  };
}
