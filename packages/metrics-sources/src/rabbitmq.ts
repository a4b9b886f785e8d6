import { defineMetricSource } from "@bellows/core";
import { z } from "zod";
import { absoluteUrl, boundFields, connectionFields } from "./connection.js";
import { text } from "./values.js";

const { timeout, tls } = connectionFields;
const options = z.strictObject({
  /** Root of the management API, without `/api`: `http://host:15672`. */
  url: absoluteUrl,
  user: text().optional(),
  password: z.string().optional(),
  /** Virtual host (default `/`). */
  vhost: text().optional(),
  timeout,
  tls,
  ...boundFields,
});
const query = z.strictObject({
  queue: text(),
  /** Virtual host, if not the source's. */
  vhost: text().optional(),
  /** Which of the queue's numbers, as the management API names them (default `messages_ready`). */
  field: text().optional(),
});

/** Lengths of RabbitMQ queues, by the management API. */
export default defineMetricSource({
  name: "rabbitmq",
  contract: 1,
  options,
  query,
  create: () => ({ read: async (queries) => queries.map(() => ({ unavailable: "not written yet" })) }),
});
