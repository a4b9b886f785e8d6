/** Entities, checks, alarms, notifications and plans: made, read, changed and removed all alike. */
import { AlarmParseError, parseCriteria } from "./alarm-language.js";
import type { JsonObject } from "./json.js";
import { hrefOf, listed, notFound, objectIn, refused, shownObject } from "./monitoring-form.js";
import { type Kind, type Monitored, PREFIXES } from "./monitoring-state.js";
import { type Check, either, integer, list, map, nullable, object, oneOf, optional, text } from "./schema.js";
import { type Answer, type Call, paramOf, type Route } from "./wire.js";
import type { World } from "./world.js";

const ROOT = "/monitoring/v1.0/:tenant";
/** Most checks of an account. */
const MOST_CHECKS = 1_000;

/** What a kind of object is like. */
interface Form {
  kind: Kind;
  /** Part of the names of its operations. */
  name: string;
  /** From the account on. */
  path: string;
  /** What it has, where nothing is said. */
  usual: JsonObject;
  /** What a new one must have. */
  required: readonly string[];
  /** What all of it must be like. */
  check: Check;
  /** What cannot be changed. */
  fixed?: readonly string[];
  /** Whether all that it names is there. @throws Refusal */
  require?(world: World, fields: JsonObject, entityId: string | undefined): void;
}

const label = text(/^/, 255);
const metadata = nullable(map(/^.{1,255}$/s, text(/^/, 255)));
const ids = optional(nullable(list(text(), { most: 100 })));

const FORMS: readonly Form[] = [
  {
    kind: "entity",
    name: "Entity",
    path: "entities",
    required: ["label"],
    usual: { ip_addresses: null, agent_id: null, managed: false, metadata: null, uri: null },
    check: object({
      label: text(/^./s, 255),
      ip_addresses: nullable(map(/^.{1,64}$/s, text())),
      agent_id: nullable(text(/^/, 255)),
      metadata,
      uri: nullable(text()),
    }),
  },
  {
    kind: "check",
    name: "Check",
    path: "entities/:entity/checks",
    required: ["type"],
    usual: {
      label: null,
      details: {},
      monitoring_zones_poll: null,
      timeout: 30,
      period: 60,
      target_alias: null,
      target_hostname: null,
      target_resolver: null,
      disabled: false,
      metadata: null,
    },
    check: object({
      type: text(/^(agent|remote)\.[\w.]+$/),
      label: nullable(label),
      details: nullable(object({}, true)),
      monitoring_zones_poll: nullable(list(text(/^mz/), { most: 10 })),
      timeout: optional(integer(2, 1_800)),
      period: optional(integer(30, 1_800)),
      target_alias: nullable(text()),
      target_hostname: nullable(text()),
      target_resolver: nullable(text()),
      disabled: optional(oneOf(true, false)),
      metadata,
    }),
    fixed: ["type"],
    require: requireCheck,
  },
  {
    kind: "alarm",
    name: "Alarm",
    path: "entities/:entity/alarms",
    required: ["check_id", "notification_plan_id"],
    usual: { label: null, criteria: "", disabled: false, metadata: null },
    check: object({
      check_id: text(/^./),
      notification_plan_id: text(/^./),
      criteria: nullable(text()),
      label: nullable(label),
      disabled: optional(oneOf(true, false)),
      metadata,
    }),
    fixed: ["check_id"],
    require: requireAlarm,
  },
  {
    kind: "notification",
    name: "Notification",
    path: "notifications",
    required: ["label", "type", "details"],
    usual: { metadata: null },
    check: object({
      label: text(/^./s, 255),
      type: oneOf("webhook", "email", "pagerduty"),
      details: either(
        object({ url: text(/^https?:\/\/\S+$/) }),
        object({ address: text(/@/) }),
        object({ service_key: text() }),
      ),
      metadata,
    }),
    fixed: ["type"],
  },
  {
    kind: "plan",
    name: "NotificationPlan",
    path: "notification_plans",
    required: ["label"],
    usual: { critical_state: [], warning_state: [], ok_state: [], metadata: null },
    check: object({
      label: text(/^./s, 255),
      critical_state: ids,
      warning_state: ids,
      ok_state: ids,
      metadata,
    }),
    require: requirePlan,
  },
];

/** Objects of a kind, of one entity or of all. */
export function objectsOf({ monitoring }: World, kind: Kind, entityId?: string): Monitored[] {
  return monitoring.objects.filter(
    (one) => one.kind === kind && (entityId === undefined || one.entityId === entityId),
  );
}

/** @throws Refusal when there is none. */
export function objectOf(world: World, kind: Kind, id: string, isParent = false): Monitored {
  const found = objectsOf(world, kind).find((one) => one.id === id);
  if (found === undefined) throw notFound(kind[0]?.toUpperCase() + kind.slice(1), id, isParent);
  return found;
}

function requireCheck(world: World, fields: JsonObject): void {
  if (Number(fields.timeout) >= Number(fields.period))
    throw refused("badRequest", "Validation error for key 'timeout'", "timeout must be less than period");
  const isRemote = String(fields.type).startsWith("remote.");
  if (isRemote && !Array.isArray(fields.monitoring_zones_poll))
    throw refused("requiredNotFoundError", "monitoring_zones_poll is required for remote checks");
  if (isRemote && typeof fields.target_alias !== "string" && typeof fields.target_hostname !== "string")
    throw refused("requiredNotFoundError", "target_alias or target_hostname is required for remote checks");
  if (objectsOf(world, "check").length >= MOST_CHECKS)
    throw refused("limitReached", `Limit of ${MOST_CHECKS} checks has been reached`);
}

function requireAlarm(world: World, fields: JsonObject, entityId: string | undefined): void {
  const check = objectOf(world, "check", String(fields.check_id));
  if (check.entityId !== entityId) throw notFound("Check", check.id);
  objectOf(world, "plan", String(fields.notification_plan_id));
  try {
    parseCriteria(String(fields.criteria ?? ""));
  } catch (error) {
    if (!(error instanceof AlarmParseError)) throw error;
    throw refused("alarmParseError", "Failed to parse alarm criteria", error.message);
  }
}

function requirePlan(world: World, fields: JsonObject): void {
  for (const key of ["critical_state", "warning_state", "ok_state"]) {
    const named = fields[key];
    for (const id of Array.isArray(named) ? named : []) objectOf(world, "notification", String(id));
  }
}

/** Makes an object without looking at it. */
export function addObject(world: World, kind: Kind, fields: JsonObject, entityId?: string): Monitored {
  const id = `${PREFIXES[kind]}${world.number().toString(36).padStart(8, "0")}`;
  const times = { createdAtMs: world.now(), updatedAtMs: world.now() };
  const made = { id, kind, fields, ...times, ...(entityId === undefined ? {} : { entityId }) };
  world.monitoring.objects.push(made);
  return made;
}

function entityIdIn(world: World, { params }: Call): string | undefined {
  return params.entity === undefined ? undefined : objectOf(world, "entity", params.entity, true).id;
}

function objectIdIn(world: World, { kind }: Form, call: Call): Monitored {
  const entityId = entityIdIn(world, call);
  const found = objectOf(world, kind, paramOf(call, "object"));
  if (found.entityId !== entityId) throw notFound(kind, found.id);
  return found;
}

function validated({ kind, required, check }: Form, fields: JsonObject): JsonObject {
  const missing = required.find((key) => fields[key] === undefined || fields[key] === null);
  if (missing !== undefined)
    throw refused(
      "requiredNotFoundError",
      `Missing required key (${missing})`,
      `it is needed for the ${kind}`,
    );
  const [fault] = check(fields, "body");
  if (fault !== undefined) throw refused("badRequest", "Validation error", fault);
  return fields;
}

/** Where an object is, under its entity. */
function pathOf({ path }: Form, { id, entityId }: Monitored): string {
  return `${path.replace(":entity", entityId ?? "")}/${id}`;
}

function create(world: World, form: Form, call: Call): Answer {
  const fields = { ...form.usual, ...validated(form, objectIn(call)) };
  const entityId = entityIdIn(world, call);
  form.require?.(world, fields, entityId);
  const made = addObject(world, form.kind, fields, entityId);
  return { status: 201, headers: { "x-object-id": made.id, location: hrefOf(world, pathOf(form, made)) } };
}

/** Changes what is named, and nothing else. */
function update(world: World, form: Form, call: Call): Answer {
  const given = objectIn(call);
  const found = objectIdIn(world, form, call);
  const fixed = form.fixed?.find((key) => key in given && given[key] !== found.fields[key]);
  if (fixed !== undefined)
    throw refused("badRequest", `Validation error for key '${fixed}'`, "it cannot be changed");
  const known = Object.entries(found.fields).filter(([key]) => key !== "managed");
  validated(form, { ...Object.fromEntries(known), ...given });
  const fields = { ...found.fields, ...given };
  form.require?.(world, fields, found.entityId);
  found.fields = fields;
  found.updatedAtMs = world.now();
  const headers = { "x-object-id": found.id, location: hrefOf(world, pathOf(form, found)) };
  return { status: 204, headers };
}

/** Removes an object, an entity with its checks and alarms, a check with its alarms. */
function remove(world: World, form: Form, call: Call): Answer {
  const gone = objectIdIn(world, form, call);
  const { monitoring } = world;
  monitoring.objects = monitoring.objects.filter(
    (one) => one !== gone && one.entityId !== gone.id && one.fields.check_id !== gone.id,
  );
  return { status: 204 };
}

function routesOf(form: Form): Route[] {
  const many = `${ROOT}/${form.path}`;
  const one = `${many}/:object`;
  const { name } = form;
  const plural = name === "Entity" ? "Entities" : `${name}s`;
  const show = ({ world }: { world: World }, call: Call): Answer => ({
    status: 200,
    body: shownObject(objectIdIn(world, form, call)),
  });
  return [
    {
      operation: `List${plural}`,
      method: "GET",
      path: many,
      answer({ world }, call) {
        const items = objectsOf(world, form.kind, entityIdIn(world, call));
        return listed(call, { items, id: ({ id }) => id, show: shownObject });
      },
    },
    {
      operation: `Create${name}`,
      method: "POST",
      path: many,
      answer: ({ world }, call) => create(world, form, call),
    },
    { operation: `Get${name}`, method: "GET", path: one, answer: show },
    {
      operation: `Update${name}`,
      method: "PUT",
      path: one,
      answer: ({ world }, call) => update(world, form, call),
    },
    {
      operation: `Delete${name}`,
      method: "DELETE",
      path: one,
      answer: ({ world }, call) => remove(world, form, call),
    },
  ];
}

/** Requests about objects. */
export const monitoringObjects: readonly Route[] = FORMS.flatMap(routesOf);
