import type { Ref } from "./contracts/common.js";
import { ConflictError, NotFoundError } from "./errors.js";
import { nearest } from "./nearest.js";

/** Something that can be referred to. */
export interface Referable {
  id: string;
  name?: string;
}

/**
 * Finds what a reference means: the thing with that id, else the only one with that name.
 * @param what - the noun, for errors: `group`.
 * @throws NotFoundError when nothing fits; it names what is near.
 * @throws ConflictError when the name fits several; it lists them with their ids.
 */
export function resolveRef<T extends Referable>(list: readonly T[], ref: Ref, what = "thing"): T {
  const byId = list.find((item) => item.id === ref);
  if (byId !== undefined) return byId;
  const named = list.filter((item) => item.name === ref);
  if (named.length === 1) return named[0] as T;
  if (named.length === 0) throw notFound(list, ref, what);
  throw new ConflictError(
    `${what} name "${ref}" fits ${named.length}: ${named.map((item) => item.id).join(", ")}`,
    {
      resource: ref,
      hint: "use the id",
    },
  );
}

function notFound(list: readonly Referable[], ref: Ref, what: string): NotFoundError {
  const names = [...new Set(list.map((item) => item.name ?? item.id))];
  const near = nearest(ref, names);
  const known =
    names.length === 0
      ? "there is none"
      : `there are: ${names.slice(0, 10).join(", ")}${names.length > 10 ? ", …" : ""}`;
  return new NotFoundError(`there is no ${what} "${ref}"`, {
    resource: ref,
    hint: near === undefined ? known : `did you mean "${near}"?`,
  });
}
