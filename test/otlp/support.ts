/** Spans as the real SDK makes them, and their bodies as the real exporters write them. */
import {
  type Attributes,
  type Span,
  type Tracer,
  SpanStatusCode,
  context,
  trace,
} from "@opentelemetry/api";
import { JsonTraceSerializer, ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";

export interface Tracing {
  readonly tracer: Tracer;
  /** What has ended, in that order. */
  spans(): ReadableSpan[];
}

export function tracing(resource: Attributes = { "service.name": "shop" }): Tracing {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes(resource),
    spanProcessors: [new SimpleSpanProcessor(exporter)],
  });
  return {
    tracer: provider.getTracer("test-library", "1.2.3"),
    spans: () => exporter.getFinishedSpans(),
  };
}

export function child(tracer: Tracer, parent: Span, name: string, attributes: Attributes): Span {
  return tracer.startSpan(name, { attributes }, trace.setSpan(context.active(), parent));
}

export function protobufOf(spans: ReadableSpan[]): Uint8Array {
  return ProtobufTraceSerializer.serializeRequest(spans) ?? new Uint8Array();
}

export function jsonOf(spans: ReadableSpan[]): Uint8Array {
  return JsonTraceSerializer.serializeRequest(spans) ?? new Uint8Array();
}

export { SpanStatusCode };
