/** What a collector answers an exporter, in the encoding that it was asked in. Pure. */
import type { Rejected } from "../trace/ingest.ts";
import { ProtobufWriter } from "./protobuf-writer.ts";

export type Encoding = "protobuf" | "json";
export type Signal = "traces" | "logs" | "metrics";

/** The encoding of a content type; undefined for one that OTLP does not have. */
export function encodingOf(contentType: string): Encoding | undefined {
  const type = contentType.split(";", 1)[0]?.trim().toLowerCase();
  if (type === "application/x-protobuf" || type === "application/protobuf") return "protobuf";
  return type === "application/json" ? "json" : undefined;
}

export const CONTENT_TYPES: Readonly<Record<Encoding, string>> = {
  protobuf: "application/x-protobuf",
  json: "application/json",
};

const REJECTED: Readonly<Record<Signal, string>> = {
  traces: "rejectedSpans",
  logs: "rejectedLogRecords",
  metrics: "rejectedDataPoints",
};

/** How much was not taken, and why. */
export interface Partial {
  readonly rejected: number;
  readonly message: string;
}

/** The words for what was refused of a batch: the first few by name. */
export function toPartial(rejected: readonly Rejected[]): Partial | undefined {
  if (rejected.length === 0) return undefined;
  const shown = rejected
    .slice(0, 3)
    .map(
      ({ part, field, reason }) => `${field === undefined ? part : `${part}.${field}`} ${reason}`,
    );
  const more = rejected.length - shown.length;
  return {
    rejected: rejected.length,
    message: `${shown.join("; ")}${more > 0 ? `; and ${more} more` : ""}.`,
  };
}

/** An Export…ServiceResponse. */
export function formatAnswer(
  signal: Signal,
  encoding: Encoding,
  partial: Partial | undefined,
): Buffer {
  if (encoding === "json") {
    const { rejected = 0, message: errorMessage } = partial ?? {};
    const partialSuccess = partial && { [REJECTED[signal]]: String(rejected), errorMessage };
    return Buffer.from(JSON.stringify({ ...(partialSuccess && { partialSuccess }) }));
  }
  const writer = new ProtobufWriter();
  if (partial) {
    writer.message(1, () => {
      if (partial.rejected > 0) writer.integer(1, partial.rejected);
      writer.text(2, partial.message);
    });
  }
  return writer.done();
}

/** A google.rpc.Status. */
export function formatStatus(encoding: Encoding, status: number, message: string): Buffer {
  const code = GRPC_CODES[status] ?? (status >= 500 ? INTERNAL : INVALID_ARGUMENT);
  if (encoding === "json") return Buffer.from(JSON.stringify({ code, message }));
  const writer = new ProtobufWriter();
  writer.unsigned(1, code);
  writer.text(2, message);
  return writer.done();
}

const INVALID_ARGUMENT = 3;
const INTERNAL = 13;
const GRPC_CODES: Readonly<Record<number, number>> = {
  401: 16,
  403: 7,
  404: 5,
  413: 8,
  415: 3,
  429: 8,
  503: 14,
  504: 4,
};
