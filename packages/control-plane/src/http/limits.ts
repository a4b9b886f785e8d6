/** How much the HTTP API takes. */
export interface HttpLimits {
  /** Requests a minute and address, before anything is looked up. */
  requestsPerMinute: number;
  /** Calls of capabilities a minute and address, before anything is looked up. */
  webhooksPerMinute: number;
  /** Calls of one capability a minute, genuine or not. */
  callsPerWebhookPerMinute: number;
  /** Requests of the Autoscale API a minute and caller. */
  callsPerMinute: number;
  /** Sign-ins a minute and address. */
  signInsPerMinute: number;
  /** Open connections; more are closed at once. */
  connections: number;
  /** How long a client may take to send its headers, and its whole request, in milliseconds. */
  headersMs: number;
  requestMs: number;
}

/**
 * What is taken unless a caller of the library says otherwise. Capabilities are called by monitoring systems, which
 * come in bursts of a thousand a second, many through one address.
 */
export const HTTP_LIMITS: HttpLimits = {
  requestsPerMinute: 6_000,
  webhooksPerMinute: 120_000,
  callsPerWebhookPerMinute: 60_000,
  // @see facts of Rackspace Autoscale v1.0, 2.13
  callsPerMinute: 1_000,
  signInsPerMinute: 60,
  connections: 4_096,
  headersMs: 15_000,
  requestMs: 30_000,
};
