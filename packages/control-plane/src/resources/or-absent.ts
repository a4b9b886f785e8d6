import { isBellowsError } from "@bellows/core";

/** What a read gives; undefined where the thing is not there. */
export async function orAbsent<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (isBellowsError(error, "not-found")) return undefined;
    throw error;
  }
}
