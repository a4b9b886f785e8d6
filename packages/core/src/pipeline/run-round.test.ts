import type { Observable } from "rxjs";
import { EMPTY, map, NEVER, throwError } from "rxjs";
import { TestScheduler } from "rxjs/testing";
import { describe, expect, it } from "vitest";
import type { ScalingSpec } from "../contracts/scaling.js";
import type { Answer, ReadyGroup } from "./gather.js";
import type { Ask } from "./round-plan.js";
import { planRound } from "./round-plan.js";
import type { RoundEnds } from "./run-round.js";
import { gridOfRounds, runRounds, workAndSleep } from "./run-round.js";

/** A group whose metrics are read from these sources, one metric each. Half a round is 50 frames. */
function group(name: string, { provider = "p", sources = [] as string[], everyMs = 100 } = {}): ScalingSpec {
  const metrics = sources.map((source, index) => ({
    name: `m${index}`,
    source,
    params: { q: `${name}${index}` },
    maxAgeMs: 1,
  }));
  return { name, ref: name, provider, everyMs, metrics } as unknown as ScalingSpec;
}

const status = (name: string) =>
  ({ status: { group: { name, desired: 1 }, instances: [], observedAtMs: 0 } }) as unknown as Answer["value"];

/** All answers that an ask wants, at once. */
function answers(ask: Ask): Answer[] {
  const asked = ask.kind === "look" ? ask.refs : ask.queries;
  return asked.map((of, position) => ({
    position,
    value: typeof of === "string" ? status(of) : { value: position, observedAtMs: 0 },
  }));
}

/** `web ok 5` or `web late`: what a settled group had for inputs. */
function summary({ name, observation, samples }: ReadyGroup): string {
  const inputs = ["status" in observation ? "seen" : observation.unavailable];
  for (const sample of samples) inputs.push("value" in sample ? "ok" : sample.unavailable);
  return `${name}: ${inputs.join(", ")}`;
}

type Helpers = Parameters<Parameters<TestScheduler["run"]>[0]>[0];

/** Plays a test in virtual time; `asked` names the asks in order, with their frames. */
function play(
  specs: ScalingSpec[],
  script: (
    helpers: Helpers,
    rounds: (due: Observable<string[]>, ends: Partial<RoundEnds<string>>) => Observable<string>,
    asked: string[],
  ) => void,
): void {
  const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
  const asked: string[] = [];
  scheduler.run((helpers) => {
    const rounds = (due: Observable<string[]>, ends: Partial<RoundEnds<string>>): Observable<string> =>
      runRounds(due, {
        plan: (names) =>
          planRound(
            specs.filter(({ name }) => names.includes(name)).map((spec) => ({ spec })),
            1,
          ),
        settle: (ready) => helpers.cold("(a|)", { a: summary(ready) }),
        failed: () => undefined,
        scheduler,
        stop: NEVER,
        ...ends,
        ask: (ask) => {
          asked.push(
            `${scheduler.now()} ${ask.kind === "look" ? `look ${ask.provider}` : `read ${ask.source}`}`,
          );
          return ends.ask?.(ask) ?? helpers.cold("(a|)", { a: answers(ask) });
        },
      });
    script(helpers, rounds, asked);
  });
}

/** Answers `frames` after being asked. */
const after = ({ cold }: Helpers, frames: number, ask: Ask): Observable<Answer[]> =>
  cold(`${frames}ms (a|)`, { a: answers(ask) });

describe("runRounds", () => {
  it("asks each provider and each source once for all groups", () => {
    const specs = [group("a", { sources: ["s"] }), group("b", { sources: ["s", "t"] })];
    play(specs, (helpers, rounds, asked) => {
      const due = helpers.cold("(d|)", { d: ["a", "b"] });
      helpers.expectObservable(rounds(due, {})).toBe("(ab|)", { a: "a: seen, ok", b: "b: seen, ok, ok" });
      helpers.flush();
      expect(asked).toEqual(["0 look p", "0 read s", "0 read t"]);
    });
  });

  it("lets a group go on as soon as its own inputs have answered", () => {
    const specs = [group("slow", { sources: ["s"] }), group("fast", { sources: ["t"] })];
    play(specs, (helpers, rounds) => {
      const due = helpers.cold("(d|)", { d: ["slow", "fast"] });
      const ask = (one: Ask) => after(helpers, one.kind === "read" && one.source === "s" ? 30 : 5, one);
      helpers
        .expectObservable(rounds(due, { ask }))
        .toBe("5ms f 24ms (s|)", { f: "fast: seen, ok", s: "slow: seen, ok" });
    });
  });

  it("lets a group go on when one answer of a shared read is its own", () => {
    const specs = [group("a", { sources: ["s"] }), group("b", { sources: ["s"] })];
    play(specs, (helpers, rounds) => {
      const due = helpers.cold("(d|)", { d: ["a", "b"] });
      const ask = (one: Ask) => {
        if (one.kind === "look") return after(helpers, 0, one);
        const [first, second] = answers(one);
        return helpers.cold("10ms f 9ms (s|)", { f: [first!], s: [second!] });
      };
      helpers
        .expectObservable(rounds(due, { ask }))
        .toBe("10ms a 9ms (b|)", { a: "a: seen, ok", b: "b: seen, ok" });
    });
  });

  it("makes a source that hangs unavailable for its own groups, when half the round is over, and aborts the read", () => {
    const specs = [group("dead", { sources: ["s"] }), group("well", { sources: ["t"] })];
    play(specs, (helpers, rounds) => {
      const due = helpers.cold("(d|)", { d: ["dead", "well"] });
      const hanging = helpers.cold<Answer[]>("-");
      const ask = (one: Ask) =>
        one.kind === "read" && one.source === "s" ? hanging : after(helpers, 1, one);
      helpers
        .expectObservable(rounds(due, { ask }))
        .toBe("1ms w 48ms (d|)", { w: "well: seen, ok", d: "dead: seen, did not answer within 50ms" });
      helpers.expectSubscriptions(hanging.subscriptions).toBe("^ 49ms !");
    });
  });

  it("gives each metric its own time", () => {
    const spec = group("a", { sources: ["s", "t"] });
    const [quick, slow] = spec.metrics;
    const specs = [{ ...spec, metrics: [{ ...quick!, timeoutMs: 10 }, slow!] }];
    play(specs, (helpers, rounds) => {
      const due = helpers.cold("(d|)", { d: ["a"] });
      const ask = (one: Ask) => after(helpers, one.kind === "read" ? 20 : 0, one);
      helpers
        .expectObservable(rounds(due, { ask }))
        .toBe("20ms (a|)", { a: "a: seen, did not answer within 10ms, ok" });
    });
  });

  it("lets a source that fails, or ends early, fail alone", () => {
    const specs = [group("a", { sources: ["broken"] }), group("b", { sources: ["mute"] }), group("c")];
    play(specs, (helpers, rounds) => {
      const due = helpers.cold("(d|)", { d: ["a", "b", "c"] });
      const ask = (one: Ask): Observable<Answer[]> => {
        if (one.kind === "look") return after(helpers, 0, one);
        return one.source === "broken" ? throwError(() => new Error("no route to host")) : EMPTY;
      };
      helpers.expectObservable(rounds(due, { ask })).toBe("(abc|)", {
        a: "a: seen, no route to host",
        b: "b: seen, gave no answer",
        c: "c: seen",
      });
    });
  });

  it("does not let a dead provider delay the groups of others", () => {
    const specs = [group("a", { provider: "dead" }), group("b", { provider: "well" })];
    play(specs, (helpers, rounds) => {
      const due = helpers.cold("(d|)", { d: ["a", "b"] });
      const ask = (one: Ask) => (one.provider === "dead" ? NEVER : after(helpers, 2, one));
      helpers
        .expectObservable(rounds(due, { ask }))
        .toBe("2ms b 4997ms (a|)", { b: "b: seen", a: "a: did not answer within 5s" });
    });
  });

  it("has one read of a source in flight, and leaves out the one whose time is over before its turn", () => {
    const specs = [
      group("a", { provider: "p", sources: ["s"] }),
      group("b", { provider: "q", sources: ["s"] }),
      group("c", { provider: "r", sources: ["s"] }),
    ];
    play(specs, (helpers, rounds, asked) => {
      const due = helpers.cold("(d|)", { d: ["a", "b", "c"] });
      const ask = (one: Ask) => after(helpers, one.kind === "read" ? 30 : 0, one);
      helpers.expectObservable(rounds(due, { ask })).toBe("30ms a 19ms (bc|)", {
        a: "a: seen, ok",
        b: "b: seen, did not answer within 50ms",
        c: "c: seen, did not answer within 50ms",
      });
      helpers.flush();
      expect(asked.filter((one) => one.endsWith("read s"))).toEqual(["0 read s", "30 read s"]);
    });
  });

  it("leaves a group out of the next round while its last one still runs, and runs the others", () => {
    play([group("slow"), group("fast")], (helpers, rounds) => {
      const due = helpers.cold("d 9ms d 29ms (d|)", { d: ["slow", "fast"] });
      const settle = ({ name }: ReadyGroup) =>
        helpers.cold(name === "slow" ? "20ms (a|)" : "(a|)", { a: name });
      helpers
        .expectObservable(rounds(due, { settle }))
        .toBe("f 9ms f 9ms s 19ms f 19ms (s|)", { f: "fast", s: "slow" });
    });
  });

  it("goes on with the other groups, and with the same group's next round, after an error", () => {
    play([group("a"), group("b")], (helpers, rounds) => {
      const errors: string[] = [];
      let isFirst = true;
      const settle = ({ name }: ReadyGroup): Observable<string> => {
        if (name === "b" || !isFirst) return helpers.cold("(x|)", { x: name });
        isFirst = false;
        return throwError(() => new Error("disk full"));
      };
      const failed = (name: string, error: unknown) =>
        void errors.push(`${name}: ${(error as Error).message}`);
      const due = helpers.cold("d 9ms (d|)", { d: ["a", "b"] });
      helpers.expectObservable(rounds(due, { settle, failed })).toBe("b 9ms (ab|)", { a: "a", b: "b" });
      helpers.flush();
      expect(errors).toEqual(["a: disk full"]);
    });
  });

  it("asks nothing more after stop, and lets what is being settled end", () => {
    play([group("a"), group("b", { sources: ["s"] })], (helpers, rounds) => {
      const due = helpers.cold("d 19ms d 19ms d", { d: ["a", "b"] });
      const looks = helpers.cold("(a|)", {
        a: [
          { position: 0, value: status("a") },
          { position: 1, value: status("b") },
        ],
      });
      const ask = (one: Ask) => (one.kind === "look" ? looks : (NEVER as Observable<Answer[]>));
      const settle = ({ name }: ReadyGroup) => helpers.cold("25ms (x|)", { x: name });
      const stop = helpers.cold("10ms s");
      helpers.expectObservable(rounds(due, { ask, settle, stop })).toBe("25ms (x|)", { x: "a" });
      helpers.expectSubscriptions(due.subscriptions).toBe("^ 9ms !");
    });
  });

  it("takes the definitions that hold when the round begins", () => {
    let current = [group("a", { sources: ["s"] })];
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    scheduler.run((helpers) => {
      const due = helpers.cold("d 9ms d|", { d: ["a"] }).pipe(
        map((names, index) => {
          if (index === 1) current = [group("a", { sources: [] })];
          return names;
        }),
      );
      const rounds = runRounds(due, {
        plan: () =>
          planRound(
            current.map((spec) => ({ spec })),
            1,
          ),
        ask: (one) => helpers.cold("(a|)", { a: answers(one) }),
        settle: (ready) => helpers.cold("(a|)", { a: summary(ready) }),
        failed: () => undefined,
        scheduler,
        stop: NEVER,
      });
      helpers.expectObservable(rounds).toBe("a 9ms b|", { a: "a: seen, ok", b: "a: seen" });
    });
  });
});

describe("gridOfRounds", () => {
  const onGrid = (
    marbles: string,
    groups: () => { name: string; everyMs: number }[],
    expected: [number, string[]][],
  ) => {
    const scheduler = new TestScheduler((actual, wanted) => expect(actual).toEqual(wanted));
    scheduler.run(({ expectObservable, flush }) => {
      const seen: [number, string[]][] = [];
      const grid = gridOfRounds(groups, scheduler).pipe(map((due) => void seen.push([scheduler.now(), due])));
      expectObservable(grid.pipe(map(() => "x")), marbles);
      flush();
      expect(seen).toEqual(expected);
    });
  };

  it("begins at once, then wherever the time is a multiple of a group's period", () => {
    const groups = [
      { name: "fast", everyMs: 20 },
      { name: "slow", everyMs: 50 },
    ];
    onGrid(
      "^ 99ms !",
      () => groups,
      [
        [0, ["fast", "slow"]],
        [20, ["fast"]],
        [40, ["fast"]],
        [50, ["slow"]],
        [60, ["fast"]],
        [80, ["fast"]],
        [100, ["fast", "slow"]],
      ].slice(0, 6) as [number, string[]][],
    );
  });

  it("sees a group that a reload brings within a second, however long the others' periods are", () => {
    const groups = [{ name: "slow", everyMs: 3_600_000 }];
    let asked = 0;
    const reloaded = () => {
      asked += 1;
      if (asked === 4) groups.push({ name: "new", everyMs: 1_000 });
      return groups;
    };
    const scheduler = new TestScheduler((actual, wanted) => expect(actual).toEqual(wanted));
    scheduler.run(({ expectObservable, flush }) => {
      const seen: [number, string[]][] = [];
      const grid = gridOfRounds(reloaded, scheduler).pipe(
        map((due) => void seen.push([scheduler.now(), due])),
      );
      expectObservable(grid, "^ 3500ms !");
      flush();
      expect(seen[0]).toEqual([0, ["slow"]]);
      expect(seen[1]?.[1]).toEqual(["new"]);
      expect(seen[1]?.[0]).toBeLessThanOrEqual(2_000);
    });
  });

  it("has nothing due while there are no groups, and does not end", () => {
    const scheduler = new TestScheduler((actual, wanted) => expect(actual).toEqual(wanted));
    scheduler.run(({ expectObservable }) => {
      expectObservable(
        gridOfRounds(() => [], scheduler),
        "^ 5s !",
      ).toBe("-");
    });
  });
});

describe("workAndSleep", () => {
  it("works at once, then after each sleep, and never sleeps while it works", () => {
    const scheduler = new TestScheduler((actual, wanted) => expect(actual).toEqual(wanted));
    scheduler.run(({ cold, expectObservable }) => {
      const stream = workAndSleep(
        () => cold("5ms (w|)"),
        () => 10,
        scheduler,
      );
      expectObservable(stream, "^ 36ms !").toBe("5ms w 14ms w 14ms w");
    });
  });

  it("sleeps ten seconds at most, so that a clock that jumped is noticed", () => {
    const scheduler = new TestScheduler((actual, wanted) => expect(actual).toEqual(wanted));
    scheduler.run(({ cold, expectObservable }) => {
      const stream = workAndSleep(
        () => cold("(w|)"),
        () => Number.POSITIVE_INFINITY,
        scheduler,
      );
      expectObservable(stream, "^ 20001ms !").toBe("w 9999ms w 9999ms w");
    });
  });
});
