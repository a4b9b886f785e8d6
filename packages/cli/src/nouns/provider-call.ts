import { ConfigError } from "@bellows/core";
import { confirm } from "../confirm.js";
import { type Context, say } from "../context.js";
import type { Globals } from "../globals.js";
import { withControl } from "../open-control.js";
import { printDocument } from "../output.js";
import { awaited } from "../progress.js";
import { configOrProvider, type LoadedConfig, providerKey } from "../workbench.js";
import { withWayOut } from "./ways-out.js";

/** Options of what writes, beside the common ones. */
export interface WriteOptions extends Globals {
  dryRun?: boolean;
  wait?: boolean;
  /** Longest wait, in milliseconds. */
  timeout?: number;
}

/** What a command is about: a provider, and the thing's name or id there. */
export interface Target {
  provider: string;
  ref: string;
}

/** Calls methods of one provider's drivers; `invoke("groups.get", "web")`. */
export interface Provider {
  readonly key: string;
  invoke<T>(method: string, ...args: unknown[]): Promise<T>;
}

/** Where the thing that a command names is: a key of the file, or a name at the chosen provider. */
export type Find = (loaded: LoadedConfig, options: Globals, name: string) => Target;

/** A group: by its key in the file, or by its name or id at the provider. */
export const findGroup: Find = ({ config }, options, name) => {
  const declared = config.groups[name];
  if (declared !== undefined && (options.provider ?? declared.provider) === declared.provider)
    return { provider: declared.provider, ref: declared.scaling.ref };
  return { provider: providerKey(config, options), ref: name };
};

/** A load balancer: by its key in the file, or by its name or id at the provider. */
export const findBalancer: Find = ({ config }, options, name) => {
  const declared = config.loadBalancers[name];
  if (declared !== undefined && (options.provider ?? declared.provider) === declared.provider)
    return { provider: declared.provider, ref: declared.spec.name };
  return { provider: providerKey(config, options), ref: name };
};

/** A thing that no file declares. */
export const findThing: Find = ({ config }, options, name) => ({
  provider: providerKey(config, options),
  ref: name,
});

/** Runs `work` with the provider that the options choose. */
export function withProvider<T>(
  context: Context,
  options: Globals,
  work: (provider: Provider) => Promise<T>,
): Promise<T> {
  return withTarget(context, options, findThing, "", (provider) => work(provider));
}

/** Runs `work` with the provider that has the thing, and the thing's name there. */
export async function withTarget<T>(
  context: Context,
  options: Globals,
  find: Find,
  name: string,
  work: (provider: Provider, ref: string, loaded: LoadedConfig | undefined) => Promise<T>,
): Promise<T> {
  let loaded: LoadedConfig | undefined;
  let target: Target = { provider: options.provider ?? "", ref: name };
  const load = async (): Promise<LoadedConfig> => {
    loaded = await configOrProvider(context, options);
    target = find(loaded, options, name);
    return loaded;
  };
  return withControl(context, options, load, async ({ control }) => {
    const invoke = async <R>(method: string, ...args: unknown[]): Promise<R> => {
      const what = `${method.replaceAll(".", " ")} ${name}`.trim();
      const answer = control.invoke(target.provider, method, args).catch((error: unknown) => {
        throw withWayOut(error, target.provider, method);
      });
      return (await awaited(context, options, what, answer)) as R;
    };
    return work({ key: target.provider, invoke }, target.ref, loaded);
  });
}

/** A write, and what is said about it. */
export interface Write<T> {
  find: Find;
  name: string;
  method: string;
  /** Arguments after the thing's own name; `waitOptions` among them where it takes time. */
  args: unknown[] | ((ref: string) => unknown[]);
  /** Asked before something is destroyed. */
  question?: string;
  /** For people. */
  done: (result: T) => string;
  /** For `--json`; default: the result. */
  document?: (result: T) => unknown;
}

/** Says what would be done under `--dry-run`; else asks if need be, does it and tells. */
export async function write<T>(
  context: Context,
  options: WriteOptions,
  wanted: Write<T>,
): Promise<T | undefined> {
  const argsOf = (ref: string): unknown[] =>
    typeof wanted.args === "function" ? wanted.args(ref) : [ref, ...wanted.args];
  if (options.dryRun) {
    await foretell(context, options, wanted, argsOf);
    return undefined;
  }
  if (wanted.question !== undefined && !(await confirm(context, options, wanted.question))) return undefined;
  const result = await withTarget(context, options, wanted.find, wanted.name, (provider, ref) =>
    provider.invoke<T>(wanted.method, ...argsOf(ref)),
  );
  if (!printDocument(context, options, wanted.document?.(result) ?? result))
    say(context, wanted.done(result));
  return result;
}

async function foretell<T>(
  context: Context,
  options: WriteOptions,
  wanted: Write<T>,
  argsOf: (ref: string) => unknown[],
): Promise<void> {
  const { provider, ref } = wanted.find(await configOrProvider(context, options), options, wanted.name);
  const args = argsOf(ref);
  if (printDocument(context, options, { dryRun: true, provider, method: wanted.method, args })) return;
  say(
    context,
    `would call ${wanted.method} of ${provider} with ${args.map((arg) => JSON.stringify(arg)).join(", ")}`,
  );
}

/** How a call that takes time is to wait: as the options say; without them, where somebody watches. */
export function waitOptions(context: Context, options: WriteOptions): { wait: boolean; timeoutMs?: number } {
  const wait = options.wait ?? (context.terminal || options.timeout !== undefined);
  return options.timeout === undefined ? { wait } : { wait, timeoutMs: options.timeout };
}

/** Splits `GROUP/POLICY` at its last slash. @throws ConfigError when there is none. */
export function splitPath(path: string, form: string): [string, string] {
  const at = path.lastIndexOf("/");
  if (at > 0 && at < path.length - 1) return [path.slice(0, at), path.slice(at + 1)];
  throw new ConfigError(`${JSON.stringify(path)} is not of the form ${form}`, { hint: `write ${form}` });
}
