import type { Clock } from "../clock.js";
import type { StepOutcome } from "../contracts/decision.js";
import type { ProviderDrivers } from "../contracts/provider.js";
import { errorLine, isBellowsError, TimeoutError, UnsupportedError } from "../errors.js";
import type { Step } from "./plan.js";

/** Longest wait for a cloud to accept one step: several retries of a throttled call fit in, a hung call does not stay. */
export const STEP_TIMEOUT_MS = 30_000;

/** How a step ended, and whether that is known for certain. */
export interface Actuated {
  outcome: StepOutcome;
  /** False when what was asked for may still have happened: only a later look at the group can tell. */
  certain: boolean;
}

/**
 * Does one step: the one place in the line that calls a writing driver.
 *
 * Returned: accepted by the cloud. Never throws: `done`, `unchanged`, `retry` (asking again may help) or `failed`
 * (it will not), by what the driver's error says of itself. An error of unknown kind counts as `retry`.
 */
export async function actuate(
  step: Step,
  drivers: ProviderDrivers,
  clock: Clock,
  timeoutMs = STEP_TIMEOUT_MS,
): Promise<Actuated> {
  const ended = (result: StepOutcome["result"], error?: unknown): StepOutcome => ({
    kind: step.kind,
    result,
    ...(error !== undefined && { error: errorLine(error) }),
    endedAtMs: clock.now(),
  });
  try {
    const { groups } = drivers;
    if (!groups)
      throw new UnsupportedError(`the provider of ${step.group} keeps no groups`, { resource: step.ref });
    const scaled = await withDeadline(clock, timeoutMs, step, (signal) =>
      groups.scale(step.ref, step.to, { signal }),
    );
    return { outcome: ended(scaled.result), certain: true };
  } catch (error) {
    const retry = isBellowsError(error) ? error.retry : "after-refresh";
    return {
      outcome: ended(retry === "never" ? "failed" : "retry", error),
      certain: retry !== "after-refresh",
    };
  }
}

/** Runs a call with an abort signal and gives up on it after `timeoutMs`. @throws TimeoutError then. */
function withDeadline<T>(
  clock: Clock,
  timeoutMs: number,
  step: Step,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  return new Promise<T>((resolve, reject) => {
    const giveUp = (): void => {
      controller.abort();
      reject(
        new TimeoutError(`the provider of ${step.group} did not accept a step within ${timeoutMs / 1_000}s`, {
          operation: "groups.scale",
          resource: step.ref,
          hint: "the next round looks whether it happened",
        }),
      );
    };
    const cancel = clock.after(timeoutMs, giveUp, { keepAlive: true });
    call(controller.signal).then(resolve, reject).finally(cancel);
  });
}
