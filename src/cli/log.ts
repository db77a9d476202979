import { type Logger, pino } from "pino";
import type { Log } from "../core/log.ts";

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One line of JSON an event, to stdout: `time level part event` and the event's fields. */
export function createLog(level: LogLevel): Log {
  const root = pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
  // A part within a part replaces its name: pino's children would write the field twice.
  const toLog = (logger: Logger): Log => ({
    debug: (event, fields) => logger.debug({ event, ...fields }),
    info: (event, fields) => logger.info({ event, ...fields }),
    warn: (event, fields) => logger.warn({ event, ...fields }),
    error: (event, fields) => logger.error({ event, ...fields }),
    part: (part) => toLog(root.child({ part })),
  });
  return toLog(root);
}
