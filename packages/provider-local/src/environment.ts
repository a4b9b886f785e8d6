import { z } from "@bellows/core";

/**
 * Names of the control plane's own environment that servers get. Everything else stays with it: its environment
 * holds the credentials of other clouds.
 */
const PASSED_ON = ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR"];

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Environment of a server, as people write it. `PORT` and `BELLOWS_…` are not theirs to set. */
export const envSchema = z.record(z.string(), z.string()).superRefine((env, context) => {
  for (const name of Object.keys(env)) {
    const fault = faultOfName(name);
    if (fault !== undefined) context.addIssue({ code: "custom", path: [name], message: fault });
    if (env[name]?.includes("\0"))
      context.addIssue({ code: "custom", path: [name], message: "holds a NUL character" });
  }
});

function faultOfName(name: string): string | undefined {
  if (!NAME.test(name)) return `${JSON.stringify(name)} is no name for an environment variable`;
  if (name === "PORT") return "PORT is chosen by Bellows: each instance gets a free one";
  if (name.startsWith("BELLOWS_")) return `${name} is set by Bellows itself`;
  return undefined;
}

/** What Bellows tells each server about itself. */
export interface ServerFacts {
  /** Its id. */
  instance: string;
  /** Name of the group that it was made for; absent without one. */
  group?: string;
  port: number;
  /** Its own folder, where `launch.files` are. */
  folder: string;
}

/** `PORT` and `BELLOWS_…` of one server. */
export function ownEnvironment(facts: ServerFacts): Record<string, string> {
  return {
    PORT: String(facts.port),
    BELLOWS_INSTANCE: facts.instance,
    BELLOWS_FOLDER: facts.folder,
    ...(facts.group === undefined ? {} : { BELLOWS_GROUP: facts.group }),
  };
}

/**
 * The whole environment of one server: what may pass from ours, then the launch's, then its own facts.
 * @param parent - the control plane's environment.
 */
export function serverEnvironment(
  parent: Readonly<Record<string, string | undefined>>,
  launch: Readonly<Record<string, string>>,
  facts: ServerFacts,
): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(parent)) {
    if (value !== undefined && (PASSED_ON.includes(name) || name.startsWith("LC_"))) passed[name] = value;
  }
  return { ...passed, ...launch, ...ownEnvironment(facts) };
}

/** Puts `$PORT`, `$BELLOWS_INSTANCE`, `$BELLOWS_GROUP` and `$BELLOWS_FOLDER` into arguments; nothing else is replaced. */
export function fillArguments(args: readonly string[], facts: ServerFacts): string[] {
  const own = ownEnvironment(facts);
  return args.map((arg) =>
    arg.replace(/\$(PORT|BELLOWS_[A-Z]+)\b/g, (text, name: string) => own[name] ?? text),
  );
}
