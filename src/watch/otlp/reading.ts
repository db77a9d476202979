/** What a dialect understands of a span: in the words of runs, each field where the span says it. */
import type { RunStatus } from "../../core/run.ts";
import type { OtlpSpan, Value } from "./span.ts";

export interface Reading {
  readonly runId?: string | undefined;
  readonly parentId?: string | undefined;
  readonly traceId?: string | undefined;
  readonly dottedOrder?: string | undefined;
  readonly project?: string | undefined;
  readonly name?: string | undefined;
  readonly type?: string | undefined;
  readonly status?: RunStatus | undefined;
  readonly error?: string | undefined;
  readonly model?: string | undefined;
  readonly provider?: string | undefined;
  readonly inputs?: Value | undefined;
  readonly outputs?: Value | undefined;
  readonly usage?: UsageReading | undefined;
  readonly ttftMs?: number | undefined;
  readonly isStream?: boolean | undefined;
  readonly threadId?: string | undefined;
  readonly userId?: string | undefined;
  readonly promptName?: string | undefined;
  readonly promptVersion?: string | undefined;
  readonly referenceExampleId?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  /** What the application says of the run beside all this. */
  readonly metadata?: { readonly [key: string]: Value } | undefined;
  /** How the model was asked: temperature and the like. */
  readonly invocation?: { readonly [key: string]: Value } | undefined;
}

/** `input` includes what was cached, `output` what was reasoned. */
export interface UsageReading {
  readonly input?: number | undefined;
  readonly output?: number | undefined;
  readonly total?: number | undefined;
  readonly cacheRead?: number | undefined;
  readonly cacheWrite?: number | undefined;
  readonly reasoning?: number | undefined;
  readonly inputAudio?: number | undefined;
  readonly inputImage?: number | undefined;
  readonly outputAudio?: number | undefined;
  /** Dollars. */
  readonly inputCost?: number | undefined;
  readonly outputCost?: number | undefined;
  readonly totalCost?: number | undefined;
}

/** Reads a span in one library's words; undefined where it is not written in them. Pure; throws SpanError. */
export type Dialect = (span: OtlpSpan) => Reading | undefined;

/** The usage, where anything of it is known. */
export function known(usage: UsageReading): UsageReading | undefined {
  return Object.values(usage).some((value) => value !== undefined) ? usage : undefined;
}

/** Of several readings the first that says a thing; metadata and invocation of all of them. */
export function merged(readings: readonly Reading[]): Reading {
  const all: Record<string, unknown> = {};
  for (const reading of readings) {
    for (const [field, value] of Object.entries(reading)) {
      if (value !== undefined && all[field] === undefined) all[field] = value;
    }
  }
  const join = (field: "metadata" | "invocation" | "usage") =>
    Object.assign({}, ...readings.map((reading) => withoutGaps(reading[field])).toReversed());
  return {
    ...all,
    metadata: join("metadata"),
    invocation: join("invocation"),
    ...(all["usage"] !== undefined && { usage: join("usage") }),
  };
}

function withoutGaps(fields: object | undefined): object {
  return Object.fromEntries(
    Object.entries(fields ?? {}).filter(([, value]) => value !== undefined),
  );
}

/** The milliseconds from a span's start to the first event of one of these names. */
export function untilEvent(
  span: OtlpSpan,
  isWanted: (name: string) => boolean,
): number | undefined {
  const event = span.events.find(({ name, at }) => isWanted(name) && at >= span.at);
  return event && event.at - span.at;
}
