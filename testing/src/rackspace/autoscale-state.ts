/** What the stand-in keeps of Autoscale: plain data, to be looked at and broken by tests. */
import type { JsonObject } from "./json.js";

/** A webhook. */
export interface Webhook {
  id: string;
  name: string;
  metadata: Record<string, string>;
  /** 64 hex digits, the secret part of its capability URL. */
  hash: string;
}

/** What a policy is asked to be. */
export interface PolicyGiven {
  name: string;
  type: "webhook" | "schedule" | "cloud_monitoring";
  /** Seconds. */
  cooldown: number;
  change?: number;
  changePercent?: number;
  desiredCapacity?: number;
  args?: JsonObject;
}

/** A policy. */
export interface Policy {
  id: string;
  given: PolicyGiven;
  /** Events of older versions are dead. */
  version: number;
  webhooks: Webhook[];
  /** When it was executed last. */
  touchedAtMs?: number;
}

/** Bounds, name and the like. */
export interface GroupConfiguration {
  name: string;
  /** Seconds. */
  cooldown: number;
  minEntities: number;
  maxEntities: number;
  metadata: Record<string, string>;
}

/** What servers are made from, as it was given. */
export interface LaunchConfiguration {
  type: "launch_server" | "launch_stack";
  args: JsonObject;
}

/** A scaling group. */
export interface Group {
  id: string;
  configuration: GroupConfiguration;
  launch: LaunchConfiguration;
  policies: Policy[];
  desired: number;
  isPaused: boolean;
  /** It is shown to nobody any more, and goes with its last server. */
  isDeleting: boolean;
  status: "ACTIVE" | "ERROR";
  errors: string[];
  /** Ids of the servers that the last cycle found active. */
  active: string[];
  /** Since when servers finish their requests, by id. */
  drainingSinceMs: Record<string, number>;
  /** Stacks of a group that launches stacks. */
  stacks: { id: string; createdAtMs: number }[];
  /** When a policy was executed last. */
  touchedAtMs?: number;
  /** Of the cycles of convergence that were asked for only the last one runs. */
  lastCycle: number;
}
