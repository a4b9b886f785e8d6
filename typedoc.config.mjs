import { readdirSync, readFileSync } from "node:fs";
import { Comment, Converter, ReflectionKind } from "typedoc";

/** Every entry point of every public package: what people import is what is documented. */
const entryPoints = readdirSync("packages").flatMap((name) => {
  const { exports, private: isPrivate } = JSON.parse(readFileSync(`packages/${name}/package.json`, "utf8"));
  if (isPrivate) return [];
  return Object.values(exports)
    .map((entry) => entry["@bellows/source"])
    .filter((file) => file !== undefined)
    .map((file) => `packages/${name}/${file.replace("./", "")}`);
});

/** The words of an enumeration of zod's are properties to TypeDoc, with no place for a comment of their own. */
function saysWordsOfEnumerations(app) {
  app.converter.on(Converter.EVENT_RESOLVE, (_context, reflection) => {
    if (!reflection.kindOf(ReflectionKind.Property) || reflection.hasComment()) return;
    if (reflection.type?.type !== "literal" || reflection.type.value !== reflection.name) return;
    reflection.comment = new Comment([{ kind: "text", text: `The word \`${reflection.name}\`.` }]);
  });
}

/** @type {import("typedoc").TypeDocOptions} */
export default {
  name: "Bellows",
  plugin: [saysWordsOfEnumerations],
  entryPoints,
  out: "docs/reference",
  tsconfig: "tsconfig.tests.json",
  readme: "none",
  excludeInternal: true,
  excludePrivate: true,
  githubPages: false,
  // A link to a line needs a known remote, and a clone of a clone has none.
  disableSources: true,
  // The build has checked the same sources, and more strictly.
  skipErrorChecking: true,
  validation: { invalidLink: true, notDocumented: true, notExported: false, rewrittenLink: false },
  treatWarningsAsErrors: true,
  treatValidationWarningsAsErrors: true,
  requiredToBeDocumented: [
    "Accessor",
    "Class",
    "Enum",
    "Function",
    "Interface",
    "Method",
    "Property",
    "TypeAlias",
    "Variable",
  ],
};
