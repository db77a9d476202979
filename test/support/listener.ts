import { silentLog } from "../../src/core/log.ts";
import type { ListenerOptions } from "../../src/http/lane-server.ts";

const MINUTE = () => 60_000;

/** A listener as the built-in configuration has it, about. */
export const PLAIN_LISTENER: ListenerOptions = {
  tls: undefined,
  headerMs: MINUTE,
  bodyTimes: { totalMs: MINUTE, idleMs: MINUTE },
  slowReaderMs: MINUTE,
  maxRequestsPerConnection: () => 0,
  isLeaving: () => false,
  rejected: () => undefined,
  accessLog: { open: () => undefined, settled: () => undefined, add: () => undefined },
  log: silentLog,
};
