import { type Context, note, say } from "../context.js";
import type { Globals } from "../globals.js";
import { withControl } from "../open-control.js";
import { printDocument, printRows } from "../output.js";
import { loadedConfig } from "../workbench.js";

/** `bellows tokens create NAME`: the secret is shown here and never again. */
export async function create(
  context: Context,
  options: Globals & { role: "admin" | "observer" },
  name: string,
): Promise<void> {
  const token = await withControl(
    context,
    options,
    () => loadedConfig(context, options),
    ({ control }) => control.createToken(name, options.role),
  );
  if (printDocument(context, options, token)) return;
  say(context, token.secret);
  note(context, "this is shown once; send it as Authorization: Bearer TOKEN");
}

/** `bellows tokens list`. */
export async function list(context: Context, options: Globals): Promise<void> {
  const tokens = await withControl(
    context,
    options,
    () => loadedConfig(context, options),
    ({ control }) => control.listTokens(),
  );
  printRows(context, options, tokens, [
    ["ID", (token) => token.id],
    ["NAME", (token) => token.name],
    ["ROLE", (token) => token.role],
    ["CREATED", (token) => new Date(token.createdAtMs).toISOString()],
  ]);
}

/** `bellows tokens revoke ID`. */
export async function revoke(context: Context, options: Globals, id: string): Promise<void> {
  await withControl(
    context,
    options,
    () => loadedConfig(context, options),
    ({ control }) => control.revokeToken(id),
  );
  if (!printDocument(context, options, { revoked: id })) say(context, `${id}: revoked`);
}
