import { resolve } from "node:path";
import type { LaunchConfiguration } from "@bellows/core";
import { type Command, Option } from "commander";
import type { Context } from "../context.js";
import { parse } from "../yaml.js";
import { given, toList, toObject, toPairs, toText } from "./option-values.js";

/** The words of launch configurations, as options. */
export interface LaunchOptions {
  launchName?: string;
  image?: string;
  size?: string;
  serverName?: string;
  keyName?: string;
  securityGroup?: string[];
  network?: string[];
  userDataFile?: string;
  serverMetadata?: Record<string, string>;
  file?: Record<string, string>;
  diskConfig?: "AUTO" | "MANUAL";
  command?: string;
  arg?: string[];
  env?: Record<string, string>;
  cwd?: string;
  launchFile?: string;
  launchNative?: Record<string, unknown>;
}

/** Adds them to a command, under a title of their own. */
export function addLaunchOptions(command: Command): Command {
  return command
    .optionsGroup("What instances are made from (each provider takes what means something to it):")
    .option("--launch-name <name>", "name of the launch configuration itself")
    .option("--image <name>", "image, by id or name")
    .option("--size <name>", "instance type or flavor")
    .option("--server-name <name>", "name that servers get")
    .option("--key-name <name>", "key pair")
    .option("--security-group <name>", "security group (repeatable)", toList)
    .option("--network <id>", "network (repeatable)", toList)
    .option("--user-data-file <file>", "start-up script or cloud-init", toText)
    .option("--server-metadata <key=value>", "label on each server (repeatable)", toPairs)
    .option("--file <path=file>", "file to put on the server (repeatable)", toPairs)
    .addOption(new Option("--disk-config <mode>", "disk partitioning").choices(["AUTO", "MANUAL"]))
    .option("--command <program>", "program to start (local)")
    .option("--arg <text>", "argument of the program (repeatable)", toList)
    .option("--env <key=value>", "environment of the program (repeatable)", toPairs)
    .option("--cwd <folder>", "working folder of the program (default: this one)")
    .option("--launch-file <file>", "all of it as YAML or JSON; options go before it", toText)
    .option("--launch-native <yaml>", "what only this provider has: '{ aws: { … } }'", toObject);
}

/**
 * The launch configuration that options describe.
 * @param whole - a program without a working folder gets the current one; a part of a launch says nothing about it.
 */
export function launchOf(context: Context, options: LaunchOptions, whole = true): LaunchConfiguration {
  const { launchFile, launchNative, file, cwd } = options;
  const written = launchFile === undefined ? {} : (parse(launchFile) as Record<string, unknown>);
  const folder = cwd ?? (whole && options.command !== undefined ? "." : undefined);
  return {
    ...written,
    ...launchNative,
    ...given({
      launchName: options.launchName,
      image: options.image,
      size: options.size,
      serverName: options.serverName,
      keyName: options.keyName,
      securityGroups: options.securityGroup,
      networks: options.network,
      userData: options.userDataFile,
      metadata: options.serverMetadata,
      files: file && contentsOf(context, file),
      diskConfig: options.diskConfig,
      command: options.command,
      args: options.arg,
      env: options.env,
      cwd: folder === undefined ? undefined : resolve(context.cwd, folder),
    }),
  } as LaunchConfiguration;
}

function contentsOf(context: Context, files: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(files).map(([path, file]) => [path, toText(resolve(context.cwd, file))]),
  );
}
