import { describe, expect, it } from "vitest";
import { collect, type Page, pages } from "./paging.js";

const BOOK: Record<string, Page<number>> = {
  "": { items: [1, 2], next: "b" },
  b: { items: [], next: "c" },
  c: { items: [3] },
};

function reader(book = BOOK) {
  const asked: string[] = [];
  const fetchPage = async (marker = ""): Promise<Page<number>> => {
    asked.push(marker);
    return book[marker] ?? { items: [] };
  };
  return { asked, fetchPage };
}

describe("a list that pages by itself", () => {
  it("reads every page, also past an empty one", async () => {
    const { fetchPage, asked } = reader();
    expect(await collect(pages(fetchPage))).toEqual([1, 2, 3]);
    expect(asked).toEqual(["", "b", "c"]);
  });

  it("fetches no page that nobody reads", async () => {
    const { fetchPage, asked } = reader();
    expect(await collect(pages(fetchPage), 2)).toEqual([1, 2]);
    expect(asked).toEqual([""]);
    expect(await collect(pages(fetchPage), 0)).toEqual([]);
  });

  it("ends when the cloud gives a marker twice", async () => {
    const { fetchPage } = reader({ "": { items: [1], next: "a" }, a: { items: [2], next: "a" } });
    expect(await collect(pages(fetchPage))).toEqual([1, 2]);
  });

  it("stops between pages when aborted", async () => {
    const { fetchPage, asked } = reader();
    const stop = new AbortController();
    const seen: number[] = [];
    const reading = (async () => {
      for await (const item of pages(fetchPage, { signal: stop.signal })) {
        seen.push(item);
        if (item === 2) stop.abort(new Error("enough"));
      }
    })();
    await expect(reading).rejects.toThrow("enough");
    expect(seen).toEqual([1, 2]);
    expect(asked).toEqual([""]);
  });
});
