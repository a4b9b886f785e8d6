import { isAbsolute, normalize, resolve } from "node:path";
import { ConfigError, metadataSchema, nameSchema, parseDuration, readDuration, z } from "@bellows/core";
import { envSchema } from "./environment.js";
import type { LocalOptions } from "./options.js";

/** Longest content of one file of a launch, in characters. */
const LONGEST_FILE = 1_048_576;
const MOST_FILES = 64;

/** Checked and left as it is written: a launch that is kept and read again must pass once more. */
const durationText = z.string().superRefine((text, context) => {
  const read = readDuration(text);
  if (typeof read !== "number")
    context.addIssue({ code: "custom", message: `${read.message} (${read.hint})` });
});

/** When a new server counts as ready. */
const readySchema = z.union([z.enum(["auto", "tcp", "none"]), z.strictObject({ after: durationText })], {
  error: "is auto, tcp, none, or { after: 5s }",
});
/**
 * When a new server counts as ready: `tcp` when its PORT accepts, `auto` also after two seconds, `none` at once,
 * `after` so many milliseconds.
 */
export type ReadyRule = "auto" | "tcp" | "none" | { after: number };

/** What only this provider's launches have, under `local`. */
const nativeSchema = z.strictObject({
  ready: readySchema
    .optional()
    .describe(
      "auto (default): when PORT accepts a connection, or after 2 s; tcp: when PORT accepts; none: at once; { after }",
    ),
  stopTimeout: durationText.optional().describe("How long it may take to end; default: the provider's"),
});

const meaningless = (word: string) =>
  z.never({ error: `"${word}" means nothing here: servers are processes of this machine` }).optional();

const filesSchema = z.record(z.string(), z.string().max(LONGEST_FILE)).superRefine((files, context) => {
  const paths = Object.keys(files);
  if (paths.length > MOST_FILES)
    context.addIssue({ code: "custom", message: `more than ${MOST_FILES} files` });
  for (const path of paths.filter((each) => !staysInside(each))) {
    context.addIssue({ code: "custom", path: [path], message: "leads out of the instance's folder" });
  }
});

/** Whether a path of a file, taken from the instance's folder, stays in it. A leading slash means that folder. */
export function staysInside(path: string): boolean {
  const inside = normalize(path.replace(/^\/+/, ""));
  return (
    inside !== "." &&
    inside !== "" &&
    !inside.split("/").includes("..") &&
    !path.includes("\0") &&
    !path.includes("\\")
  );
}

/** Launch configurations of local processes: a command, or an image that the options declare. */
export const launchSchema = z
  .strictObject({
    command: z.string().min(1).optional(),
    args: z.array(z.string()).optional(),
    env: envSchema.optional(),
    cwd: z.string().min(1).optional(),
    image: z.string().min(1).optional(),
    metadata: metadataSchema.optional(),
    files: filesSchema.optional(),
    serverName: nameSchema.optional(),
    local: nativeSchema.optional(),
    launchName: meaningless("launchName"),
    size: meaningless("size"),
    keyName: meaningless("keyName"),
    securityGroups: meaningless("securityGroups"),
    networks: meaningless("networks"),
    userData: meaningless("userData"),
    diskConfig: meaningless("diskConfig"),
  })
  .superRefine((launch, context) => {
    if ((launch.command === undefined) === (launch.image === undefined)) {
      context.addIssue({ code: "custom", message: "needs either a command or an image" });
    }
    if (launch.image === undefined) return;
    for (const word of ["args", "cwd"] as const) {
      if (launch[word] === undefined) continue;
      context.addIssue({
        code: "custom",
        path: [word],
        message: `${word} belongs to the image, in the provider's images`,
      });
    }
  });
/** A checked launch configuration. */
export type LocalLaunch = z.infer<typeof launchSchema>;

/** All that is needed to start a server. */
export interface Start {
  command: string;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  /** Absolute. */
  cwd: string;
  files: Readonly<Record<string, string>>;
  metadata: Readonly<Record<string, string>>;
  /** What people are shown as its image. */
  image: string;
  ready: ReadyRule;
  stopTimeoutMs: number;
}

/**
 * Checks a launch configuration and works out what it starts.
 * @param baseFolder - relative working folders are meant from here.
 * @throws ConfigError for what the schema refuses, an unknown image, or an environment name that is not allowed.
 */
export function readLaunch(launch: unknown, options: LocalOptions, baseFolder: string): Start {
  const read = launchSchema.safeParse(launch);
  if (!read.success) throw new ConfigError(`launch: ${z.prettifyError(read.error).replaceAll("\n", " ")}`);
  const program = programOf(read.data, options);
  const cwd = program.cwd ?? ".";
  return {
    ...program,
    cwd: isAbsolute(cwd) ? cwd : resolve(baseFolder, cwd),
    files: read.data.files ?? {},
    metadata: read.data.metadata ?? {},
    image: read.data.image ?? program.command,
    ...nativeOf(read.data.local ?? {}, options),
  };
}

function nativeOf({ ready = "auto", stopTimeout }: z.infer<typeof nativeSchema>, options: LocalOptions) {
  return {
    ready: typeof ready === "string" ? ready : { after: parseDuration(ready.after) },
    stopTimeoutMs: stopTimeout === undefined ? options.stopTimeout : parseDuration(stopTimeout),
  };
}

type Program = Pick<Start, "command" | "args" | "env"> & { cwd?: string | undefined };

function programOf(launch: LocalLaunch, options: LocalOptions): Program {
  if (launch.image === undefined) {
    return { command: launch.command ?? "", args: launch.args ?? [], env: launch.env ?? {}, cwd: launch.cwd };
  }
  const image = Object.hasOwn(options.images, launch.image) ? options.images[launch.image] : undefined;
  if (image === undefined) {
    const known = Object.keys(options.images);
    const hint =
      known.length === 0 ? "declare it under the provider's images" : `declared: ${known.join(", ")}`;
    throw new ConfigError(`launch: there is no image ${JSON.stringify(launch.image)}`, { hint });
  }
  return { ...image, env: { ...image.env, ...allowed(launch.env ?? {}, options.envAllow) } };
}

/** Launches by image may come from afar: they set only the names that the operator allows. */
function allowed(env: Record<string, string>, names: readonly string[]): Record<string, string> {
  const refused = Object.keys(env).filter((name) => !names.includes(name));
  if (refused.length === 0) return env;
  const hint = `add to envAllow, or set it in the image; allowed: ${names.length === 0 ? "none" : names.join(", ")}`;
  throw new ConfigError(`launch: a launch by image may not set ${refused.join(", ")}`, { hint });
}
