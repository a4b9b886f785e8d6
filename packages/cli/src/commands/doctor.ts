import { existsSync } from "node:fs";
import { examineState, stateFolder } from "@bellows/control-plane";
import { errorLine, type Finding, findConfig } from "@bellows/core";
import pc from "picocolors";
import { type Context, say } from "../context.js";
import { EXIT } from "../exit-codes.js";
import type { Globals } from "../globals.js";
import { withControl } from "../open-control.js";
import { printDocument } from "../output.js";
import { configOrProvider } from "../workbench.js";

/** A finding and what it is about. */
interface About extends Finding {
  about: string;
}

/** `bellows doctor`: this machine, the state folder, the config, every provider. Never stops at the first fault. */
export async function run(context: Context, options: Globals): Promise<void> {
  const findings: About[] = [nodeFinding()];
  const folder = stateFolder(context.env);
  const state = examineState(folder);
  findings.push(...state.map((finding) => ({ about: "state", ...finding })));
  const damaged = state.some((finding) => finding.level === "error");
  const hasFile = options.config !== undefined || findConfig(context.cwd, context.env) !== undefined;
  if (hasFile || options.provider !== undefined)
    findings.push(...(await examineConfig(context, options, damaged)));
  else
    findings.push({
      about: "config",
      level: "ok",
      text: "no bellows.yaml here",
      hint: "bellows init writes one",
    });
  if (!printDocument(context, options, { findings }))
    for (const finding of findings) say(context, render(context, finding));
  if (findings.some((finding) => finding.level === "error")) context.exitCode = EXIT.failed;
}

async function examineConfig(context: Context, options: Globals, damaged: boolean): Promise<About[]> {
  try {
    const loaded = await configOrProvider(context, options);
    const { file, providers } = loaded.config;
    const findings: About[] = existsSync(file)
      ? [{ about: "config", level: "ok", text: `${file} is valid` }]
      : [];
    const chosen = options.provider === undefined ? Object.keys(providers) : [options.provider];
    if (damaged) return findings;
    return await withControl(
      context,
      options,
      async () => loaded,
      async ({ control, remote }) => {
        if (remote)
          findings.push({ about: "controller", level: "ok", text: "a controller runs here and answers" });
        const { broken } = await control.status([]);
        for (const [key, why] of Object.entries(broken))
          findings.push({ about: key, level: "error", text: why });
        for (const key of chosen) {
          if (key in broken) continue;
          const found = (await control.invoke(key, "diagnose", [])) as Finding[];
          findings.push(...found.map((finding) => ({ about: key, ...finding })));
        }
        return findings;
      },
      { readOnly: true },
    );
  } catch (error) {
    return [{ about: "config", level: "error", text: errorLine(error) }];
  }
}

function nodeFinding(): About {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const good = major > 20 || (major === 20 && minor >= 19);
  return {
    about: "node",
    level: good ? "ok" : "error",
    text: `Node ${process.versions.node}`,
    ...(good ? {} : { hint: "Bellows needs 20.19 or newer" }),
  };
}

function render(context: Context, finding: About): string {
  const colors = pc.createColors(context.colors);
  const mark = {
    ok: colors.green("ok     "),
    warning: colors.yellow("warning"),
    error: colors.red("error  "),
  }[finding.level];
  return `${mark} ${finding.about}: ${finding.text}${finding.hint === undefined ? "" : `\n        ${finding.hint}`}`;
}
