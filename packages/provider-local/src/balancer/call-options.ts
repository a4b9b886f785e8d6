/** Options that every call takes. */
export interface CallOptions {
  /** Ends the wait; what was asked for may still happen. */
  signal?: AbortSignal;
  /** Milliseconds until a `TimeoutError`. */
  timeoutMs?: number;
}
