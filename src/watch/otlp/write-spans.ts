/** An ExportTraceServiceRequest in protobuf, from spans of our own. Pure. */
import { ProtobufWriter } from "./protobuf-writer.ts";
import type { Attributes, OtlpSpan, Value } from "./span.ts";

export interface Sender {
  readonly resource: Attributes;
  readonly scopeName: string;
  readonly scopeVersion: string;
}

const OK = 1;
const ERROR = 2;

export function writeSpans(spans: readonly OtlpSpan[], sender: Sender): Buffer {
  const writer = new ProtobufWriter();
  writer.message(1, () => {
    writeResource(writer, sender.resource);
    writer.message(2, () => {
      writeScope(writer, sender);
      for (const span of spans) writer.message(2, () => writeSpan(writer, span));
    });
  });
  return writer.done();
}

export function writeResource(writer: ProtobufWriter, resource: Attributes): void {
  writer.message(1, () => writeAttributes(writer, 1, resource));
}

export function writeScope(writer: ProtobufWriter, { scopeName, scopeVersion }: Sender): void {
  writer.message(1, () => {
    writer.text(1, scopeName);
    writer.text(2, scopeVersion);
  });
}

function writeSpan(writer: ProtobufWriter, span: OtlpSpan): void {
  writer.hex(1, span.traceId);
  writer.hex(2, span.spanId);
  if (span.parentSpanId !== null) writer.hex(4, span.parentSpanId);
  writer.text(5, span.name);
  writer.unsigned(6, span.kind);
  writer.nanos(7, span.at);
  writer.nanos(8, span.endAt ?? span.at);
  writeAttributes(writer, 9, span.attributes);
  for (const { name, at, attributes } of span.events) {
    writer.message(11, () => {
      writer.nanos(1, at);
      writer.text(2, name);
      writeAttributes(writer, 3, attributes);
    });
  }
  const { isError, message } = span.status;
  writer.message(15, () => {
    if (message !== "") writer.text(2, message);
    writer.unsigned(3, isError ? ERROR : OK);
  });
}

export function writeAttributes(
  writer: ProtobufWriter,
  field: number,
  attributes: Attributes,
): void {
  for (const [key, value] of attributes) {
    writer.message(field, () => {
      writer.text(1, key);
      writer.message(2, () => writeValue(writer, value));
    });
  }
}

function writeValue(writer: ProtobufWriter, value: Value): void {
  if (typeof value === "string") writer.text(1, value);
  else if (typeof value === "boolean") writer.unsigned(2, value ? 1 : 0);
  else if (Number.isSafeInteger(value)) writer.integer(3, Number(value));
  else if (typeof value === "number") writer.double(4, value);
  else if (Array.isArray(value)) {
    writer.message(5, () => {
      for (const item of value as readonly Value[]) {
        writer.message(1, () => writeValue(writer, item));
      }
    });
  } else if (value !== null) writer.text(1, JSON.stringify(value));
}
