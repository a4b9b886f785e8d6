import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { renamed, takesAll, unknownNames } from "./metric-expression.js";
import { companyOf, entriesOf, nameOf, placesOf, type Question, readQuestion } from "./metric-query.js";

/** A question that can be asked. */
function read(params: unknown, home?: string): Question {
  const question = readQuestion(params, home);
  if (typeof question === "string") throw new Error(question);
  return question;
}

const cpu = { namespace: "AWS/EC2", metric: "CPUUtilization" };
const web = { ...cpu, dimensions: { AutoScalingGroupName: "web" } };
const rate = {
  expression: "100 * errors / requests",
  using: {
    errors: { namespace: "Shop", metric: "Errors", stat: "Sum" },
    requests: { namespace: "Shop", metric: "Requests", stat: "Sum" },
  },
};

describe("a question to CloudWatch", () => {
  it("is about a minute's average where nothing else is said", () => {
    const { unit, offsetMs } = read(web);
    expect(offsetMs).toBe(0);
    expect(entriesOf(unit, "q0")).toEqual([
      {
        Id: "q0",
        MetricStat: {
          Metric: {
            Namespace: "AWS/EC2",
            MetricName: "CPUUtilization",
            Dimensions: [{ Name: "AutoScalingGroupName", Value: "web" }],
          },
          Period: 60,
          Stat: "Average",
        },
      },
    ]);
    expect(nameOf(unit)).toBe("AWS/EC2 CPUUtilization {AutoScalingGroupName=web}");
  });

  it("takes any period, statistic and expression that CloudWatch has", () => {
    expect(entriesOf(read({ ...web, stat: "p99.9", period: 10_000 }).unit, "q0")).toMatchObject([
      { MetricStat: { Stat: "p99.9", Period: 10 } },
    ]);
    const select = { expression: 'SELECT AVG(CPUUtilization) FROM "AWS/EC2"', period: 300_000 };
    expect(entriesOf(read(select).unit, "q7")).toEqual([
      { Id: "q7", Expression: select.expression, Period: 300 },
    ]);
  });

  it("has names of its own for what an expression uses, so that many fit in a call", () => {
    const entries = entriesOf(read(rate).unit, "q3");
    expect(placesOf(read(rate).unit)).toBe(3);
    expect(entries.map(({ Id, Expression, ReturnData }) => [Id, Expression, ReturnData])).toEqual([
      ["q3", "100 * q3_errors / q3_requests", undefined],
      ["q3_errors", undefined, false],
      ["q3_requests", undefined, false],
    ]);
  });

  it.each([
    [{ namespace: "AWS/EC2" }, /^metric /],
    [{ ...web, period: 90_000 }, "period must be a multiple of 60,000 ms, or 1, 5, 10, 20 or 30 s"],
    [{ ...web, region: "Ireland" }, "region must be a region such as eu-west-1"],
    [{ ...web, surprise: 1 }, /surprise/],
    [{ expression: "m1 * 2" }, "the expression uses m1, which stands nowhere under using (names: none)"],
    [{ expression: "a", using: { A: cpu } }, /^using.A /],
    [undefined, /./],
  ])("cannot be %j", (params, reason) => {
    const question = readQuestion(params);
    expect(question).toEqual(typeof reason === "string" ? reason : expect.stringMatching(reason));
  });

  it("is the same however it is written", () => {
    const turned = { dimensions: { AutoScalingGroupName: "web" }, metric: "CPUUtilization" };
    const other = { ...turned, stat: "Average", offset: 60_000, namespace: "AWS/EC2", region: "eu-west-1" };
    expect(read(web, "eu-west-1").unit.key).toBe(read(other, "eu-west-1").unit.key);
    for (const change of [{ stat: "Sum" }, { period: 300_000 }, { region: "us-east-1" }, { dimensions: {} }])
      expect(read({ ...web, ...change }).unit.key).not.toBe(read(web).unit.key);
  });

  it.each([
    [web, "any"],
    [rate, "any"],
    [{ expression: 'select MAX(x) FROM "Shop"' }, "no-select"],
    [{ expression: "SUM(METRICS())" }, "none"],
    [{ expression: "SUM(SEARCH('{Shop} METRICS()', 'Sum'))" }, "any"],
  ])("%j shares a call with: %s", (params, company) => expect(companyOf(read(params).unit)).toBe(company));
});

describe("names in expressions", () => {
  it.each([
    ["m1 + m2 * m1", ["m1", "m2"]],
    ["SUM(SEARCH('{Shop,queue} m9', 'Sum'))", []],
    ["IF(m1 > 5 AND m2 < 1e3, FILL(m1, 0), m2)", ["m1", "m2"]],
    ["RATE(e1) / PERIOD(e1)", ["e1"]],
    ["fill(m1, 0)", ["m1"]],
    ["SORT(SEARCH(\"x\", 'Sum'), avg, desc)", []],
    ["SELECT SUM(requests) FROM shop GROUP BY queue", []],
    ["2.5e3 / m1", ["m1"]],
  ])("of %s are %j", (expression, names) => expect(unknownNames(expression, [])).toEqual(names));

  it("are changed as whole words outside quotes, and back again without a trace", () => {
    const word = fc.stringMatching(/^[a-z][a-zA-Z0-9]{0,4}$/);
    const piece = fc.oneof(
      word,
      word.map((name) => `${name.toUpperCase()}(`),
      word.map((name) => `'${name} x'`),
      word.map((name) => `"${name}"`),
      fc.constantFrom("+", " ", ")", ",", "3", "1.5"),
    );
    fc.assert(
      fc.property(fc.array(piece), fc.uniqueArray(word), (pieces, names) => {
        const expression = pieces.join(" ");
        const there = renamed(expression, names, (name) => `q1_${name}`);
        const own = names.map((name) => `q1_${name}`);
        expect(unknownNames(there, own)).toEqual(unknownNames(expression, names));
        expect(renamed(there, own, (name) => name.slice("q1_".length))).toBe(expression);
        expect(takesAll(there)).toBe(takesAll(expression));
      }),
    );
  });
});
