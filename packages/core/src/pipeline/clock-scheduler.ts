import type { SchedulerAction, SchedulerLike } from "rxjs";
import { Subscription } from "rxjs";
import type { CancelTimer, Clock } from "../clock.js";

/**
 * Lets RxJS take its time from a {@link Clock}.
 *
 * `now()` begins at the clock's time of day and then follows its monotonic time: a jump of the system clock neither
 * repeats rounds nor leaves any out. Its timers keep the process alive: a round that waits for its inputs is awaited.
 */
export function clockScheduler(clock: Clock): SchedulerLike {
  const originMs = clock.now() - clock.monotonic();
  return {
    now: () => originMs + clock.monotonic(),
    schedule<T>(work: (this: SchedulerAction<T>, state: T) => void, delayMs = 0, state?: T): Subscription {
      return new ClockAction<T>(clock, work).schedule(state, delayMs);
    },
  };
}

/** One piece of scheduled work; scheduling it again replaces its timer, unsubscribing cancels it. */
class ClockAction<T> extends Subscription implements SchedulerAction<T> {
  readonly #clock: Clock;
  readonly #work: (this: SchedulerAction<T>, state: T) => void;
  #cancel: CancelTimer | undefined;

  constructor(clock: Clock, work: (this: SchedulerAction<T>, state: T) => void) {
    super(() => this.#cancel?.());
    this.#clock = clock;
    this.#work = work;
  }

  schedule(state?: T, delayMs = 0): Subscription {
    if (this.closed) return this;
    this.#cancel?.();
    this.#cancel = this.#clock.after(delayMs, () => this.#work.call(this, state as T), { keepAlive: true });
    return this;
  }
}
