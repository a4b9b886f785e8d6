import { type BellowsError, isBellowsError, UnsupportedError } from "@bellows/core";

/** What to do where a provider lacks a driver, or one of its methods. */
const WAYS_OUT: Record<string, string> = {
  groups: "bellows groups --help shows what else can be done to a group",
  launch: "there it belongs to its group: bellows launch get GROUP",
  policies: "bellows policies list GROUP shows what there is",
  webhooks: "bellows webhooks list GROUP/POLICY shows what there is",
  alarms:
    "Bellows watches by itself: bellows policies create GROUP/POLICY --when 'cpu > 70' --for 2m --change +1",
  loadBalancers: "a provider that has load balancers can stand beside it in the file",
  servers: "bellows groups instances GROUP shows those of a group",
  regions: "it has but one place",
  clusters: "container clusters need a provider that has them: bellows plugins list",
  activities: "bellows explain GROUP shows what Bellows did",
  metrics: "name another source: bellows metrics query --help",
};

/** The same error with a way out, where it is one about something that a provider lacks and has none yet. */
export function withWayOut(error: unknown, provider: string, method: string): unknown {
  if (!isBellowsError(error, "unsupported") || isHelpful(error)) return error;
  const [noun = "", ...rest] = method.split(".");
  const hint = WAYS_OUT[noun];
  return new UnsupportedError(error.message || `provider ${provider} has no ${noun} ${rest.join(" ")}`, {
    provider,
    operation: method,
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** A hint for those who write programs helps nobody here. */
function isHelpful({ hint }: BellowsError): boolean {
  return hint !== undefined && !hint.includes("cloud.can");
}
