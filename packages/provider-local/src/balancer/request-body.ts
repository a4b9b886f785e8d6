import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";

/**
 * A client's request body on its way to a member. It stands between the two so that a member's failure does not
 * destroy the client's connection, and so that we know whether any of it was taken.
 */
export class RequestBody extends Readable {
  /** True once the first byte was asked for: from then on it cannot be sent to another member. */
  started = false;
  readonly #request: IncomingMessage;
  readonly #onBytes: (count: number) => void;

  constructor(request: IncomingMessage, onBytes: (count: number) => void) {
    super({ highWaterMark: 65_536 });
    this.#request = request;
    this.#onBytes = onBytes;
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#onBytes(chunk.length);
    if (!this.push(chunk)) this.#request.pause();
  };

  readonly #onEnd = (): void => {
    this.push(null);
  };

  readonly #onClose = (): void => {
    if (!this.#request.complete) this.destroy(new Error("the client went away"));
  };

  override _read(): void {
    if (!this.started) {
      this.started = true;
      this.#request.on("data", this.#onData).once("end", this.#onEnd).once("close", this.#onClose);
    }
    this.#request.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#request.off("data", this.#onData).off("end", this.#onEnd).off("close", this.#onClose);
    done(error);
  }
}

/**
 * Reads a short body whole, so that it can be sent again.
 * @param onDone - called once with all of it; never when the client goes away before.
 */
export function collectBody(request: IncomingMessage, onDone: (body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.once("end", () => onDone(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
}
