/** What any part needs to report an event: a fixed snake_case name and fields, never a sentence. */
export interface Log {
  debug(event: string, fields?: Record<string, unknown>): void;
  info(event: string, fields?: Record<string, unknown>): void;
  warn(event: string, fields?: Record<string, unknown>): void;
  error(event: string, fields?: Record<string, unknown>): void;
  /** Like `info` at every level, written a moment later with others: for what comes with each request. */
  batched(event: string, fields?: Record<string, unknown>): void;
  /** The same log with `part` set. */
  part(name: string): Log;
}

/** Says nothing: for tests and for tools. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  batched: () => undefined,
  part: () => silentLog,
};
