import { readFile, stat } from "node:fs/promises";
import type { Fault } from "./fault.js";

/** A config of more than this is something else: the largest honest ones have some tens of kilobytes. */
const LARGEST_BYTES = 1024 * 1024;

/** The text of a file, or why there is none. */
export type SourceText = { text: string } | { fault: Fault };

/**
 * Reads a config file as UTF-8.
 * @param path absolute
 * @param file what messages call it
 */
export async function readSource(path: string, file: string): Promise<SourceText> {
  const refuse = (message: string, hint?: string): SourceText => ({
    fault: { file, line: 0, column: 0, length: 1, message, ...(hint === undefined ? {} : { hint }) },
  });
  let bytes: Buffer;
  try {
    const { size } = await stat(path);
    if (size > LARGEST_BYTES) return refuse("the file is larger than 1 MiB", "is it the right file?");
    bytes = await readFile(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (code === "ENOENT") return refuse("there is no such file", "bellows init writes one");
    if (code === "EISDIR") return refuse("this is a folder", "name the file in it");
    return refuse(`the file cannot be read${code === "" ? "" : ` (${code})`}`);
  }
  if (bytes.length > LARGEST_BYTES) return refuse("the file is larger than 1 MiB", "is it the right file?");
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff))
    return refuse("the file is UTF-16", "save it as UTF-8");
  return decode(bytes, refuse);
}

function decode(bytes: Buffer, refuse: (message: string, hint?: string) => SourceText): SourceText {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (text.includes("\0")) return refuse("the file is not text", "is it the right file?");
    if (text.trim() === "") return refuse("the file is empty", "bellows init writes one that works");
    return { text };
  } catch {
    return refuse("the file is not UTF-8", "save it as UTF-8");
  }
}
