import type { Need } from "@bellows/control-plane";
import type { Config, Permissions } from "@bellows/core";
import { type Context, note, say } from "../context.js";
import type { Globals } from "../globals.js";
import { printDocument } from "../output.js";
import { loadedConfig, providerKey } from "../workbench.js";

interface PermissionsOptions extends Globals {
  for?: "run" | "apply";
  prune?: boolean;
}

/** What one provider of a file must be granted. */
interface Granted extends Permissions {
  provider: string;
  methods: readonly string[];
}

/**
 * `bellows permissions`: the policy document to give to the cloud; with several clouds, one under each provider's key.
 * Offline: nothing is asked of a cloud.
 */
export async function run(context: Context, options: PermissionsOptions): Promise<void> {
  const { config } = await loadedConfig(context, options);
  const { neededMethods } = await import("@bellows/control-plane");
  const purpose = {
    run: options.for !== "apply",
    apply: options.for !== "run",
    prune: options.prune === true,
  };
  const chosen =
    options.provider === undefined ? Object.keys(config.providers) : [providerKey(config, options)];
  const granted: Granted[] = [];
  for (const provider of chosen) {
    const grant = grantOf(config, provider, neededMethods(config, provider, purpose));
    if (grant !== undefined) granted.push(grant);
    else if (options.quiet !== true)
      note(context, `provider ${provider} knows no permissions: nothing is to be granted there`);
  }
  if (printDocument(context, options, { providers: granted })) return;
  const [only, ...others] = granted;
  if (only === undefined) return;
  const documents = Object.fromEntries(granted.map(({ provider, document }) => [provider, document]));
  say(context, JSON.stringify(others.length === 0 ? only.document : documents, undefined, 2));
}

function grantOf(config: Config, provider: string, { methods, scope }: Need): Granted | undefined {
  const { plugin, options } = config.providers[provider] ?? {};
  const permissions = plugin?.permissions?.(methods, { ...scope, options });
  return permissions === undefined ? undefined : { provider, methods, ...permissions };
}
