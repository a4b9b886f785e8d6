import { z } from "zod";
import type { CallOptions, Ref, WriteOptions } from "./common.js";
import { countSchema } from "./common.js";

/** What a task takes from the instance it runs on. */
export const taskSizeSchema = z.object({
  /** CPU units, 1024 to a core. */
  cpu: z.number().min(0),
  memoryBytes: z.number().int().min(0),
});
/** What a task takes from the instance it runs on. */
export type TaskSize = z.infer<typeof taskSizeSchema>;

/** A service of a container cluster. */
export const serviceSchema = z.object({
  name: z.string(),
  id: z.string(),
  cluster: z.string(),
  desired: countSchema,
  running: countSchema,
  pending: countSchema,
  task: taskSizeSchema,
});
/** A service of a container cluster. */
export type Service = z.infer<typeof serviceSchema>;

/** An instance as a host of tasks. */
export const containerInstanceSchema = z.object({
  id: z.string(),
  /** Id of the server under it. */
  server: z.string(),
  status: z.enum(["active", "draining", "inactive"]),
  capacity: taskSizeSchema,
  free: taskSizeSchema,
  runningTasks: z.number().int().min(0),
});
/** An instance as a host of tasks. */
export type ContainerInstance = z.infer<typeof containerInstanceSchema>;

/** A container cluster. */
export interface Cluster {
  name: string;
  id: string;
  services: number;
  instances: number;
}

/** Container clusters. */
export interface ClustersDriver {
  list(options?: CallOptions): AsyncIterable<Cluster>;
  get(cluster: Ref, options?: CallOptions): Promise<Cluster>;
  services(cluster: Ref, options?: CallOptions): AsyncIterable<Service>;
  instances(cluster: Ref, options?: CallOptions): AsyncIterable<ContainerInstance>;
  /** Sets a service's desired count. Returned: accepted. */
  scaleService(cluster: Ref, service: Ref, desired: number, options?: WriteOptions): Promise<void>;
  /** Lets tasks leave an instance. Returned: accepted. @throws NotFoundError when the cluster does not know it. */
  drain(cluster: Ref, instance: Ref, options?: WriteOptions): Promise<void>;
}
