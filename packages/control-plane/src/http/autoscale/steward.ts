import type { ExecutionOutcome, Group } from "@bellows/core";

/** A group at its cloud. */
export type AtCloud = Pick<Group, "id" | "name">;

/**
 * Whoever runs the groups that this API works on: knows which ones a file manages, and has executions and changes pass
 * in their turn.
 */
export interface Steward {
  /** The file that declares a group, or will make one of that name; undefined: none does. */
  managedBy(tenant: string, group: AtCloud): string | undefined;
  /** Executes a policy. Returned: accepted by the cloud, and recorded. @param by - who asks. */
  execute(tenant: string, group: AtCloud, policy: string, by: string): Promise<ExecutionOutcome>;
  /**
   * Changes a group in its turn; policies and definition are read anew afterwards.
   * @param work - told a function that notes a desired count which the cloud accepted.
   */
  change<T>(
    tenant: string,
    group: AtCloud,
    work: (acknowledge: (desired: number) => void) => Promise<T>,
  ): Promise<T>;
  /** A group was made: it begins without any past. */
  made(tenant: string, group: AtCloud): Promise<void>;
  /** A group was deleted. */
  gone(tenant: string, group: AtCloud): Promise<void>;
  /** Whether a pause of Bellows's own lies on a group, beside that of its cloud. */
  isHeld(tenant: string, group: AtCloud): Promise<boolean>;
  /** Ends that pause. */
  release(tenant: string, group: AtCloud): Promise<void>;
}
