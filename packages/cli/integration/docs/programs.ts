import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

/**
 * Checks programs strictly against the packages as they are built, and writes their JavaScript beside them.
 * @param programs - file name to text.
 * @returns one line for each fault; none, when all is well.
 */
export function compilePrograms(folder: string, programs: ReadonlyMap<string, string>): string[] {
  if (programs.size === 0) return [];
  for (const [name, text] of programs) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const files = [...programs.keys()].map((name) => join(folder, name));
  const program = ts.createProgram(files, {
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
    types: ["node"],
    skipLibCheck: true,
  });
  const faults = ts.getPreEmitDiagnostics(program);
  program.emit();
  return faults.map((fault) => {
    const at = fault.file?.getLineAndCharacterOfPosition(fault.start ?? 0);
    const where = fault.file?.fileName.split("/").at(-1) ?? "";
    return `${where}:${(at?.line ?? 0) + 1}: ${ts.flattenDiagnosticMessageText(fault.messageText, " ")}`;
  });
}
