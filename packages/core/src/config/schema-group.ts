import { z } from "zod";
import { launchWords } from "../contracts/launch.js";
import { DEFAULTS, MOST_INSTANCES } from "./defaults.js";
import { onMissingFile, policyFile } from "./schema-policy.js";
import { complain, described, duration, size, text, timezone, whole } from "./values.js";

const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

function dayNumber(word: string): number {
  return DAYS.indexOf(word.trim().toLowerCase().slice(0, 3));
}

/** `mon-fri`, `sat,sun`, `fri-mon`. Gives 0 Sunday to 6 Saturday. */
function daysText(): z.ZodType<number[], string> {
  return z
    .string()
    .meta({ bellows: "text" })
    .transform((written, ctx) => {
      const days = new Set<number>();
      for (const part of written.split(",")) {
        const words = part.split("-");
        const numbers = words.map(dayNumber);
        const unknown = words.find(
          (word, index) => numbers[index] === -1 || !/^\s*[A-Za-z]{3,9}\s*$/.test(word),
        );
        if (unknown !== undefined || numbers.length > 2) {
          return complain(ctx, `unknown day ${JSON.stringify((unknown ?? part).trim())}`, {
            hint: "write mon-fri or sat,sun",
          });
        }
        const [from = 0, to = from] = numbers;
        for (let day = from; ; day = (day + 1) % 7) {
          days.add(day);
          if (day === to) break;
        }
      }
      return [...days].sort((a, b) => a - b);
    });
}

/** `08:00-18:00`; over midnight too. Gives minutes from midnight. */
function hours(): z.ZodType<{ startMinute: number; endMinute: number }, string> {
  return z
    .string()
    .meta({ bellows: "hours", pattern: "^(\\d{1,2}:\\d{2}\\s*-\\s*\\d{1,2}:\\d{2}|.*\\$\\{.*)$" })
    .transform((written, ctx) => {
      const match = /^(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})$/.exec(written.trim());
      const [from, to] = match
        ? [Number(match[1]) * 60 + Number(match[2]), Number(match[3]) * 60 + Number(match[4])]
        : [-1, -1];
      const bad = !match || Number(match[2]) > 59 || Number(match[4]) > 59 || from >= 1440 || to > 1440;
      if (bad)
        return complain(ctx, "cannot be read", {
          subject: true,
          hint: "write 08:00-18:00, or 22:00-06:00 over midnight",
        });
      if (from === to)
        return complain(ctx, "begin when they end", {
          subject: true,
          hint: "write 00:00-24:00 for whole days, or leave hours out",
        });
      return { startMinute: from, endMinute: to };
    });
}

/** A change in a span of time. */
export type RateValue = { count: number; perMs: number } | { percent: number; perMs: number };

/** `1 per 1m`, `100% per 1m`. */
function rate(): z.ZodType<RateValue, string> {
  return z
    .string()
    .meta({ bellows: "rate", pattern: "^(\\d+(\\.\\d+)?%? per \\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{.*)$" })
    .transform((written, ctx) => {
      const match = /^(\d+(?:\.\d+)?)\s*(%)?\s*(?:per|\/)\s*(\d+(?:\.\d+)?)(s|m|h|d)$/.exec(written.trim());
      const hint = "write 1 per 1m, or 100% per 1m";
      if (!match) return complain(ctx, "cannot be read", { subject: true, hint });
      const amount = Number(match[1]);
      const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[match[4] ?? "s"] ?? 1_000;
      const perMs = Math.round(Number(match[3]) * unitMs);
      if (amount <= 0 || perMs <= 0)
        return complain(ctx, "must be more than nothing", { subject: true, hint });
      if (match[2]) return { percent: amount, perMs };
      return Number.isInteger(amount)
        ? { count: amount, perMs }
        : complain(ctx, "is in whole instances", { subject: true, hint });
    });
}

const directionFile = z.strictObject({
  stabilization: described(
    duration({ max: 86_400_000 }),
    "The most cautious wish of this long counts (5m for scaleIn, 0s for scaleOut).",
  ).optional(),
  rate: described(
    z.union([rate(), z.array(rate()).min(1)]),
    "Most change in a time: 1 per 1m, 100% per 1m, or a list; all hold.",
  ).optional(),
});

const windowFile = z.strictObject({
  days: described(
    z.union([daysText(), z.array(daysText()).min(1)]),
    "Days on which it begins: mon-fri, sat,sun (default: every day).",
  ).optional(),
  hours: described(hours(), "From - to, over midnight too (default: the whole day).").optional(),
  timezone: described(timezone(), "Where its clock hangs.", DEFAULTS.timezone).optional(),
  min: described(whole(0, MOST_INSTANCES), "The least while it holds.").optional(),
  max: described(whole(0, MOST_INSTANCES), "The most while it holds.").optional(),
});
/** A window, as it stands in a file. */
export type WindowFile = z.output<typeof windowFile>;

/** A metric: its source, and what that source wants to know. */
export const metricFile = z.looseObject({
  source: described(text(), "A name under sources, a kind of source, or group (service in clusters)."),
  maxAge: described(duration(), "An older sample counts as missing.", DEFAULTS.maxAge).optional(),
  timeout: described(duration({ min: 1 }), "Time for one read.").optional(),
});

/** A count or a percentage of the group. */
function share(): z.ZodType<{ count: number } | { percent: number }, string> {
  return z
    .string()
    .meta({ bellows: "share", pattern: "^(\\d+%?|.*\\$\\{.*)$" })
    .transform((written, ctx) => {
      const match = /^(\d+(?:\.\d+)?)\s*(%)?$/.exec(written.trim());
      const amount = Number(match?.[1]);
      if (!match || amount <= 0 || (!match[2] && !Number.isInteger(amount))) {
        return complain(ctx, "is a number of instances or a percentage", {
          subject: true,
          hint: "write 1 or 25%",
        });
      }
      return match[2] ? { percent: amount } : { count: amount };
    });
}

const rolloutFile = z.strictObject({
  strategy: described(
    z.enum(["surge", "swap"]),
    "surge: new ones first, in batches; swap: old ones out as new ones come in.",
    DEFAULTS.strategy,
  ).optional(),
  surge: described(share(), "How many more at a time: 1 or 25%.", DEFAULTS.surge).optional(),
  soak: described(duration(), "How long a batch must do well.", DEFAULTS.soak).optional(),
  gate: described(text(), "An expression that must stay true.").optional(),
  onFailure: described(
    z.enum(["rollback", "pause", "abort"]),
    "What to do if it does not.",
    DEFAULTS.onFailure,
  ).optional(),
});

const bounds = {
  min: described(whole(0, MOST_INSTANCES), "The least that the group may have.").optional(),
  max: described(whole(0, MOST_INSTANCES), "The most that the group may have.").optional(),
};

const pace = {
  every: described(duration({ min: 100 }), "Time from one round to the next.", DEFAULTS.every).optional(),
  cooldown: described(duration(), "Rest after a change.", DEFAULTS.cooldown).optional(),
  mode: described(
    z.enum(["act", "observe", "off"]),
    "act; observe decides and records, does nothing; off.",
    DEFAULTS.mode,
  ).optional(),
  combine: described(z.enum(["largest", "first-match"]), "Whose wish counts.", DEFAULTS.combine).optional(),
  onMissing: described(onMissingFile, "While data is missing.", DEFAULTS.onMissing).optional(),
  limits: described(
    z.strictObject({
      scaleOut: described(directionFile, "How fast it may grow.").optional(),
      scaleIn: described(directionFile, "How fast it may shrink.").optional(),
    }),
    "How fast it may move.",
  ).optional(),
};

/** `defaults`: what every group has that says nothing else. */
export const defaultsFile = z.strictObject({ ...bounds, ...pace });
/** `defaults`, as it stands in a file. */
export type DefaultsFile = z.output<typeof defaultsFile>;

const scaling = {
  metrics: described(z.record(z.string(), metricFile), "Named numbers to look at.").optional(),
  signals: described(
    z.record(z.string(), text()),
    "Named expressions over metrics and other signals.",
  ).optional(),
  policies: described(z.record(z.string(), policyFile), "When and how much to change.").optional(),
  windows: described(z.record(z.string(), windowFile), "Bounds that hold for certain hours.").optional(),
};

const attachmentFile = z.union([
  text(),
  z.strictObject({
    id: described(text(), "Name or id of the load balancer."),
    port: described(whole(1, 65_535), "Port of the instances.").optional(),
    pool: described(text(), "Pool, where the balancer has several.").optional(),
  }),
]);

const words = launchWords.shape;

/** The common words of launches; a provider's own stand under its name and are checked by it. */
const launchFile = z
  .strictObject({
    launchName: described(words.launchName, "Name of the launch configuration itself, where it has one."),
    image: described(words.image, "Image id or name; locally one of the provider's images."),
    size: described(words.size, "Instance type or flavor."),
    serverName: described(
      words.serverName,
      "Name that servers get, or the part of it that is theirs to choose.",
    ),
    keyName: described(words.keyName, "Key that opens the servers."),
    securityGroups: described(words.securityGroups, "Security groups."),
    networks: described(words.networks, "Networks."),
    userData: described(words.userData, "Start-up script or cloud-init text, as it is."),
    metadata: described(words.metadata, "Labels of the servers."),
    files: described(words.files, "Files to put on the servers: path to content."),
    diskConfig: described(words.diskConfig, "Who partitions the disk."),
    command: described(words.command, "Program to start, where servers are processes."),
    args: described(words.args, "Its arguments."),
    env: described(words.env, "Its environment."),
    cwd: described(words.cwd, "Its working folder."),
  } satisfies { [Word in keyof typeof words]: (typeof words)[Word] })
  .catchall(z.record(z.string(), z.unknown()));

/** A group, as it stands in a file under its name. */
export const groupFile = z.strictObject({
  provider: described(text(), "A name under providers (default: the only one).").optional(),
  existing: described(
    text(),
    "Name or id of a group that exists; it is never created or deleted.",
  ).optional(),
  ...bounds,
  ...pace,
  launch: described(launchFile, "What a new instance is made from; the same words everywhere.").optional(),
  loadBalancers: described(
    z.array(attachmentFile),
    "Names under loadBalancers, or { id, port } of others.",
  ).optional(),
  zones: described(z.array(text()), "Zones to spread over.").optional(),
  subnets: described(z.array(text()), "Subnets to spread over.").optional(),
  metadata: described(z.record(z.string().min(1).max(256), z.string().max(256)), "Labels.").optional(),
  ...scaling,
  rollout: described(rolloutFile, "How instances are replaced.").optional(),
});
/** A group, as it stands in a file. */
export type GroupFile = z.output<typeof groupFile>;

/** A service of a cluster, as it stands in a file under its name. */
export const serviceFile = z.strictObject({ ...bounds, ...pace, ...scaling });

/** A cluster, as it stands in a file under its name. */
export const clusterFile = z.strictObject({
  provider: described(text(), "A name under providers (default: the only one).").optional(),
  existing: described(text(), "The group of instances under the cluster."),
  ...bounds,
  ...pace,
  buffer: described(
    z.strictObject({
      cpu: described(whole(0, 1_000_000), "CPU units kept free, 1024 to a core.", 0).optional(),
      memory: described(size(), "Memory kept free.", "0B").optional(),
    }),
    "Room that is kept free.",
  ).optional(),
  ...scaling,
  services: described(z.record(z.string(), serviceFile), "Services that scale on it."),
});
