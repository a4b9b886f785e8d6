/** Words that Cloud Load Balancers know. @see facts/rackspace-api.md, section 3.5 */

/** How requests are spread. */
export const ALGORITHMS = [
  "LEAST_CONNECTIONS",
  "RANDOM",
  "ROUND_ROBIN",
  "WEIGHTED_LEAST_CONNECTIONS",
  "WEIGHTED_ROUND_ROBIN",
] as const;

/** Protocols and their usual ports; with 0 the port must be said. */
export const PROTOCOLS: Readonly<Record<string, number>> = {
  DNS_TCP: 53,
  DNS_UDP: 53,
  FTP: 21,
  HTTP: 80,
  HTTPS: 443,
  IMAPS: 993,
  IMAPv4: 143,
  LDAP: 389,
  LDAPS: 636,
  MYSQL: 3_306,
  POP3: 110,
  POP3S: 995,
  SMTP: 25,
  TCP: 0,
  TCP_CLIENT_FIRST: 0,
  UDP: 0,
  UDP_STREAM: 0,
  SFTP: 22,
  TCP_STREAM: 0,
};

/** What keeps a client at its node, and the protocols that can. */
export const PERSISTENCE: Readonly<Record<string, readonly string[]>> = {
  HTTP_COOKIE: ["HTTP"],
  SOURCE_IP: ["HTTP", "HTTPS"],
  SSL_ID: ["HTTPS"],
};
