/**
 * Words that other tools use for what a Bellows file calls otherwise. Looked up for keys that are not known, before
 * the nearest known key is suggested.
 */

/** Our word, and (where it helps) how the value is written here. */
interface Instead {
  readonly word: string;
  readonly note?: string;
}

const EVERYWHERE = "the same word on every provider";

const LAUNCH: Record<string, Instead> = {
  instancetype: { word: "size", note: EVERYWHERE },
  flavor: { word: "size", note: EVERYWHERE },
  flavorref: { word: "size", note: EVERYWHERE },
  flavorid: { word: "size", note: EVERYWHERE },
  machinetype: { word: "size", note: EVERYWHERE },
  servertype: { word: "size", note: EVERYWHERE },
  ami: { word: "image", note: EVERYWHERE },
  imageid: { word: "image", note: EVERYWHERE },
  imageref: { word: "image", note: EVERYWHERE },
  amiid: { word: "image", note: EVERYWHERE },
  keypair: { word: "keyName", note: EVERYWHERE },
  sshkey: { word: "keyName", note: EVERYWHERE },
  keyname: { word: "keyName", note: EVERYWHERE },
  userdata: { word: "userData", note: "as it is; providers encode it" },
  cloudinit: { word: "userData" },
  startupscript: { word: "userData" },
  securitygroupids: { word: "securityGroups" },
  securitygroup: { word: "securityGroups", note: "a list" },
  network: { word: "networks", note: "a list" },
  personality: { word: "files", note: "path: content" },
  environment: { word: "env" },
  envvars: { word: "env" },
  cmd: { word: "command" },
  exec: { word: "command" },
  program: { word: "command" },
  arguments: { word: "args" },
  workdir: { word: "cwd" },
  workingdirectory: { word: "cwd" },
  tags: { word: "metadata" },
  labels: { word: "metadata" },
  launchconfigurationname: { word: "launchName" },
  diskconfiguration: { word: "diskConfig" },
};

const GROUP: Record<string, Instead> = {
  minsize: { word: "min" },
  mininstances: { word: "min" },
  minentities: { word: "min" },
  minreplicas: { word: "min" },
  minimum: { word: "min" },
  mincapacity: { word: "min" },
  maxsize: { word: "max" },
  maxinstances: { word: "max" },
  maxentities: { word: "max" },
  maxreplicas: { word: "max" },
  maximum: { word: "max" },
  maxcapacity: { word: "max" },
  desiredcapacity: {
    word: "min",
    note: "a new group starts there; policies and orders move it from then on",
  },
  desired: { word: "min", note: "a new group starts there; policies and orders move it from then on" },
  defaultcooldown: { word: "cooldown" },
  cooldownseconds: { word: "cooldown", note: "with its unit" },
  interval: { word: "every" },
  evaluationinterval: { word: "every" },
  pollinginterval: { word: "every" },
  launchconfiguration: { word: "launch" },
  launchconfig: { word: "launch" },
  launchtemplate: { word: "launch" },
  availabilityzones: { word: "zones" },
  subnetids: { word: "subnets" },
  vpczoneidentifier: { word: "subnets", note: "a list" },
  loadbalancernames: { word: "loadBalancers" },
  targetgroups: { word: "loadBalancers" },
  scalingpolicies: { word: "policies" },
  rules: { word: "policies" },
  tags: { word: "metadata" },
  labels: { word: "metadata" },
  schedules: {
    word: "windows",
    note: "bounds for certain hours; one order at a time is a policy with schedule",
  },
  behavior: { word: "limits" },
};

const POLICY: Record<string, Instead> = {
  evaluationperiods: { word: "for", note: "a time: periods × period, such as 2m" },
  datapointstoalarm: { word: "for", note: "a time, such as 2m" },
  duration: { word: "for" },
  condition: { word: "when" },
  expression: { word: "when" },
  threshold: { word: "when", note: "with the metric's name: cpu > 70" },
  if: { word: "when" },
  adjustment: { word: "change", note: "with its sign: +1" },
  scalingadjustment: { word: "change", note: "with its sign: +1" },
  adjust: { word: "change", note: "with its sign: +1" },
  changepercent: { word: "change", note: "+50%" },
  percent: { word: "change", note: "+50%" },
  desiredcapacity: { word: "desired" },
  cron: { word: "schedule" },
  recurrence: { word: "schedule" },
  webhook: { word: "webhooks", note: "a list" },
  minadjustmentmagnitude: { word: "minMagnitude" },
  stepadjustments: { word: "steps" },
  targetvalue: { word: "target", note: "{ signal: cpu, value: 60 }" },
  metric: { word: "signal" },
};

const METRIC: Record<string, Instead> = {
  statistic: { word: "stat" },
  metricname: { word: "metric" },
  type: { word: "source" },
  provider: { word: "source" },
};

const BALANCER: Record<string, Instead> = {
  backendport: { word: "instancePort" },
  targetport: { word: "instancePort" },
  instanceport: { word: "instancePort" },
  healthcheckpath: { word: "healthCheck", note: "{ target: HTTP:/health }" },
  healthythreshold: { word: "healthy" },
  unhealthythreshold: { word: "unhealthy" },
  availabilityzones: { word: "zones" },
};

/** The parts of a file that have foreign words of their own. */
export type ForeignPart = "launch" | "group" | "policy" | "metric" | "balancer";

const TABLES: Record<ForeignPart, Record<string, Instead>> = {
  launch: LAUNCH,
  group: GROUP,
  policy: POLICY,
  metric: METRIC,
  balancer: BALANCER,
};

/**
 * What to write instead of a foreign word.
 * @param value the value as written, to be repeated in the advice where it is short
 * @param known keys that are possible there; a word that is not among them is no advice
 */
export function foreignHint(
  part: ForeignPart,
  key: string,
  value: string | undefined,
  known: readonly string[],
): string | undefined {
  const word = key.replace(/[^A-Za-z]/g, "").toLowerCase();
  const table = TABLES[part];
  const instead = Object.hasOwn(table, word) ? table[word] : undefined;
  if (instead === undefined || instead.word === key || !known.includes(instead.word)) return undefined;
  const example =
    value !== undefined && value.length > 0 && value.length <= 60 ? `: ${instead.word}: ${value}` : "";
  const shown = instead.note === undefined || instead.note === EVERYWHERE ? example : "";
  return `here it is "${instead.word}"${shown}${instead.note === undefined ? "" : ` (${instead.note})`}`;
}
