/**
 * How ids of OpenTelemetry and of runs become each other: purely, so that whatever part of a trace
 * comes first, and to whichever process, its parts find each other by their ids alone.
 */

const NO_ID = /^0*$/;

/** 32 hex digits as a UUID. */
export function toUuid(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** A UUID as 32 hex digits. */
export function toHexId(uuid: string): string {
  return uuid.replaceAll("-", "");
}

/** The id, as a UUID, of the run that a span is: its trace's first half, and the span's own id. */
export function runIdOfSpan(traceId: string, spanId: string): string {
  return toUuid(traceHalf(traceId) + spanId);
}

/** The span id of a run whose id was made by `runIdOfSpan`, or is a trace id itself. */
export function spanIdOfRun(runId: string): string {
  return toHexId(runId).slice(16);
}

/** An id for a call within a trace: as a run's it is the one that belongs to the call's span. */
export function callIdWithin(traceId: string, random: string): string {
  return traceHalf(traceId) + random.slice(16);
}

/** Trace ids of 64 bits are filled up with zeros in front. */
function traceHalf(traceId: string): string {
  const half = traceId.slice(0, 16);
  return NO_ID.test(half) ? traceId.slice(16) : half;
}

/** A run's own segment of LangSmith's sort key (`dotted_order`), which of a root is the whole: its start and its id. */
export function orderSegment(at: number, runId: string): string {
  const ms = Math.floor(at);
  const time = new Date(ms).toISOString().replaceAll(/[-:]/g, "");
  const micros = String(Math.min(999, Math.round((at - ms) * 1000))).padStart(3, "0");
  return `${time.slice(0, 15)}${time.slice(16, 19)}${micros}Z${runId}`;
}
