/** The options that every command takes. */
export interface Globals {
  config?: string[];
  provider?: string;
  region?: string;
  server?: string;
  json?: boolean;
  output?: "table" | "json" | "yaml";
  columns?: string;
  sort?: string;
  quiet?: boolean;
  verbose?: boolean;
  color?: boolean;
  logFormat?: "pretty" | "json";
  yes?: boolean;
}
