/**
 * What a proxy changes in headers (RFC 9110 7.6.1): those of one connection stay on it, and the forwarding ones
 * are added. Works on flat arrays `[name, value, name, value, …]` to keep order, case and repetition as they came.
 */

/** A request's headers for the member, and what was read from them on the way. */
export interface ForwardedRequest {
  readonly headers: string[];
  /** Length of the body in bytes; undefined when chunked or absent. */
  readonly contentLength: number | undefined;
  /** True when a body follows. */
  readonly hasBody: boolean;
}

/** Headers that concern one connection only, in lower case. */
export const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Headers that `Connection` names and that are of this connection alone; undefined when there are none. */
export function connectionTokens(value: string): string[] | undefined {
  const lower = value.toLowerCase();
  if (lower === "keep-alive" || lower === "close") return undefined;
  return lower.split(",").map((token) => token.trim());
}

/** The headers without those of the given names (lower case). */
export function without(headers: string[], names: readonly string[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] as string;
    // A client must not make us drop what the member needs for framing and routing.
    const lower = name.toLowerCase();
    if (names.includes(lower) && lower !== "content-length" && lower !== "host") continue;
    kept.push(name, headers[index + 1] as string);
  }
  return kept;
}

/**
 * The headers of a client's request as the member should see them.
 * @param raw - `IncomingMessage.rawHeaders`.
 * @param peer - address of the client, appended to `X-Forwarded-For`.
 */
export function forwardRequest(raw: readonly string[], peer: string): ForwardedRequest {
  let headers: string[] = [];
  let forwardedFor = "";
  let host: string | undefined;
  let contentLength: number | undefined;
  let chunked = false;
  let named: string[] | undefined;
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] as string;
    const value = raw[index + 1] as string;
    const lower = name.toLowerCase();
    switch (lower) {
      case "connection":
        named = connectionTokens(value) ?? named;
        continue;
      case "transfer-encoding":
        chunked = true;
        continue;
      case "x-forwarded-for":
        forwardedFor += `${value}, `;
        continue;
      case "content-length":
        contentLength = Number(value);
        break;
      case "host":
        if (host !== undefined) continue;
        host = value;
        break;
      // Answered here; the member never sees it (RFC 9110 10.1.1 allows a proxy to do so).
      case "expect":
      case "x-forwarded-proto":
      case "x-forwarded-host":
        continue;
      default:
        if (HOP_BY_HOP.has(lower)) continue;
    }
    headers.push(name, value);
  }
  if (named !== undefined) headers = without(headers, named);
  headers.push("X-Forwarded-For", forwardedFor + peer, "X-Forwarded-Proto", "http");
  if (host !== undefined) headers.push("X-Forwarded-Host", host);
  return {
    headers,
    contentLength: chunked ? undefined : contentLength,
    hasBody: chunked || (contentLength ?? 0) > 0,
  };
}
