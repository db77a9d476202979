import { ProtobufReader } from "./protobuf.ts";
import type { Encoding } from "./answer.ts";

/** gauge, sum, histogram, exponential histogram, summary: each with its points in field 1. */
const KINDS = new Set([5, 7, 9, 10, 11]);
const JSON_KINDS = ["gauge", "sum", "histogram", "exponentialHistogram", "summary"];

/** How many data points an ExportMetricsServiceRequest has. Throws where it is none. */
export function countPoints(body: Buffer, encoding: Encoding): number {
  if (encoding === "json") return countIn(JSON.parse(body.toString("utf8")));
  let count = 0;
  for (const resource of inner(new ProtobufReader(body), 1)) {
    for (const scope of inner(resource, 2)) {
      for (const metric of inner(scope, 2)) count += pointsOf(metric);
    }
  }
  return count;
}

function* inner(reader: ProtobufReader, wanted: number): Generator<ProtobufReader> {
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === wanted) yield reader.message();
    else reader.skip();
  }
}

function pointsOf(metric: ProtobufReader): number {
  let count = 0;
  for (let field = metric.next(); field !== 0; field = metric.next()) {
    if (KINDS.has(field)) count += [...inner(metric.message(), 1)].length;
    else metric.skip();
  }
  return count;
}

function countIn(message: unknown): number {
  let count = 0;
  for (const resource of listIn(message, "resourceMetrics")) {
    for (const scope of listIn(resource, "scopeMetrics")) {
      for (const metric of listIn(scope, "metrics")) count += jsonPointsOf(metric);
    }
  }
  return count;
}

function jsonPointsOf(metric: unknown): number {
  const points = JSON_KINDS.map((kind) => listIn(fieldIn(metric, kind), "dataPoints").length);
  return points.reduce((sum, count) => sum + count, 0);
}

function fieldIn(value: unknown, field: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, field) : undefined;
}

function listIn(value: unknown, field: string): readonly unknown[] {
  const list = fieldIn(value, field);
  return Array.isArray(list) ? list : [];
}
