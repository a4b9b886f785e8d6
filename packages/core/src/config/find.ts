import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** What a config file is called. */
export const CONFIG_NAME = "bellows.yaml";

/**
 * Finds the config: `bellows.yaml` here or in a folder above, else what `BELLOWS_CONFIG` names.
 * @returns an absolute path, or undefined if there is none
 */
export function findConfig(
  cwd: string,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const file = join(folder, CONFIG_NAME);
    if (existsSync(file)) return file;
    if (dirname(folder) === folder) break;
  }
  const named = env.BELLOWS_CONFIG;
  return named === undefined || named === "" ? undefined : resolve(cwd, named);
}
