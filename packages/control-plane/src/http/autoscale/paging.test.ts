import { expect, test } from "vitest";
import { linksOf } from "./links.js";
import { pageOf, readLimit } from "./paging.js";

const all = ["c", "a", "b"].map((id) => ({ id }));
const url = "http://here/v1.0/local/groups/";

test("a list comes in order of ids, and a full page has a link to the next, which may be empty", () => {
  expect(pageOf(all, {}, url)).toEqual({ items: [{ id: "a" }, { id: "b" }, { id: "c" }], links: [] });
  const first = pageOf(all, { limit: "2" }, url);
  expect(first.items.map(({ id }) => id)).toEqual(["a", "b"]);
  expect(first.links).toEqual([{ href: `${url}?limit=2&marker=b`, rel: "next" }]);
  expect(pageOf(all, { limit: "1", marker: "b" }, url).links).toHaveLength(1);
  expect(pageOf(all, { marker: "c" }, url)).toEqual({ items: [], links: [] });
});

test("a marker that is gone is compared all the same", () => {
  expect(pageOf(all, { marker: "aa" }, url).items.map(({ id }) => id)).toEqual(["b", "c"]);
});

test.each([
  [undefined, 100],
  ["5", 5],
  ["0", 1],
  ["-3", 1],
  ["101", 100],
])("limit %j is %j", (limit, entries) => expect(readLimit(limit)).toBe(entries));

test.each(["", "x", "1.5", "1e2"])("limit %j is refused", (limit) => {
  expect(() => readLimit(limit)).toThrow('Invalid query argument for "limit"');
});

test("addresses end in a slash, whatever stands in an id", () => {
  const links = linksOf("http://here", "local");
  expect(links.webhook("g", "a/b", "w?")).toBe(
    "http://here/v1.0/local/groups/g/policies/a%2Fb/webhooks/w%3F/",
  );
});
