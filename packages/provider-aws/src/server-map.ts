/** Instances of EC2 as plain servers, in the contract's words. Pure. */
import { createHash } from "node:crypto";
import type { Filter, Instance, RunInstancesRequest } from "@aws-sdk/client-ec2";
import type { Metadata, Server, ServerSpec } from "@bellows/core";
import { addressesOf } from "./group-map.js";
import { dataOf } from "./launch-data.js";
import { templateRef } from "./launch-template.js";
import type { AwsLaunch } from "./launch-words.js";

/** Label of the key that a server was made for. */
export const KEY_LABEL = "bellows:key";

/** Tags that are no labels: AWS's own, and the name. */
const NO_LABEL = /^aws:|^Name$/i;
/** Longest token of a call. @see docs.aws.amazon.com, EC2 API, RunInstances, ClientToken */
const LONGEST_TOKEN = 64;
/** Longest key and value of a tag, and most tags of an instance, of which we keep some. @see docs.aws.amazon.com, Tag restrictions */
const LONGEST_KEY = 127;
const LONGEST_VALUE = 256;
const MOST_TAGS = 48;

/** States of EC2. @see docs.aws.amazon.com, EC2 instance lifecycle */
const STATUSES: Readonly<Record<string, Server["status"]>> = {
  pending: "building",
  running: "active",
  "shutting-down": "stopping",
  terminated: "stopped",
  stopping: "stopping",
  stopped: "stopped",
};

/** Whether an instance has ended, or is told to: it will never run again. */
export function isEnded({ State }: Instance): boolean {
  return State?.Name === "terminated" || State?.Name === "shutting-down";
}

/** A server in the contract's words. */
export function serverOf(instance: Instance): Server {
  const { State, StateReason, Placement, ImageId, InstanceType } = instance;
  const tags = (instance.Tags ?? []).map(({ Key = "", Value = "" }) => [Key, Value] as const);
  const status = STATUSES[State?.Name ?? ""] ?? "unknown";
  const detail = status === "active" ? undefined : StateReason?.Message;
  return {
    id: instance.InstanceId ?? "",
    name: tags.find(([key]) => key === "Name")?.[1] ?? "",
    status,
    createdAtMs: instance.LaunchTime?.getTime() ?? 0,
    labels: Object.fromEntries(tags.filter(([key]) => !NO_LABEL.test(key))),
    addresses: addressesOf(instance),
    ...(Placement?.AvailabilityZone === undefined ? {} : { zone: Placement.AvailabilityZone }),
    ...(ImageId === undefined ? {} : { image: ImageId }),
    ...(InstanceType === undefined ? {} : { size: InstanceType }),
    ...(detail ? { detail } : {}),
  };
}

/** Filters for servers that have all of these labels. AWS reads * and ? in a value as wildcards, unless escaped. */
export function labelFilters(labels: Metadata): Filter[] {
  return Object.entries(labels).map(([key, value]) => ({
    Name: `tag:${key}`,
    Values: [value.replace(/[\\*?]/g, "\\$&")],
  }));
}

/** What is wrong with labels that are to become tags. */
export function labelFaults(labels: Metadata): string[] {
  const keys = Object.keys(labels);
  return [
    ...(keys.length > MOST_TAGS ? [`labels: at most ${MOST_TAGS}, because they are tags`] : []),
    ...keys.flatMap((key) => {
      if (NO_LABEL.test(key)) return [`labels.${key}: Name and keys that begin with aws: are taken`];
      if (key === "" || key.length > LONGEST_KEY)
        return [`labels.${key.slice(0, 20)}…: must have 1 to ${LONGEST_KEY} characters`];
      return (labels[key]?.length ?? 0) > LONGEST_VALUE
        ? [`labels.${key}: is longer than ${LONGEST_VALUE} characters`]
        : [];
    }),
  ];
}

/** Words of a launch that only groups can have. */
export function serverLaunchFaults({ aws = {} }: AwsLaunch): string[] {
  return [
    ...(aws.mix === undefined ? [] : ["launch.aws.mix: is for groups; give one server its size"]),
    ...(aws.kind === "configuration"
      ? ["launch.aws.kind: no server is made from a launch configuration"]
      : []),
  ];
}

/**
 * The call that makes one server.
 * @param launch - checked by the schema.
 * @param earlier - id of a server of this key that has ended; the next one needs another token, or AWS shows that one.
 */
export function runRequest(spec: ServerSpec, launch: AwsLaunch, earlier?: string): RunInstancesRequest {
  const { launchName: _name, aws: { template, ...own } = {}, ...common } = launch;
  const marks = { ...spec.labels, [KEY_LABEL]: spec.idempotencyKey };
  const { Placement, ...data } = dataOf({ ...common, serverName: spec.name, aws: own }, marks);
  const placement = spec.zone === undefined ? Placement : { ...Placement, AvailabilityZone: spec.zone };
  return {
    ...(data as Omit<RunInstancesRequest, "MinCount" | "MaxCount">),
    ...(template === undefined
      ? {}
      : { LaunchTemplate: { ...templateRef(template.id), Version: template.version } }),
    ...(placement === undefined ? {} : { Placement: placement }),
    MinCount: 1,
    MaxCount: 1,
    ClientToken: tokenOf(earlier === undefined ? spec.idempotencyKey : `${spec.idempotencyKey} ${earlier}`),
  };
}

/** A key as AWS takes it; one that is too long, or no plain text, as its digest. */
export function tokenOf(key: string): string {
  const fits = key.length <= LONGEST_TOKEN && /^[\x21-\x7e]+$/.test(key);
  return fits ? key : createHash("sha256").update(key).digest("hex");
}
