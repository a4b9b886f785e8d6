import { createHost, type Host, type HttpResponse, type Sample } from "@bellows/core";
import { expect, test } from "vitest";
import rabbitmq from "./rabbitmq.js";

/** A broker with 1,200 queues `q0 q1 …`, each with as many messages as its number says, in pages as RabbitMQ gives them. */
function create() {
  const seen: URL[] = [];
  const names = Array.from({ length: 1_200 }, (_, at) => ({ name: `q${at}`, messages_ready: at }));
  const host: Host = {
    ...createHost({ key: "rabbit" }),
    http: {
      async request(text) {
        const url = new URL(text);
        seen.push(url);
        const page = Number(url.searchParams.get("page"));
        const size = Number(url.searchParams.get("page_size"));
        const items = names.slice((page - 1) * size, page * size);
        const body = JSON.stringify({ page, page_count: Math.ceil(names.length / size), items });
        return {
          status: 200,
          headers: {},
          body,
          json: <T>() => JSON.parse(body) as T,
        } satisfies HttpResponse;
      },
    },
  };
  const source = rabbitmq.create(rabbitmq.options.parse({ url: "http://rabbit/root/" }), host);
  const read = async (queues: string[]): Promise<Sample[]> =>
    (await source).read(
      queues.map((queue) => ({ params: { queue } })),
      { deadlineMs: 5_000 },
    );
  return { read, seen };
}

const queues = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `q${from + at}`);

test("the list of queues is read page by page, as far as the wanted ones go", async () => {
  const near = create();
  expect((await near.read(queues(10, 25)))[24]).toMatchObject({ value: 34 });
  expect(near.seen.map(({ pathname }) => pathname)).toEqual(["/root/api/queues/%2F"]);
  const far = create();
  expect((await far.read(queues(980, 40)))[39]).toMatchObject({ value: 1_019 });
  expect(far.seen.map(({ searchParams }) => searchParams.get("page"))).toEqual(["1", "2", "3"]);
  expect(far.seen[0]?.searchParams.get("columns")).toBe("name,messages_ready");
});

test("a queue that is on no page is named, and the others have their values", async () => {
  const { read, seen } = create();
  const samples = await read([...queues(0, 21), "gone"]);
  expect(samples[20]).toMatchObject({ value: 20 });
  expect(samples[21]).toEqual({ unavailable: 'there is no queue "gone" in virtual host "/"' });
  expect(seen).toHaveLength(3);
});
