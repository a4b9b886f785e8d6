import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { ConfigError } from "@bellows/core";
import { writePrivateFile } from "../state-folder.js";

/**
 * The key under which webhook links are made. It lies outside the state store, so that a stolen store opens nothing.
 * Made on first use, mode 0600; losing it kills all webhook links.
 * @throws ConfigError when the file holds something else.
 */
export function loadServerKey(file: string): Buffer {
  if (!existsSync(file)) writePrivateFile(file, `${randomBytes(32).toString("hex")}\n`);
  const text = readFileSync(file, "utf8").trim();
  if (/^[0-9a-f]{64}$/.test(text)) return Buffer.from(text, "hex");
  throw new ConfigError(`${file} is not a server key`, {
    hint: "it holds 64 hexadecimal characters; move it away to have a new one made",
  });
}
