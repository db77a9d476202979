/** OTLP messages in JSON: ids in hex, 64-bit numbers as strings, and what senders make of both. */
import { checkSpan, refused } from "./read-protobuf.ts";
import {
  type OtlpEvent,
  type OtlpLog,
  type OtlpSpan,
  type Origin,
  type Read,
  SpanError,
  type Value,
} from "./span.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Every span of an ExportTraceServiceRequest. Throws SpanError where the body is none. */
export function* spansInJson(bytes: Buffer): Generator<Read<OtlpSpan>> {
  const levels = ["resourceSpans", "scopeSpans", "spans"] as const;
  yield* itemsOf(parse(bytes), levels, readSpan);
}

/** Every record of an ExportLogsServiceRequest, likewise. */
export function* logsInJson(bytes: Buffer): Generator<Read<OtlpLog>> {
  yield* itemsOf(parse(bytes), ["resourceLogs", "scopeLogs", "logRecords"], readLog);
}

type Levels = readonly [resource: string, scope: string, item: string];

function* itemsOf<Item>(
  message: Fields,
  levels: Levels,
  read: (fields: Fields) => Item,
): Generator<Read<Item>> {
  for (const [number, group] of listOf(message, levels[0]).entries()) {
    const path = `${levels[0]}[${number}]`;
    try {
      yield* itemsOfResource(group, path, levels, read);
    } catch (cause) {
      yield refused(cause, path);
    }
  }
}

function* itemsOfResource<Item>(
  group: unknown,
  groupPath: string,
  levels: Levels,
  read: (fields: Fields) => Item,
): Generator<Read<Item>> {
  const resource = attributesOf(fieldsOf(fieldsOf(group)?.["resource"])?.["attributes"]);
  for (const [scopeAt, inner] of listOf(group, levels[1]).entries()) {
    const origin = { resource, ...readScope(fieldsOf(inner)?.["scope"]) };
    const path = `${groupPath}.${levels[1]}[${scopeAt}].${levels[2]}`;
    for (const [number, item] of listOf(inner, levels[2]).entries()) {
      yield readItem(item, `${path}[${number}]`, origin, read);
    }
  }
}

function readItem<Item>(
  item: unknown,
  path: string,
  origin: Origin,
  read: (fields: Fields) => Item,
): Read<Item> {
  try {
    const fields = fieldsOf(item);
    if (!fields) throw new SpanError("must be an object");
    return { path, origin, item: read(fields) };
  } catch (cause) {
    return refused(cause, path);
  }
}

function parse(bytes: Buffer): Fields {
  let message: unknown;
  try {
    message = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    // The parser's own message quotes the text.
    throw new SpanError(`is not valid ${cause instanceof SyntaxError ? "JSON" : "UTF-8"}`);
  }
  const fields = fieldsOf(message);
  if (!fields) throw new SpanError("must be a JSON object");
  return fields;
}

function readScope(scope: unknown): Omit<Origin, "resource"> {
  const fields = fieldsOf(scope);
  return {
    scopeName: textOf(fields?.["name"]),
    scopeVersion: textOf(fields?.["version"]),
    scope: attributesOf(fields?.["attributes"]),
  };
}

function readSpan(fields: Fields): OtlpSpan {
  const status = fieldsOf(fields["status"]);
  return checkSpan({
    traceId: idOf(fields, "traceId", 16),
    spanId: idOf(fields, "spanId", 8),
    parent: idOf(fields, "parentSpanId", 8),
    name: textOf(fields["name"]),
    kind: enumOf(fields["kind"], KINDS),
    at: millisOf(fields, "startTimeUnixNano"),
    endAt: millisOf(fields, "endTimeUnixNano"),
    attributes: attributesOf(fields["attributes"]),
    events: listOf(fields, "events").map(readEvent),
    status: {
      isError: enumOf(status?.["code"], STATUS_CODES) === 2,
      message: textOf(status?.["message"]),
    },
  });
}

function readEvent(event: unknown): OtlpEvent {
  const fields = fieldsOf(event) ?? {};
  return {
    name: textOf(fields["name"]),
    at: millisOf(fields, "timeUnixNano"),
    attributes: attributesOf(fields["attributes"]),
  };
}

function readLog(fields: Fields): OtlpLog {
  return {
    traceId: idOf(fields, "traceId", 16),
    spanId: idOf(fields, "spanId", 8),
    name: textOf(fields["eventName"]),
    at: millisOf(fields, "timeUnixNano") || millisOf(fields, "observedTimeUnixNano"),
    body: valueOf(fields["body"]),
    attributes: attributesOf(fields["attributes"]),
  };
}

const KINDS = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"];
const STATUS_CODES = ["UNSET", "OK", "ERROR"];

/** A number after the specification; some senders write the name. */
function enumOf(value: unknown, names: readonly string[]): number {
  if (typeof value === "number") return value;
  const name = textOf(value);
  return name === "" ? 0 : Math.max(0, names.indexOf(name.slice(name.lastIndexOf("_") + 1)));
}

/** Hex digits after the specification; some senders follow protobuf's JSON and write base64. */
function idOf(fields: Fields, field: string, bytes: number): string {
  const text = textOf(fields[field]);
  if (text === "" || (text.length === bytes * 2 && /^[0-9a-f]+$/i.test(text))) {
    return text.toLowerCase();
  }
  const decoded = Buffer.from(text, "base64");
  if (decoded.length !== bytes) throw new SpanError(`must be ${bytes * 2} hex digits`, field);
  return decoded.toString("hex");
}

function millisOf(fields: Fields, field: string): number {
  const value = fields[field];
  if (value === undefined || value === null) return 0;
  const isWhole = typeof value === "number" && Number.isFinite(value);
  const text = isWhole ? BigInt(Math.trunc(value)).toString() : textOf(value);
  if (!/^\d{1,20}$/.test(text)) throw new SpanError("must be nanoseconds since 1970", field);
  return Number(text.slice(0, -3)) / 1000;
}

function attributesOf(list: unknown): Map<string, Value> {
  const attributes = new Map<string, Value>();
  if (!Array.isArray(list)) return attributes;
  for (const entry of list) {
    const fields = fieldsOf(entry);
    if (fields) attributes.set(textOf(fields["key"]), valueOf(fields["value"]));
  }
  return attributes;
}

const MAX_DEPTH = 32;

function valueOf(any: unknown, depth = 0): Value {
  if (depth > MAX_DEPTH) throw new SpanError(`has values more than ${MAX_DEPTH} deep`);
  const fields = fieldsOf(any);
  if (!fields) return null;
  const { stringValue, boolValue, intValue, doubleValue, bytesValue } = fields;
  if (typeof stringValue === "string") return stringValue;
  if (typeof boolValue === "boolean") return boolValue;
  if (intValue !== undefined) return Number(intValue);
  if (doubleValue !== undefined) return Number(doubleValue);
  if (typeof bytesValue === "string") return bytesValue;
  const list = fieldsOf(fields["arrayValue"]);
  if (list) return listOf(list, "values").map((item) => valueOf(item, depth + 1));
  const inner = fieldsOf(fields["kvlistValue"]);
  if (!inner) return null;
  const pairs = listOf(inner, "values").map((entry): [string, Value] => {
    const pair = fieldsOf(entry);
    return [textOf(pair?.["key"]), valueOf(pair?.["value"], depth + 1)];
  });
  return Object.fromEntries(pairs);
}

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Fields) // its fields are unknown either way
    : undefined;
}

function listOf(value: unknown, field: string): readonly unknown[] {
  const list = fieldsOf(value)?.[field];
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) throw new SpanError("must be a list", field);
  return list;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
