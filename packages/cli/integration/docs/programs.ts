import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";

/** A program that a page shows. */
export interface Program {
  folder: string;
  name: string;
  text: string;
}

/**
 * Checks programs strictly against the packages as they are built, and writes their JavaScript beside them. All at
 * once, for reading the packages' types is what takes time.
 * @returns the faults of each folder, one line each.
 */
export function compilePrograms(programs: readonly Program[]): Map<string, string[]> {
  const files = programs.map(({ folder, name, text }) => {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  });
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
  const faults = new Map<string, string[]>();
  for (const file of files) {
    const source = program.getSourceFile(file);
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    const folder = dirname(file);
    faults.set(folder, [...(faults.get(folder) ?? []), ...found.map((fault) => textOf(file, fault))]);
    program.emit(source);
  }
  return faults;
}

function textOf(file: string, fault: ts.Diagnostic): string {
  const at = fault.file?.getLineAndCharacterOfPosition(fault.start ?? 0);
  const name = file.split("/").at(-1);
  return `${name}:${(at?.line ?? 0) + 1}: ${ts.flattenDiagnosticMessageText(fault.messageText, " ")}`;
}
