// biome-ignore-all lint/suspicious/noTemplateCurlyInString: texts as they are written in files.
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { configOf, faultsOf, load, warningsOf } from "../../test/config-files.js";
import { renderFaults } from "./fault.js";

const HEAD = "version: 1\nproviders: { cloud: {} }\n";
/** One group on one line, so that columns are easy to see. */
const group = (body: string): string =>
  `${HEAD}groups:\n  web: { min: 1, max: 4, launch: { image: a }${body === "" ? "" : `, ${body}`} }\n`;
/** One policy over one metric. */
const policy = (body: string): string =>
  `${HEAD}groups:\n  web:\n    min: 1\n    max: 4\n    launch: { image: a }\n    metrics: { cpu: { source: group, metric: cpuPercent } }\n    policies:\n      p: ${body}\n`;

describe("what is no config", () => {
  it.each([
    ["an empty file", "", ["0:0 the file is empty (bellows init writes one that works)"]],
    ["nothing but a comment", "# soon\n", ["1:1 the file says nothing (bellows init writes one that works)"]],
    [
      "a list",
      "- version: 1\n",
      ["1:1 the file must be a map of keys and values (it begins with version: 1)"],
    ],
    ["a word", "hello\n", ["1:1 the file must be a map of keys and values (it begins with version: 1)"]],
    [
      "bytes that are no text",
      new Uint8Array([0x76, 0, 0x3a]),
      ["0:0 the file is not text (is it the right file?)"],
    ],
    [
      "bytes that are no UTF-8",
      new Uint8Array([0x76, 0xff, 0x3a]),
      ["0:0 the file is not UTF-8 (save it as UTF-8)"],
    ],
    ["UTF-16", new Uint8Array([0xff, 0xfe, 0x76, 0]), ["0:0 the file is UTF-16 (save it as UTF-8)"]],
    [
      "more than a megabyte",
      `version: 1 # ${"x".repeat(1_050_000)}`,
      ["0:0 the file is larger than 1 MiB (is it the right file?)"],
    ],
  ])("%s is refused with a word of its own", async (_name, content, faults) => {
    expect(await faultsOf(content)).toEqual(faults);
  });

  it("a file that is not there says so, without a place", async () => {
    const { loadConfig } = await import("./load.js");
    const { stubLoader } = await import("../../test/config-files.js");
    const loaded = await loadConfig("gone.yaml", { cwd: "/tmp", env: {}, loader: stubLoader });
    expect("faults" in loaded && renderFaults(loaded.faults)).toBe(
      "gone.yaml: there is no such file\n     = hint: bellows init writes one",
    );
  });
});

describe("YAML", () => {
  it.each([
    [
      "a key that is there twice",
      "version: 1\nname: a\nname: b\n",
      ['3:1 key "name" is there twice (first at 2:1) (keep one of them)'],
    ],
    [
      "a tab",
      "version: 1\nproviders:\n\tcloud: {}\n",
      ["3:1 a tab stands where YAML takes spaces only (indent with spaces)"],
    ],
    [
      "a tag",
      "version: 1\nname: !!binary eA==\n",
      ["2:16 tags (!…) mean nothing here (write the value alone)"],
    ],
    [
      "a second colon",
      "version: 1\nname: a: b\n",
      ['2:7 a second ": " on this line: YAML takes the value for another map (quote the value)'],
    ],
    [
      "an open quote",
      'version: 1\nname: "a\n',
      ["3:1 this quote is never closed (close it on the same line)"],
    ],
    [
      "cron without quotes",
      policy("{ schedule: * * * * *, desired: 1 }"),
      ['10:22 YAML reads "*" as an alias (quote it, as in schedule: "0 22 * * *")'],
    ],
    [
      "a second document",
      "version: 1\nproviders: {}\n---\nversion: 1\n",
      ["3:1 a second document begins here: one file is one config"],
    ],
  ])("%s is explained", async (_name, content, faults) => {
    expect(await faultsOf(content)).toEqual(faults);
  });

  it("aliases that unfold without end are stopped", async () => {
    const lines = ["version: 1", "x-0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"];
    for (let level = 1; level < 9; level++)
      lines.push(
        `x-${level}: &a${level} [${Array(10)
          .fill(`*a${level - 1}`)
          .join(", ")}]`,
      );
    expect((await faultsOf(lines.join("\n"))).map((fault) => fault.replace(/^\S+ /, ""))).toEqual([
      "aliases make this file unfold without end (write the values out)",
    ]);
  });

  it("a byte order mark changes no position", async () => {
    expect(await faultsOf("\uFEFFversion: 2\n")).toContain(
      "1:10 version 2 is not known: this reads version 1 (upgrade Bellows)",
    );
  });

  it("anchors, merge keys and keys of one's own (x-…) may be used", async () => {
    const config = await configOf(
      `${HEAD}x-common: &common { min: 1, max: 3, launch: { image: a } }\ngroups:\n  one: { <<: *common, max: 5 }\n  two: { <<: *common }\n`,
    );
    expect([config.groups.one?.scaling.max, config.groups.two?.scaling.max]).toEqual([5, 3]);
  });

  it("a file may be JSON, without a space after its colons", async () => {
    const json = JSON.stringify({
      version: 1,
      name: "${env:SHOP}",
      providers: { cloud: {} },
      groups: { web: { min: 1, max: 4, launch: { image: "a" } } },
    });
    const config = await configOf(json, { env: { SHOP: "shop" } });
    expect([config.name, config.groups.web?.scaling.max]).toEqual(["shop", 4]);
  });

  it.each([
    ["max(cpu, 3) > 70", "the comma ended this value: inside { } an expression with a comma needs quotes"],
    ["max([cpu]) > 70", "the bracket ended this value: inside { } an expression with brackets needs quotes"],
    [
      "0 < max([cpu, 3]) and cpu > 1",
      "the comma ended this value: inside { } an expression with a comma needs quotes",
    ],
  ])("an expression %s inside { } without quotes is seen as what it is", async (expression, fault) => {
    const faults = await faultsOf(policy(`{ when: ${expression}, for: 2m, change: +1 }`));
    expect(faults).toEqual([`10:18 ${fault} (when: "${expression}")`]);
  });

  it("the same expression is fine in quotes, and outside of { }", async () => {
    expect(await faultsOf(policy('{ when: "max([cpu, 3]) > 70", change: +1 }'))).toEqual([]);
    expect(await faultsOf(policy("\n        when: max([cpu, 3]) > 70\n        change: +1"))).toEqual([]);
  });
});

describe("text as written", () => {
  it("a text field keeps what YAML would make a number or a switch of", async () => {
    const config = await configOf(group("metadata: { version: 1.10, on: true, zip: 0123 }"));
    expect(config.groups.web?.create?.metadata).toEqual({ version: "1.10", on: "true", zip: "0123" });
  });

  it("so do the texts of a plugin's own schema", async () => {
    const config = await configOf(
      `${HEAD}groups:\n  web: { min: 1, max: 4, launch: { image: 1.10, size: 3 } }\n`,
    );
    expect(config.groups.web?.create?.launch).toEqual({ image: "1.10", size: "3" });
  });

  it.each([
    ["+1", { change: 1 }],
    ["-2", { change: -2 }],
    ["+50%", { percent: 50 }],
    ["-12.5%", { percent: -12.5 }],
    ['"+3"', { change: 3 }],
  ])("change: %s wears its sign", async (written, adjust) => {
    const config = await configOf(policy(`{ when: cpu > 70, change: ${written} }`));
    expect(config.groups.web?.scaling.policies[0]?.adjust).toEqual(adjust);
  });

  it.each([
    ["1", "change is relative (write +1 or -1; exact is desired)"],
    ["50%", "change is relative (write +50% or -50%; exact is desired)"],
    ["+0", "change of nothing (write +1, -1 or +50%)"],
    ["+1.5", "change is in whole instances (write +2 or a percentage)"],
    ["more", "change cannot be read (write +1, -2 or +50%; exact is desired)"],
  ])("change: %s is refused", async (written, fault) => {
    expect(await faultsOf(policy(`{ when: cpu > 70, change: ${written} }`))).toEqual([`10:36 ${fault}`]);
  });

  it("a switch that is spelled yes is explained", async () => {
    expect(await faultsOf("version: 1\nproviders: { cloud: { debug: yes } }\n")).toEqual([
      "2:30 debug must be true or false (YAML reads yes as a text: write true)",
    ]);
  });

  it("a number with a leading zero is not guessed at", async () => {
    expect(await faultsOf(group("").replace("max: 4", "max: 010"))).toEqual([
      "4:23 010 can be read in two ways (write 10)",
    ]);
  });

  it("a number in quotes is explained", async () => {
    expect(await faultsOf(group("").replace("max: 4", 'max: "4"'))).toEqual([
      "4:23 max must be a number (write 4 without quotes)",
    ]);
  });
});

describe("settings and secrets", () => {
  it("are filled in from the environment, with defaults, and from files beside the config", async () => {
    const text = `version: 1\nname: "\${env:NAME:-shop}"\nproviders: { cloud: { region: "\${file:region.txt}", tries: "\${env:TRIES}", debug: "\${env:DEBUG}" } }\n`;
    const config = await configOf(text, {
      env: { TRIES: "3", DEBUG: "true" },
      beside: { "region.txt": "north\n" },
    });
    expect(config.name).toBe("shop");
    expect(config.providers.cloud?.options).toEqual({ region: "north", tries: 3, debug: true });
  });

  it.each([
    ['"${env:NOPE}"', "environment variable NOPE is not set (set it, or write ${file:/run/secrets/nope})"],
    ['"${env:}"', '"" is no name of an environment variable (write ${env:NAME} or ${env:NAME:-default})'],
    ['"${file:gone.txt}"', "file gone.txt does not exist (paths are meant from the config file's folder)"],
    ['"${NOPE}"', "${NOPE} is not filled in (write ${env:NOPE})"],
  ])("%s that cannot be filled in is one fault, not two", async (written, fault) => {
    expect(
      (await faultsOf(`version: 1\nproviders: { cloud: { tries: ${written} } }\n`)).map((line) =>
        line.replace(/^\S+ /, ""),
      ),
    ).toEqual([fault]);
  });

  it("shell variables in other texts are left alone", async () => {
    const config = await configOf(group('metadata: { script: "echo ${HOME} and $${env:X}" }'));
    expect(config.groups.web?.create?.metadata).toEqual({ script: "echo ${HOME} and ${env:X}" });
  });

  it("secrets are handed to the caller and shown in no fault", async () => {
    const text = `version: 1\nsources:\n  mq: { use: rabbitmq, url: "amqp://u:hunter22@h", password: swordfish, passwort: x, user: "\${env:MQ_TOKEN}" }\n`;
    const loaded = await load(text, { env: { MQ_TOKEN: "tok-12345" } });
    expect(loaded.secrets.sort()).toEqual(["hunter22", "swordfish", "tok-12345"]);
    const shown = "faults" in loaded ? renderFaults(loaded.faults) : "";
    expect(shown).toContain('unknown key "passwort"');
    expect(shown).not.toMatch(/hunter22|swordfish|tok-12345/);
    expect(shown).toContain("password: *********, passwort: x");
  });
});

describe("providers and plugins", () => {
  it("a provider that is missing hides nothing else", async () => {
    const faults = await faultsOf(
      "version: 1\nproviders: { gone: {} }\ngroups:\n  web: { min: 1, max: x, launch: { image: a, flavor: b } }\n",
    );
    expect(faults).toEqual([
      "2:14 gone is not installed (npm install gone)",
      "4:23 max must be a number",
      '4:46 unknown key "flavor" in launch (here it is "size": size: b (the same word on every provider))',
    ]);
  });

  it("a provider may be left out only where there is one", async () => {
    const two =
      "version: 1\nproviders: { cloud: {}, other: {} }\ngroups:\n  web: { min: 1, max: 2, launch: { image: a } }\n";
    expect(await faultsOf(two)).toEqual([
      '4:3 groups.web needs "provider": the file has 2 (write provider: cloud or other)',
    ]);
    expect(await faultsOf(two.replace("min: 1", "provider: clod, min: 1"))).toEqual([
      '4:20 unknown provider "clod" (did you mean "cloud"?)',
    ]);
  });

  it("its options are checked by its own schema, where they stand", async () => {
    expect(
      await faultsOf("version: 1\nproviders:\n  here: { use: cloud, regoin: north, tries: many }\n"),
    ).toEqual([
      '3:23 unknown key "regoin" in providers.here (did you mean "region"?)',
      "3:45 tries must be a number",
    ]);
  });

  it("wrong options hide nothing that the plugin can say elsewhere", async () => {
    const text = group("cloud: { grace: 5 }").replace("cloud: {} }", "cloud: { tries: x } }");
    expect(await faultsOf(text)).toEqual([
      "2:30 tries must be a number",
      "4:64 grace needs a unit (write 5s)",
    ]);
  });

  it("a launch word that means nothing there is refused by name", async () => {
    expect(await faultsOf(group("").replace("image: a", "image: a, command: node"))).toEqual([
      '4:46 "command" in launch means nothing to provider cloud (it takes image, size, metadata, cloud)',
    ]);
  });

  it("what only that cloud has stands under its name", async () => {
    const config = await configOf(group("cloud: { grace: 5m }"));
    expect(config.groups.web?.create?.native).toEqual({ grace: 300_000 });
    expect(await faultsOf(group("cloud: { grace: 5 }"))).toEqual(["4:64 grace needs a unit (write 5s)"]);
  });

  it("a metric's questions are checked by its source", async () => {
    const faults = await faultsOf(
      group(
        "metrics: { q: { source: http, ulr: a }, r: { source: htp, url: b }, s: { source: rabbitmq, queue: c } }",
      ),
    );
    expect(faults).toEqual([
      '4:78 unknown key "ulr" in groups.web.metrics.q (did you mean "url"?)',
      '4:101 unknown source "htp" (did you mean "http"?)',
      '4:129 source "rabbitmq" needs options (name it once: sources: { rabbitmq1: { use: rabbitmq, … } }, and write source: rabbitmq1)',
    ]);
  });

  it("a source named once is used by many, and a kind named directly has its own name", async () => {
    const config = await configOf(
      `${group("metrics: { a: { source: mq, queue: x }, b: { source: mq, queue: y, maxAge: 1m }, c: { source: http, url: z, timeout: 2s } }")}sources: { mq: { use: rabbitmq, url: "amqp://h" } }\n`,
    );
    expect(Object.keys(config.sources).sort()).toEqual(["http", "mq"]);
    expect(config.groups.web?.scaling.metrics).toEqual([
      { name: "a", source: "mq", params: { queue: "x" }, maxAgeMs: 300_000 },
      { name: "b", source: "mq", params: { queue: "y" }, maxAgeMs: 60_000 },
      {
        name: "c",
        source: "http",
        params: { url: "z", timeout: 2_000 },
        maxAgeMs: 300_000,
        timeoutMs: 2_000,
      },
    ]);
  });
});

describe("groups", () => {
  it("take what they leave out from defaults, then from Bellows", async () => {
    const config = await configOf(
      `${HEAD}defaults: { min: 2, max: 8, cooldown: 2m, limits: { scaleIn: { rate: 1 per 1m } } }\ngroups:\n  web: { launch: { image: a }, max: 6 }\n`,
    );
    expect(config.groups.web?.scaling).toMatchObject({
      min: 2,
      max: 6,
      cooldownMs: 120_000,
      everyMs: 10_000,
      mode: "act",
      combine: "largest",
      onMissing: { kind: "hold" },
      scaleOut: { stabilizationMs: 0, rates: [] },
      scaleIn: { stabilizationMs: 300_000, rates: [{ count: 1, perMs: 60_000 }] },
    });
    expect(config.groups.web?.create?.owner).toBe(`${config.name}/web`);
  });

  it("that this file makes need bounds and a launch", async () => {
    expect(await faultsOf(`${HEAD}groups:\n  web: {}\n`)).toEqual([
      '4:3 groups.web needs "min" (write min: 1 here, or defaults: { min: 1 } for every group)',
      '4:3 groups.web needs "max" (write max: 4 here, or defaults: { max: 4 } for every group)',
      "4:3 groups.web has neither launch nor existing (launch: { … } for a group that this file makes, existing: NAME for one that is there)",
    ]);
  });

  it("that exist may leave their bounds to the cloud, and are never made", async () => {
    const config = await configOf(`${HEAD}groups:\n  old: { existing: asg-1, min: 2 }\n`);
    expect(config.groups.old).toMatchObject({
      existing: "asg-1",
      boundsFromCloud: true,
      bounds: { min: 2 },
      scaling: { ref: "asg-1", min: 2, max: 100_000 },
    });
    expect(config.groups.old).not.toHaveProperty("create");
    expect(await faultsOf(`${HEAD}groups:\n  old: { existing: asg-1, zones: [a] }\n`)).toEqual([
      "4:27 zones beside existing: a group that exists is never made or changed (leave one of them out)",
    ]);
  });

  it("point at both bounds where they contradict each other, wherever they stand", async () => {
    expect(await faultsOf(group("").replace("min: 1", "min: 7"))).toEqual([
      "4:15 min 7 is greater than max 4 (4:23) (swap them, or raise max)",
    ]);
    expect(
      await faultsOf(`${HEAD}defaults: { min: 5 }\ngroups:\n  web: { max: 2, launch: { image: a } }\n`),
    ).toEqual(["5:15 max 2 is less than min 5 (3:18) (raise max, or give the group a min of its own)"]);
  });

  it.each([
    ["minSize: 2", 'unknown key "minSize" in groups.web (here it is "min": min: 2)'],
    [
      "desiredCapacity: 2",
      'unknown key "desiredCapacity" in groups.web (here it is "min" (a new group starts there; policies and orders move it from then on))',
    ],
    ["mode: dry", "mode must be act, observe or off"],
    ["mode: observ", "mode must be act, observe or off (did you mean observe?)"],
    ["zones: eu-1a", "zones must be a list (write [eu-1a])"],
    [
      "cooldown: soon",
      'cooldown cannot be read: "soon" (write a number and its unit, such as 30s, 5m, 1h or 7d)',
    ],
    ["onMissing: { lastKnown: 5 }", "lastKnown needs a unit (write 5s)"],
    [
      "onMissing: { lastKnown: 5m, then: { atleast: 2 } }",
      'unknown key "atleast" in groups.web.onMissing.then (did you mean "atLeast"?)',
    ],
    ["onMissing: wait", "onMissing must be hold, breach or a map of keys and values"],
    ["limits: { scaleIn: { rate: fast } }", "rate cannot be read (write 1 per 1m, or 100% per 1m)"],
    [
      "loadBalancers: [front]",
      'unknown load balancer "front" (declare it under loadBalancers, or write { id: "front", port: 80 })',
    ],
    ["every: ", "every has no value (it must be a text)"],
  ])("explain %s", async (body, fault) => {
    expect((await faultsOf(group(body))).map((line) => line.replace(/^\S+ /, ""))).toEqual([fault]);
  });

  it("go behind balancers of the file, or others by id", async () => {
    const config = await configOf(
      `${group("loadBalancers: [front, { id: old, port: 80 }]")}loadBalancers:\n  front: { listeners: [{ port: 80 }], healthCheck: { target: HTTP:/health, interval: 2s } }\n`,
    );
    expect(config.groups.web?.create?.loadBalancers).toEqual([{ id: "front" }, { id: "old", port: 80 }]);
    expect(config.loadBalancers.front).toEqual({
      key: "front",
      provider: "cloud",
      spec: {
        name: "front",
        listeners: [{ port: 80, protocol: "http" }],
        healthCheck: {
          target: "HTTP:/health",
          intervalMs: 2_000,
          timeoutMs: 1_000,
          healthy: 2,
          unhealthy: 3,
        },
        owner: `${config.name}/front`,
      },
    });
  });

  it("have windows in the wall-clock time of a place", async () => {
    const config = await configOf(
      group(
        "windows: { office: { days: mon-fri, hours: 08:00-18:00, timezone: Europe/Berlin, min: 2 }, night: { days: [fri, sat-sun], hours: 22:00-06:00, max: 1 }, all: { min: 1 } }",
      ),
    );
    expect(config.groups.web?.scaling.windows).toEqual([
      {
        name: "office",
        days: [1, 2, 3, 4, 5],
        startMinute: 480,
        endMinute: 1080,
        timezone: "Europe/Berlin",
        min: 2,
      },
      { name: "night", days: [0, 5, 6], startMinute: 1320, endMinute: 360, timezone: "UTC", max: 1 },
      { name: "all", startMinute: 0, endMinute: 1440, timezone: "UTC", min: 1 },
    ]);
  });

  it.each([
    ["days: mon-fry, min: 2", 'unknown day "fry" (write mon-fri or sat,sun)'],
    ["hours: 8-18, min: 2", "hours cannot be read (write 08:00-18:00, or 22:00-06:00 over midnight)"],
    ["hours: 08:00-25:00, min: 2", "hours cannot be read (write 08:00-18:00, or 22:00-06:00 over midnight)"],
    [
      "hours: 08:00-08:00, min: 2",
      "hours begin when they end (write 00:00-24:00 for whole days, or leave hours out)",
    ],
    ["timezone: Berlin, min: 2", 'unknown time zone "Berlin" (did you mean Europe/Berlin?)'],
    ["hours: 08:00-18:00", "window w changes nothing (give it a min or a max)"],
  ])("refuse a window with %s", async (body, fault) => {
    expect(
      (await faultsOf(group(`windows: { w: { ${body} } }`))).map((line) => line.replace(/^\S+ /, "")),
    ).toEqual([fault]);
  });
});

describe("expressions", () => {
  it.each([
    [
      "when: quue > 5",
      '10:18 unknown name "quue" in an expression (known here: cpu, instances, desired, pending, min, max)',
    ],
    [
      'when: "cpu > 5 and cpuu > 6"',
      '10:31 unknown name "cpuu" in an expression (did you mean "cpu"? Known here: cpu, instances, desired, pending, min, max)',
    ],
    [
      "when: 'cpu > 5 and cpuu > 6'",
      '10:31 unknown name "cpuu" in an expression (did you mean "cpu"? Known here: cpu, instances, desired, pending, min, max)',
    ],
    ["when: cpu", "10:18 when must be true or false, and this is a number (compare it: cpu > 70)"],
  ])("%s points at the very place", async (when, fault) => {
    expect(await faultsOf(policy(`{ ${when}, change: +1 }`))).toEqual([fault]);
  });

  it.each([
    ["folded", ">-\n          cpu > 5\n          and cpuu > 6", 13],
    ["literal", "|\n          cpu > 5\n          and cpuu > 6", 13],
    ["plain", "cpu > 5\n          and cpuu > 6", 12],
    ["quoted", '"cpu > 5\n          and cpuu > 6"', 12],
  ])("an unknown name in a %s text over several lines is found on its own", async (_style, written, line) => {
    const faults = await faultsOf(policy(`\n        when: ${written}\n        change: +1`));
    expect(faults[0]).toMatch(new RegExp(`^${line}:15 unknown name "cpuu"`));
  });

  it("signals may stand on signals, not on themselves", async () => {
    expect(await faultsOf(group('signals: { a: b + 1, b: "a * 2", c: desired }'))).toEqual([
      "4:62 signal a is made from itself (a → b → a) (let one of them stand on metrics alone)",
    ]);
  });

  it("names that mean something already, or cannot be written in expressions, are refused", async () => {
    expect(
      await faultsOf(
        group(
          "metrics: { max: { source: group, metric: cpuPercent }, cpu-load: { source: group, metric: cpuPercent } }",
        ),
      ),
    ).toEqual([
      '4:59 "max" already means something in expressions (write max_count or the like)',
      '4:103 "cpu-load" cannot be used in expressions: letters, digits and _ only (write cpu_load)',
    ]);
  });
});

describe("policies", () => {
  it.each([
    [
      "{ when: cpu > 1 }",
      "groups.web.policies.p changes nothing (add change: +1, desired: 4, steps or target)",
    ],
    [
      "{ change: +1, desired: 2 }",
      "desired beside change: a policy changes in one way (make two policies of it)",
    ],
    [
      '{ when: cpu > 1, schedule: "0 22 * * *", desired: 2 }',
      "schedule beside when: a policy has one of them (make two policies of it)",
    ],
    ["{ steps: [{ atLeast: 1, change: +1 }] }", "steps need a signal (signal: cpu)"],
    [
      "{ signal: cpu, steps: [{ change: +1 }] }",
      "groups.web.policies.p.steps: a step needs atLeast or atMost ({ atLeast: 70, change: +1 })",
    ],
    [
      "{ signal: cpu, steps: [{ atLeast: 5, atMost: 3, change: +1 }] }",
      "groups.web.policies.p.steps: atLeast 5 is greater than atMost 3: the step never holds (swap them)",
    ],
    [
      "{ target: { signal: cpu } }",
      "the target says neither value nor perInstance (value: 60 keeps the signal there; perInstance: 20 shares it out)",
    ],
    ["{ target: { value: 3 } }", 'groups.web.policies.p.target needs "signal"'],
    [
      "{ target: { signal: cpu, value: 60 }, webhooks: [ci] }",
      "webhooks beside steps or target: an order needs change or desired (make two policies of it)",
    ],
    [
      "{ when: cpu > 1, change: +1, keep: 5m }",
      "keep goes with orders: webhooks, schedule or at (a policy that looks again every round needs none)",
    ],
    [
      "{ when: cpu > 1, change: -1, onMissing: breach }",
      "breach is for policies that grow: missing data never shrinks a group (onMissing: hold)",
    ],
    ["{ target: { signal: cpu, value: 60, tolerance: 10 } }", "tolerance is a percentage (write 10%)"],
    [
      '{ schedule: "0 22 * *", desired: 1 }',
      'schedule needs five fields (minute, hour, day, month, weekday: "0 22 * * *")',
    ],
    [
      '{ schedule: "0 0 22 * * *", desired: 1 }',
      'schedule has 6 fields: there are no seconds here (minute, hour, day, month, weekday: "0 22 * * *")',
    ],
    [
      "{ at: 2027-01-01T08:00:00, desired: 1 }",
      "at needs an offset (write 2027-01-01T08:00:00Z or 2027-01-01T08:00:00+01:00)",
    ],
    [
      "{ at: 2027-02-30T08:00:00Z, desired: 1 }",
      'at is no instant: "2027-02-30T08:00:00Z" (write 2027-01-01T08:00:00+01:00)',
    ],
    [
      "{ when: cpu > 1, evaluationPeriods: 2, change: +1 }",
      'unknown key "evaluationPeriods" in groups.web.policies.p (here it is "for" (a time: periods × period, such as 2m))',
    ],
  ])("%s is refused", async (written, fault) => {
    expect((await faultsOf(policy(written))).map((line) => line.replace(/^\S+ /, ""))).toEqual([fault]);
  });

  it("a cron pattern that cannot be is refused", async () => {
    expect((await faultsOf(policy('{ schedule: "0 25 * * *", desired: 1 }')))[0]).toMatch(
      /^10:22 schedule cannot be read: /,
    );
  });

  it.each([
    [
      '{ schedule: "0 22 * * *", timezone: Europe/Berlin, desired: 1 }',
      { schedule: { cron: "0 22 * * *", timezone: "Europe/Berlin" }, adjust: { desired: 1 } },
    ],
    ["{ at: 2027-01-01T08:00:00+01:00, desired: 1 }", { schedule: { atMs: Date.UTC(2027, 0, 1, 7) } }],
    ["{ webhooks: [ci], change: +2, keep: 30m }", { webhooks: ["ci"], keepMs: 1_800_000 }],
    [
      "{ target: { signal: cpu, perInstance: 20, tolerance: 5% } }",
      { signal: "cpu", adjust: { target: { perInstance: 20, tolerance: 0.05 } } },
    ],
    [
      "{ when: cpu > 1, for: 2m, change: +1, onMissing: { lastKnown: 5m, then: { atLeast: 4 } } }",
      {
        forMs: 120_000,
        onMissing: { kind: "last-known", forMs: 300_000, next: { kind: "at-least", count: 4 } },
      },
    ],
    [
      "{ signal: cpu, steps: [{ atMost: 40, change: -1 }, { atLeast: 85, change: +50% }] }",
      {
        adjust: {
          steps: [
            { atMost: 40, adjust: { change: -1 } },
            { atLeast: 85, adjust: { percent: 50 } },
          ],
        },
      },
    ],
  ])("%s becomes what the contract says", async (written, spec) => {
    expect((await configOf(policy(written))).groups.web?.scaling.policies[0]).toMatchObject(spec);
  });
});

describe("clusters, store and server", () => {
  it("a cluster's services scale on its instances", async () => {
    const config = await configOf(
      `${HEAD}clusters:\n  c: { existing: asg, min: 1, max: 4, buffer: { cpu: 256, memory: 512MiB }, services: { worker: { min: 1, max: 3, metrics: { cpu: { source: service, metric: cpuPercent, period: 5m } }, policies: { up: { when: cpu > 5, change: +1 } } } } }\n`,
    );
    expect(config.clusters.c).toMatchObject({
      existing: "asg",
      buffer: { cpu: 256, memoryBytes: 536_870_912 },
    });
    expect(config.clusters.c?.services.worker?.scaling).toMatchObject({
      name: "c/worker",
      ref: "worker",
      metrics: [{ source: "service", params: { metric: "cpuPercent", periodMs: 300_000 } }],
    });
    expect(await faultsOf(group("metrics: { c: { source: service, metric: cpuPercent } }"))).toEqual([
      "4:72 source: service answers in the services of a cluster (write source: group)",
    ]);
  });

  it("the server listens on loopback, elsewhere only with users", async () => {
    expect((await configOf(HEAD)).server).toEqual({ listen: { host: "127.0.0.1", port: 7070 }, users: [] });
    expect(await faultsOf(`${HEAD}server: { listen: "0.0.0.0:80" }\n`)).toEqual([
      "3:19 listening on 0.0.0.0 needs users: others can reach it (add users under server, or listen on 127.0.0.1)",
    ]);
    const open = await configOf(
      `${HEAD}server: { listen: "[::]:80", users: { alice: { apiKey: key-1, role: admin } } }\n`,
    );
    expect(open.server).toEqual({
      listen: { host: "::", port: 80 },
      users: [
        {
          name: "alice",
          apiKeyHash: createHash("sha256").update("key-1").digest("hex"),
          role: "admin",
          provider: "cloud",
        },
      ],
    });
    expect(
      await faultsOf(`${HEAD}server: { users: { alice: { apiKey: key-1, provider: clod } } }\n`),
    ).toEqual(['3:54 unknown provider "clod" (did you mean "cloud"?)']);
  });

  it("the store keeps records for thirty days unless told otherwise", async () => {
    expect((await configOf(HEAD)).store).toEqual({ url: "sqlite:", keepMs: 2_592_000_000 });
  });
});

describe("warnings", () => {
  it.each([
    [
      "division by instances with min 0",
      group("").replace("min: 1", 'min: 0, signals: { load: "100 / instances" }'),
      [
        "4:42 division by instances, and min is 0: unavailable while there is none (write max([instances, 1]))",
      ],
    ],
    [
      "no division by what is never 0",
      group("").replace("min: 1", 'min: 0, signals: { load: "100 / max([instances, 1])" }'),
      [],
    ],
    [
      "a for that is shorter than a round",
      policy("{ when: cpu > 1, for: 5s, change: +1 }"),
      ["10:32 for 5s is shorter than every 10s: one round decides (write for: 20s, or leave it out)"],
    ],
    [
      "a condition that is always the same",
      policy("{ when: 1 > 2, change: +1 }"),
      ["10:18 when names no metric: it is always the same (name one, such as cpu > 70)"],
    ],
    [
      "a desired count out of reach",
      policy('{ schedule: "0 22 * * *", desired: 9 }'),
      ["10:45 desired 9 lies outside the group's bounds: it will be max 4 (change one of them)"],
    ],
    [
      "a change where there is no room",
      policy("{ when: cpu > 1, change: +1 }").replace("min: 1", "min: 4"),
      ["10:27 policy p can never act: min and max are both 4 (raise max)"],
    ],
    [
      "a window above max",
      group("windows: { w: { min: 9 } }"),
      ["4:69 window w wants at least 9, and the group's max is 4: max wins (raise the group's max)"],
    ],
    [
      "a schedule that is never due",
      policy('{ schedule: "0 0 31 2 *", desired: 1 }'),
      ["10:22 this schedule is never due"],
    ],
    [
      "a metric's name that is nearly a known one",
      group("metrics: { c: { source: group, metric: cpuPercnt } }"),
      ['4:87 metric "cpuPercnt" is none of the names that every provider knows (did you mean cpuPercent?)'],
    ],
    [
      "a file without groups",
      HEAD,
      ["1:1 the file has no group: there is nothing to scale (groups: { web: { min: 1, max: 4, … } })"],
    ],
  ])("speak of %s", async (_name, text, warnings) => {
    expect(await warningsOf(text)).toEqual(warnings);
  });
});
