import { type Logger, pino } from "pino";
import type { Log } from "../core/log.ts";

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One line of JSON an event, to stdout: `time level part event` and the event's fields. */
export function createLog(level: LogLevel): Log {
  const root = pino({ ...FORM, level });
  let batch: Logger | undefined;
  // A part within a part replaces its name: pino's children would write the field twice.
  const toLog = (logger: Logger, part?: string): Log => ({
    debug: (event, fields) => logger.debug({ event, ...fields }),
    info: (event, fields) => logger.info({ event, ...fields }),
    warn: (event, fields) => logger.warn({ event, ...fields }),
    error: (event, fields) => logger.error({ event, ...fields }),
    batched: (event, fields) => (batch ??= createBatch()).info({ part, event, ...fields }),
    part: (name) => toLog(root.child({ part: name }), name),
  });
  return toLog(root);
}

const FORM = {
  base: null,
  timestamp: pino.stdTimeFunctions.isoTime,
  formatters: { level: (label: string) => ({ level: label }) },
};

const BATCH_MS = 200;
/** Below what it writes at once at the most, which is 16 KiB. */
const BATCH_BYTES = 15 * 1024;

/** Writes many lines at once; what waits is written when the process ends. */
function createBatch(): Logger {
  const destination = pino.destination({ fd: 1, sync: false, minLength: BATCH_BYTES });
  // Nobody reads any more: the lines are lost, the server is not.
  destination.on("error", () => undefined);
  setInterval(() => destination.flush(), BATCH_MS).unref();
  process.on("exit", () => {
    try {
      destination.flushSync();
    } catch {
      // Not opened yet, or closed: nothing is left to be written to.
    }
  });
  return pino(FORM, destination);
}
