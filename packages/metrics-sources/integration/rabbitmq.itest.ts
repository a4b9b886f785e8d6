import { createHost, type Sample } from "@bellows/core";
import { hasProgram, startRabbitMq, type TestServer, waitFor } from "@bellows/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import rabbitmq from "../src/rabbitmq.js";

type Query = { queue: string; vhost?: string; field?: string };

describe.skipIf(!hasProgram("rabbitmq-server", "rabbitmq-server"))(
  "the rabbitmq source, asking a real RabbitMQ",
  () => {
    let server: TestServer;

    const api = async (method: string, path: string, body: object = {}): Promise<void> => {
      const authorization = `Basic ${Buffer.from("guest:guest").toString("base64")}`;
      const response = await fetch(`${server.url}/api${path}`, {
        method,
        headers: { authorization, "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    };
    const declare = (queue: string, vhost = "%2F"): Promise<void> =>
      api("PUT", `/queues/${vhost}/${encodeURIComponent(queue)}`);
    const publish = (queue: string, vhost = "%2F"): Promise<void> =>
      api("POST", `/exchanges/${vhost}/amq.default/publish`, {
        properties: {},
        routing_key: queue,
        payload: "work",
        payload_encoding: "string",
      });

    let requests = 0;
    const ask = async (queries: Query[], options: object = {}): Promise<Sample[]> => {
      const host = createHost({ key: "rabbit" });
      const counting = {
        ...host,
        http: {
          request: (...request: Parameters<typeof host.http.request>) => {
            requests += 1;
            return host.http.request(...request);
          },
        },
      };
      const settings = rabbitmq.options.parse({
        url: server.url,
        user: "guest",
        password: "guest",
        ...options,
      });
      const source = await rabbitmq.create(settings, counting);
      return source.read(
        queries.map((params) => ({ params })),
        { deadlineMs: 10_000 },
      );
    };
    const until = (query: Query, value: number): Promise<Sample[]> =>
      waitFor(
        async () => {
          const samples = await ask([query]);
          return (
            "value" in (samples[0] ?? {}) && (samples[0] as { value: number }).value === value && samples
          );
        },
        { what: `${query.queue} at ${value}`, everyMs: 200 },
      );

    beforeAll(async () => {
      server = await startRabbitMq();
      await api("PUT", "/vhosts/team%2Fa");
      await api("PUT", "/permissions/team%2Fa/guest", { configure: ".*", write: ".*", read: ".*" });
      await Promise.all([
        declare("celery"),
        declare("a queue/with odd signs?"),
        declare("other", "team%2Fa"),
      ]);
      for (let count = 0; count < 3; count++) await publish("celery");
      await publish("other", "team%2Fa");
    });
    afterAll(() => server?.stop());

    test("a queue's messages are its value, once RabbitMQ tells them", async () => {
      expect(await until({ queue: "celery" }, 3)).toMatchObject([{ value: 3 }]);
    });

    test("names with any signs, and queues of another virtual host, are found", async () => {
      expect(await until({ queue: "a queue/with odd signs?" }, 0)).toMatchObject([{ value: 0 }]);
      expect(await until({ queue: "other", vhost: "team/a" }, 1)).toMatchObject([{ value: 1 }]);
      expect(await ask([{ queue: "other" }], { vhost: "team/a" })).toMatchObject([{ value: 1 }]);
    });

    test("any of its numbers can be asked for, by its path", async () => {
      await until({ queue: "celery" }, 3);
      expect(
        await ask([
          { queue: "celery", field: "consumers" },
          { queue: "celery", field: "message_stats.publish" },
        ]),
      ).toMatchObject([{ value: 0 }, { value: 3 }]);
    });

    test("a field that is not there is unknown, not zero; a queue that is not there is named", async () => {
      expect(await ask([{ queue: "celery", field: "no_such_field" }, { queue: "gone" }])).toEqual([
        { unavailable: expect.stringContaining('no_such_field of queue "celery" is not there') },
        { unavailable: 'there is no queue "gone" in virtual host "/" (404)' },
      ]);
    });

    test("a queue just declared is unknown until RabbitMQ has counted it", async () => {
      await declare("young");
      const [sample] = await ask([{ queue: "young" }]);
      if (sample !== undefined && "value" in sample) expect(sample.value).toBe(0);
      else
        expect(sample).toEqual({
          unavailable: expect.stringContaining("not yet, for a queue just declared"),
        });
      expect(await until({ queue: "young" }, 0)).toMatchObject([{ value: 0 }]);
    });

    test("one queue asked for by several metrics is read once; many queues are read as a list", async () => {
      const names = Array.from({ length: 25 }, (_, at) => `many-${at}`);
      await Promise.all(names.map((name) => declare(name)));
      await publish("many-24");
      await until({ queue: "many-24" }, 1);
      requests = 0;
      expect(await ask([{ queue: "celery" }, { queue: "celery", field: "consumers" }])).toMatchObject([
        { value: 3 },
        { value: 0 },
      ]);
      expect(requests).toBe(1);
      requests = 0;
      const samples = await ask([...names, "gone"].map((queue) => ({ queue })));
      expect(requests).toBe(1);
      expect(samples[24]).toMatchObject({ value: 1 });
      expect(samples[25]).toEqual({ unavailable: 'there is no queue "gone" in virtual host "/"' });
    });

    test("a wrong password is told as such, and not shown", async () => {
      const [sample] = await ask([{ queue: "celery" }], { password: "hunter22hunter" });
      expect(sample).toEqual({ unavailable: expect.stringMatching(/401.*check the credentials/) });
      expect(JSON.stringify(sample)).not.toContain("hunter22");
    });
  },
);
