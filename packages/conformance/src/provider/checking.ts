import assert from "node:assert/strict";
import {
  activitySchema,
  type Cloud,
  groupSchema,
  groupStateSchema,
  groupStatusSchema,
  healthCheckSchema,
  instanceSchema,
  isBellowsError,
  loadBalancerSchema,
  memberSchema,
  metadataSchema,
  type Observation,
  serverSchema,
  webhookSchema,
  z,
} from "@bellows/core";
import { checkPlain, type Schema } from "../checks.js";

const observationsSchema: z.ZodType<Observation[]> = z.array(
  z.union([
    z.strictObject({ status: groupStatusSchema }),
    z.strictObject({ unavailable: z.string().min(1) }),
  ]),
);
const policySchema = z.object({
  name: z.string().min(1),
  id: z.string().min(1),
  group: z.string().min(1),
  engine: z.enum(["bellows", "native"]),
  adjust: z.object(),
});
const launchVersionSchema = z.object({
  version: z.string(),
  createdAtMs: z.number().int(),
  current: z.boolean(),
  launch: z.object(),
});
const scaleOutcomeSchema = z.object({
  result: z.enum(["done", "unchanged"]),
  desired: z.number().int().min(0),
});
const executionSchema = z.object({
  result: z.enum(["executed", "unchanged", "cooldown", "paused", "refused", "accepted"]),
  from: z.number().int().optional(),
  to: z.number().int().optional(),
  text: z.string().optional(),
});
const nothing = z.undefined();

/** What each call answers: the promise's value, or each item of the list. */
const ANSWERS: Record<string, Record<string, Schema>> = {
  groups: {
    ...each(["list", "get", "create", "update"], groupSchema),
    ...each(["delete", "pause", "resume", "attach", "detach", "terminate", "enterStandby"], nothing),
    ...each(["exitStandby", "protect", "shutdown", "converge"], nothing),
    scale: scaleOutcomeSchema,
    observe: observationsSchema,
    instances: instanceSchema,
    state: groupStateSchema,
  },
  launch: { ...each(["get", "set", "patch"], z.object()), history: launchVersionSchema },
  policies: {
    ...each(["list", "get", "create", "update"], policySchema),
    delete: nothing,
    execute: executionSchema,
  },
  webhooks: { ...each(["list", "get", "create", "update", "rotate"], webhookSchema), delete: nothing },
  activities: { list: activitySchema },
  loadBalancers: {
    ...each(["list", "get", "create", "update"], loadBalancerSchema),
    ...each(["delete", "register", "deregister"], nothing),
    configureHealthCheck: healthCheckSchema,
    members: memberSchema,
    ...each(["enableZones", "disableZones"], z.array(z.string())),
    metadata: metadataSchema,
  },
  servers: { ...each(["list", "create", "get", "label"], serverSchema), delete: nothing },
};

function each(methods: readonly string[], schema: Schema): Record<string, Schema> {
  return Object.fromEntries(methods.map((method) => [method, schema]));
}

/**
 * The same cloud, every answer of which is checked: it fits the contract's schema, it is plain data that nobody can
 * change, and what is thrown is an error of the family (or the abort's own reason).
 */
export function checkingCloud(cloud: Cloud): Cloud {
  const drivers = Object.keys(ANSWERS).flatMap((noun) => {
    const driver: unknown = Reflect.get(cloud, noun);
    return typeof driver === "object" && driver !== null
      ? [[noun, checking(driver, noun, ANSWERS[noun] ?? {})]]
      : [];
  });
  return { ...cloud, ...Object.fromEntries(drivers) } as Cloud;
}

function checking(driver: object, path: string, answers: Record<string, Schema>): object {
  return new Proxy(
    {},
    {
      get(_target, key): unknown {
        const member: unknown = Reflect.get(driver, key);
        const name = `${path}.${String(key)}`;
        if (typeof member === "object" && member !== null)
          return checking(member, name, each(["merge", "replace"], metadataSchema));
        if (typeof member !== "function" || key === "of") return member;
        return (...args: unknown[]): unknown =>
          checkAnswer(
            () => Reflect.apply(member, driver, args) as unknown,
            name,
            answers[String(key)],
            signalOf(args),
          );
      },
    },
  );
}

function signalOf(args: readonly unknown[]): AbortSignal | undefined {
  const last = args.at(-1);
  return typeof last === "object" && last !== null ? (last as { signal?: AbortSignal }).signal : undefined;
}

function checkAnswer(
  call: () => unknown,
  name: string,
  schema: Schema | undefined,
  signal?: AbortSignal,
): unknown {
  const answer = call();
  if (answer instanceof Promise) return checkPromise(answer, name, schema, signal);
  if (typeof answer === "object" && answer !== null && Symbol.asyncIterator in answer)
    return checkItems(answer as AsyncIterable<unknown>, name, schema, signal);
  return answer;
}

async function checkPromise(
  answer: Promise<unknown>,
  name: string,
  schema: Schema | undefined,
  signal?: AbortSignal,
): Promise<unknown> {
  try {
    return checkValue(await answer, name, schema);
  } catch (error) {
    throw checkError(error, name, signal);
  }
}

async function* checkItems(
  items: AsyncIterable<unknown>,
  name: string,
  schema: Schema | undefined,
  signal?: AbortSignal,
): AsyncGenerator<unknown> {
  try {
    for await (const item of items) yield checkValue(item, `an item of ${name}`, schema);
  } catch (error) {
    throw checkError(error, name, signal);
  }
}

function checkValue(value: unknown, name: string, schema: Schema | undefined): unknown {
  const parsed = schema?.safeParse(value);
  assert.ok(
    parsed?.success !== false,
    `the answer of ${name} does not fit the contract: ${parsed?.error?.message ?? ""}`,
  );
  checkPlain(value, `the answer of ${name}`, true);
  return value;
}

function checkError(error: unknown, name: string, signal?: AbortSignal): unknown {
  if (error instanceof assert.AssertionError || isBellowsError(error)) return error;
  if (signal?.aborted && error === signal.reason) return error;
  return new assert.AssertionError({ message: `${name} threw ${String(error)}, which is no BellowsError` });
}
