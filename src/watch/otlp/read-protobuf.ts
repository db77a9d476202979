/** OTLP messages in protobuf, as opentelemetry-proto 1.x numbers their fields. */
import { ProtobufReader } from "./protobuf.ts";
import {
  type OtlpEvent,
  type OtlpLog,
  type OtlpSpan,
  type Origin,
  type Read,
  SpanError,
  type Value,
  checkId,
} from "./span.ts";

/** Every span of an ExportTraceServiceRequest. Throws SpanError where no message can be seen. */
export function* spansInProtobuf(bytes: Buffer): Generator<Read<OtlpSpan>> {
  yield* itemsOf(bytes, ["resourceSpans", "scopeSpans", "spans"], readSpan);
}

/** Every record of an ExportLogsServiceRequest, likewise. */
export function* logsInProtobuf(bytes: Buffer): Generator<Read<OtlpLog>> {
  yield* itemsOf(bytes, ["resourceLogs", "scopeLogs", "logRecords"], readLog);
}

type Levels = readonly [resource: string, scope: string, item: string];

function* itemsOf<Item>(
  bytes: Buffer,
  levels: Levels,
  read: (reader: ProtobufReader) => Item,
): Generator<Read<Item>> {
  for (const [number, group] of messagesOf(new ProtobufReader(bytes), 1).entries()) {
    const path = `${levels[0]}[${number}]`;
    try {
      yield* itemsOfResource(group, path, levels, read);
    } catch (cause) {
      yield refused(cause, path);
    }
  }
}

function* itemsOfResource<Item>(
  group: ProtobufReader,
  path: string,
  levels: Levels,
  read: (reader: ProtobufReader) => Item,
): Generator<Read<Item>> {
  let resource: Origin["resource"] = new Map();
  const scopes: ProtobufReader[] = [];
  for (let field = group.next(); field !== 0; field = group.next()) {
    if (field === 1) resource = readAttributes(group.message(), 1);
    else if (field === 2) scopes.push(group.message());
    else group.skip();
  }
  for (const [number, scope] of scopes.entries()) {
    const scopePath = `${path}.${levels[1]}[${number}]`;
    try {
      yield* itemsOfScope(scope, scopePath, levels[2], { resource, read });
    } catch (cause) {
      yield refused(cause, scopePath);
    }
  }
}

function* itemsOfScope<Item>(
  group: ProtobufReader,
  path: string,
  level: string,
  needs: { resource: Origin["resource"]; read: (reader: ProtobufReader) => Item },
): Generator<Read<Item>> {
  let origin: Origin = {
    resource: needs.resource,
    scopeName: "",
    scopeVersion: "",
    scope: new Map(),
  };
  const items: ProtobufReader[] = [];
  for (let field = group.next(); field !== 0; field = group.next()) {
    if (field === 1) origin = { resource: needs.resource, ...readScope(group.message()) };
    else if (field === 2) items.push(group.message());
    else group.skip();
  }
  for (const [number, item] of items.entries()) {
    const itemPath = `${path}.${level}[${number}]`;
    try {
      yield { path: itemPath, origin, item: needs.read(item) };
    } catch (cause) {
      yield refused(cause, itemPath);
    }
  }
}

/** What was wrong with one item, for the answer; anything else is a mistake of ours. */
export function refused(cause: unknown, path: string): Read<never> {
  if (!(cause instanceof SpanError)) throw cause;
  return { path, field: cause.field, reason: cause.message };
}

function messagesOf(reader: ProtobufReader, wanted: number): ProtobufReader[] {
  const found: ProtobufReader[] = [];
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === wanted) found.push(reader.message());
    else reader.skip();
  }
  return found;
}

function readScope(reader: ProtobufReader): Omit<Origin, "resource"> {
  let scopeName = "";
  let scopeVersion = "";
  const scope = new Map<string, Value>();
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) scopeName = reader.text();
    else if (field === 2) scopeVersion = reader.text();
    else if (field === 3) readAttribute(reader.message(), scope);
    else reader.skip();
  }
  return { scopeName, scopeVersion, scope };
}

function readSpan(reader: ProtobufReader): OtlpSpan {
  let [traceId, spanId, parent, name] = ["", "", "", ""];
  let [kind, at, endAt] = [0, 0, 0];
  let status = { isError: false, message: "" };
  const attributes = new Map<string, Value>();
  const events: OtlpEvent[] = [];
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) traceId = reader.hex();
    else if (field === 2) spanId = reader.hex();
    else if (field === 4) parent = reader.hex();
    else if (field === 5) name = reader.text();
    else if (field === 6) kind = reader.unsigned();
    else if (field === 7) at = reader.millis();
    else if (field === 8) endAt = reader.millis();
    else if (field === 9) readAttribute(reader.message(), attributes);
    else if (field === 11) events.push(readEvent(reader.message()));
    else if (field === 15) status = readStatus(reader.message());
    else reader.skip();
  }
  return checkSpan({ traceId, spanId, parent, name, kind, at, endAt, attributes, events, status });
}

interface RawSpan extends Omit<OtlpSpan, "parentSpanId" | "endAt"> {
  readonly parent: string;
  readonly endAt: number;
}

/** What every span must have, in either encoding. Throws SpanError naming the field. */
export function checkSpan({ parent, endAt, ...span }: RawSpan): OtlpSpan {
  checkId(span.traceId, 32, "traceId");
  checkId(span.spanId, 16, "spanId");
  if (!(span.at > 0)) throw new SpanError("must be set", "startTimeUnixNano");
  const isRoot = /^0*$/.test(parent);
  return {
    ...span,
    parentSpanId: isRoot ? null : checkId(parent, 16, "parentSpanId"),
    // Clocks that were set between a start and an end give ends before starts.
    endAt: endAt > 0 ? Math.max(endAt, span.at) : null,
  };
}

function readEvent(reader: ProtobufReader): OtlpEvent {
  let at = 0;
  let name = "";
  const attributes = new Map<string, Value>();
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) at = reader.millis();
    else if (field === 2) name = reader.text();
    else if (field === 3) readAttribute(reader.message(), attributes);
    else reader.skip();
  }
  return { name, at, attributes };
}

const ERROR = 2;

function readStatus(reader: ProtobufReader): OtlpSpan["status"] {
  let message = "";
  let code = 0;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 2) message = reader.text();
    else if (field === 3) code = reader.unsigned();
    else reader.skip();
  }
  return { isError: code === ERROR, message };
}

function readLog(reader: ProtobufReader): OtlpLog {
  let [traceId, spanId, name] = ["", "", ""];
  let [at, observedAt] = [0, 0];
  let body: Value = null;
  const attributes = new Map<string, Value>();
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) at = reader.millis();
    else if (field === 5) body = readValue(reader.message());
    else if (field === 6) readAttribute(reader.message(), attributes);
    else if (field === 9) traceId = reader.hex();
    else if (field === 10) spanId = reader.hex();
    else if (field === 11) observedAt = reader.millis();
    else if (field === 12) name = reader.text();
    else reader.skip();
  }
  return { traceId, spanId, name, at: at || observedAt, body, attributes };
}

function readAttributes(reader: ProtobufReader, wanted: number): Map<string, Value> {
  const attributes = new Map<string, Value>();
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === wanted) readAttribute(reader.message(), attributes);
    else reader.skip();
  }
  return attributes;
}

function readAttribute(reader: ProtobufReader, into: Map<string, Value>, depth = 0): void {
  let key = "";
  let value: Value = null;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) key = reader.text();
    else if (field === 2) value = readValue(reader.message(), depth);
    else reader.skip();
  }
  into.set(key, value);
}

const MAX_DEPTH = 32;

function readValue(reader: ProtobufReader, depth = 0): Value {
  if (depth > MAX_DEPTH) throw new SpanError(`has values more than ${MAX_DEPTH} deep`);
  let value: Value = null;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) value = reader.text();
    else if (field === 2) value = reader.unsigned() !== 0;
    else if (field === 3) value = reader.integer();
    else if (field === 4) value = reader.double();
    else if (field === 5) value = readList(reader.message(), depth + 1);
    else if (field === 6) value = readFields(reader.message(), depth + 1);
    else if (field === 7) value = reader.base64();
    else reader.skip();
  }
  return value;
}

function readList(reader: ProtobufReader, depth: number): Value {
  return messagesOf(reader, 1).map((item) => readValue(item, depth));
}

function readFields(reader: ProtobufReader, depth: number): Value {
  const fields = new Map<string, Value>();
  for (const field of messagesOf(reader, 1)) readAttribute(field, fields, depth);
  return Object.fromEntries(fields);
}
