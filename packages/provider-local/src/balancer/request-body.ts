import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";

/**
 * Sends a client's body to a member as it comes, no faster than the member takes it.
 * @param chunked - whether to frame it in chunks; otherwise it has the length that its header said.
 * @param onSent - called once when all of it was written.
 * @returns stops it; the client's connection stays as it is.
 */
export function sendBody(
  request: IncomingMessage,
  socket: Socket,
  chunked: boolean,
  onSent: () => void,
): () => void {
  const onData = (chunk: Buffer): void => {
    if (!chunked) {
      if (!socket.write(chunk)) request.pause();
      return;
    }
    socket.cork();
    socket.write(`${chunk.length.toString(16)}\r\n`, "latin1");
    socket.write(chunk);
    const free = socket.write("\r\n", "latin1");
    socket.uncork();
    if (!free) request.pause();
  };
  const onDrain = (): void => void request.resume();
  const onEnd = (): void => {
    stop();
    if (chunked) socket.write("0\r\n\r\n", "latin1");
    onSent();
  };
  const stop = (): void => {
    request.off("data", onData).off("end", onEnd);
    socket.off("drain", onDrain);
  };
  socket.on("drain", onDrain);
  request.on("data", onData).once("end", onEnd);
  return stop;
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
