import type { Command } from "commander";
import type { Context } from "./context.js";

/** Fills a noun's command with its verbs. */
export type AddVerbs = (noun: Command, context: Context) => void;

interface Noun {
  name: string;
  text: string;
  load: () => Promise<{ add: AddVerbs }>;
}

/** The nouns: clouds' things, by hand. In the order in which people need them. */
const NOUNS: readonly Noun[] = [
  { name: "groups", text: "scaling groups and their instances", load: () => import("./nouns/groups.js") },
  { name: "launch", text: "what new instances are made from", load: () => import("./nouns/launch.js") },
  {
    name: "policies",
    text: "when and how much to change a group",
    load: () => import("./nouns/policies.js"),
  },
  { name: "webhooks", text: "links that order a policy", load: () => import("./nouns/webhooks.js") },
  { name: "alarms", text: "the cloud's own thresholds", load: () => import("./nouns/alarms.js") },
  { name: "lbs", text: "load balancers and their members", load: () => import("./nouns/lbs.js") },
  { name: "servers", text: "single machines, or processes", load: () => import("./nouns/servers.js") },
  { name: "regions", text: "regions of a cloud", load: () => import("./nouns/regions.js") },
  { name: "clusters", text: "container clusters", load: () => import("./nouns/clusters.js") },
  { name: "services", text: "services of container clusters", load: () => import("./nouns/services.js") },
  { name: "metrics", text: "ask metric sources by hand", load: () => import("./nouns/metrics.js") },
];

/** Adds all nouns; only the wanted ones are loaded and know their verbs. */
export async function addNouns(
  program: Command,
  context: Context,
  wanted: ReadonlySet<string> | "all",
): Promise<void> {
  await Promise.all(
    NOUNS.map(async ({ name, text, load }) => {
      const command = program.command(name).description(text);
      if (wanted === "all" || wanted.has(name)) (await load()).add(command, context);
    }),
  );
}
