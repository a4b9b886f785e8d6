import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Alarm, createPluginLoader, type Group, loadConfig, type Policy } from "@bellows/core";
import { describe, expect, onTestFinished, test } from "vitest";
import { type FoundGroup, writeGroup } from "./aws-group.js";

const GROUP: Group = {
  name: "my_group",
  id: "my_group",
  min: 4,
  max: 8,
  desired: 5,
  cooldownMs: 300_000,
  metadata: { team: "blue" },
  loadBalancers: [{ id: "my-lb" }],
  zones: ["eu-west-1a", "eu-west-1b"],
  paused: false,
};
const policy = (name: string, changes: Partial<Policy>): Policy => ({
  name,
  group: "my_group",
  id: name,
  engine: "native",
  adjust: { change: 1 },
  ...changes,
});
const alarm = (name: string, executes: string, changes: Partial<Alarm>): Alarm => ({
  name,
  id: name,
  state: "ok",
  enabled: true,
  repeats: true,
  metric: {
    namespace: "AWS/EC2",
    name: "CPUUtilization",
    stat: "Average",
    dimensions: { AutoScalingGroupName: "my_group" },
  },
  periodMs: 60_000,
  periods: 2,
  executes: executes === "" ? [] : [{ group: "my_group", policy: executes }],
  ...changes,
});

const found = (changes: Partial<FoundGroup> = {}): FoundGroup => ({
  region: "eu-west-1",
  group: GROUP,
  policies: [
    policy("scale_up", { adjust: { change: 1 }, cooldownMs: 180_000 }),
    policy("scale_down", { adjust: { percent: -25 }, minMagnitude: 2 }),
    policy("by hand", {}),
    policy("spread", {
      adjust: {
        steps: [
          { atMost: -30, adjust: { percent: -50 } },
          { atLeast: -30, atMost: 0, adjust: { percent: 0 } },
          { atLeast: 0, atMost: 10, adjust: { percent: 10 } },
          { atLeast: 10, adjust: { percent: 50 } },
        ],
      },
    }),
    policy("steady", {
      adjust: { target: { value: 60 } },
      native: { predefined: "ASGAverageCPUUtilization" },
    }),
    policy("follow", { adjust: { target: { value: 50 } }, native: { predefined: "ALBRequestCount" } }),
  ],
  alarms: [
    alarm("up", "scale_up", { above: 70 }),
    alarm("down", "scale_down", { atMost: 10, metric: { namespace: "AWS/SQS", name: "NumberOfMessages" } }),
    alarm("wide", "spread", { atLeast: 60 }),
    alarm("page", "", { above: 95 }),
  ],
  besides: { hooks: [], schedules: [], warmPool: false },
  ...changes,
});

/** What the file means, once Bellows has read it. */
async function read(text: string) {
  const folder = mkdtempSync(join(tmpdir(), "bellows-import-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const here = fileURLToPath(new URL(".", import.meta.url));
  const loaded = await loadConfig(join(folder, "bellows.yaml"), {
    text,
    env: {},
    cwd: folder,
    loader: createPluginLoader({ from: [here] }),
  });
  expect("faults" in loaded ? loaded.faults : []).toEqual([]);
  if (!("config" in loaded)) throw new Error("it is faulty");
  return { config: loaded.config, warnings: loaded.warnings };
}

const uncommented = (text: string): string => text.replaceAll(/^( +)# (?=\S+: \{)/gm, "$1");

describe("bellows import aws", () => {
  test("names the group as existing, in its bounds, with the CPU as an alarm watches it, and does nothing yet", async () => {
    const { config, warnings } = await read(writeGroup(found()).text);
    const { my_group: group } = config.groups;
    expect(warnings).toEqual([]);
    expect(group).toMatchObject({ existing: "my_group", bounds: { min: 4, max: 8 } });
    expect(group?.scaling).toMatchObject({ mode: "observe", cooldownMs: 300_000 });
    expect(group?.scaling.metrics).toMatchObject([
      { name: "cpu", source: "cloudwatch", params: { metric: "CPUUtilization", period: 60_000 } },
    ]);
    expect(group?.scaling.policies.map(({ name }) => name)).toEqual(["busy", "idle"]);
  });

  test("the CPU is asked for every 5 minutes where nothing says that AWS tells it more often", async () => {
    const { config } = await read(writeGroup(found({ policies: [], alarms: [] })).text);
    expect(config.groups.my_group?.scaling.metrics).toMatchObject([
      { params: { period: 300_000 }, maxAgeMs: 900_000 },
    ]);
  });

  test("the cloud's policies stand in comments, ready to be kept by the file", async () => {
    const { text } = writeGroup(found());
    const { config } = await read(uncommented(text));
    expect(config.groups.my_group?.scaling.policies.slice(2, 5)).toEqual([
      {
        name: "scale_up",
        engine: "native",
        when: "cpu > 70",
        forMs: 120_000,
        adjust: { change: 1 },
        cooldownMs: 180_000,
      },
      {
        name: "scale_down",
        engine: "native",
        when: "numberOfMessages <= 10",
        forMs: 120_000,
        adjust: { percent: -25 },
        minMagnitude: 2,
      },
      {
        name: "spread",
        engine: "native",
        signal: "cpu",
        forMs: 120_000,
        adjust: {
          steps: [
            { atMost: 30, adjust: { percent: -50 } },
            { atLeast: 60, adjust: { percent: 10 } },
            { atLeast: 70, adjust: { percent: 50 } },
          ],
        },
      },
    ]);
    expect(text).toContain("steady: { engine: native, target: { signal: cpu, value: 60 } }");
    expect(text).toContain("delete the old ones then: up, down, wide.");
  });

  test("what has no words is said, in the file and beside it", () => {
    const besides = { hooks: [{ name: "drain" }], schedules: [{ name: "night" }], warmPool: true };
    const { text, unsaid } = writeGroup(found({ besides }));
    expect(unsaid).toEqual([
      "policy by hand: no alarm executes it",
      "policy follow: AWS alone has its predefined",
      "alarm page watches the group and executes none of its policies",
      "lifecycle hook drain stays as it is",
      "scheduled action night goes on at AWS",
      "its warm pool stays as it is",
    ]);
    for (const one of unsaid) expect(text).toContain(`# Not said here: ${one}.`);
  });

  test("--own writes the definition, its native policies in force", async () => {
    const launch = {
      image: "ami-1",
      size: "t3.small",
      userData: `#!/bin/sh\necho ${"$"}{env:HOME}\n`,
      aws: { publicAddress: true },
    };
    const native = { healthCheckType: "ELB", healthCheckGrace: 300_000 };
    const { config } = await read(writeGroup(found({ launch, group: { ...GROUP, native } })).text);
    const { my_group: group } = config.groups;
    expect(group?.existing).toBeUndefined();
    expect(group?.create).toMatchObject({
      name: "my_group",
      min: 4,
      max: 8,
      zones: ["eu-west-1a", "eu-west-1b"],
      loadBalancers: [{ id: "my-lb" }],
      metadata: { team: "blue" },
      native,
      launch,
    });
    expect(group?.scaling.policies.map(({ name, engine }) => [name, engine])).toEqual([
      ["busy", undefined],
      ["idle", undefined],
      ["scale_up", "native"],
      ["scale_down", "native"],
      ["spread", "native"],
      ["steady", "native"],
    ]);
  });

  test("a name that YAML would read as something else stays a name", async () => {
    const { config } = await read(writeGroup(found({ group: { ...GROUP, name: "1.10" } })).text);
    expect(config.groups["1.10"]).toMatchObject({ existing: "1.10" });
  });
});
