/** A span as OTLP has it, whichever encoding it came in. Ids are lower-case hex digits. */
export interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly name: string;
  /** 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  /** Epoch milliseconds, to the microsecond. */
  readonly at: number;
  /** Null where the sender gave none: the span has not ended. */
  readonly endAt: number | null;
  readonly attributes: Attributes;
  readonly events: readonly OtlpEvent[];
  readonly status: { readonly isError: boolean; readonly message: string };
}

export interface OtlpEvent {
  readonly name: string;
  readonly at: number;
  readonly attributes: Attributes;
}

/** A log record that belongs to a span. */
export interface OtlpLog extends OtlpEvent {
  readonly traceId: string;
  readonly spanId: string;
  readonly body: Value;
}

/** Of all kinds that OTLP knows; bytes are base64. */
export type Value =
  | string
  | number
  | boolean
  | null
  | readonly Value[]
  | { readonly [key: string]: Value };
export type Attributes = ReadonlyMap<string, Value>;

/** What spans, or logs, of one library in one process share. */
export interface Origin {
  readonly resource: Attributes;
  readonly scopeName: string;
  readonly scopeVersion: string;
  readonly scope: Attributes;
}

/** One item of a message, or why it could not be read. */
export type Read<Item> =
  | { readonly path: string; readonly origin: Origin; readonly item: Item }
  | { readonly path: string; readonly field?: string | undefined; readonly reason: string };

/** What is wrong with one item; the others of its message are taken all the same. */
export class SpanError extends Error {
  override readonly name = "SpanError";
  readonly field: string | undefined;

  constructor(reason: string, field?: string) {
    super(reason);
    this.field = field;
  }
}

const NO_ID = /^0+$/;

/** Throws SpanError for an id that no trace or span can have. */
export function checkId(id: string, digits: number, field: string): string {
  if (id.length !== digits || NO_ID.test(id)) {
    throw new SpanError(`must be ${digits / 2} bytes that are not all zero`, field);
  }
  return id;
}
