/** An ExportMetricsServiceRequest in protobuf, from what /metrics shows. Pure. */
import type { Family } from "../metrics/exposition.ts";
import type { Exemplar, Histogram } from "../metrics/histogram.ts";
import { ProtobufWriter } from "./protobuf-writer.ts";
import type { Value } from "./span.ts";
import { type Sender, writeAttributes, writeResource, writeScope } from "./write-spans.ts";

const CUMULATIVE = 2;

export interface Moment {
  /** Since when all is counted, and until when; epoch milliseconds. */
  readonly startedAt: number;
  readonly now: number;
}

export function writeMetrics(families: readonly Family[], sender: Sender, moment: Moment): Buffer {
  const writer = new ProtobufWriter();
  writer.message(1, () => {
    writeResource(writer, sender.resource);
    writer.message(2, () => {
      writeScope(writer, sender);
      for (const family of families) {
        if (family.values.length > 0) writer.message(2, () => writeFamily(writer, family, moment));
      }
    });
  });
  return writer.done();
}

const GAUGE = 5;
const SUM = 7;
const HISTOGRAM = 9;

function writeFamily(writer: ProtobufWriter, family: Family, moment: Moment): void {
  writer.text(1, family.name);
  writer.text(2, family.help);
  writer.text(3, unitOf(family.name));
  if (family.type === "histogram") {
    writer.message(HISTOGRAM, () => {
      for (const { labels, value } of family.values) {
        writer.message(1, () => writeHistogram(writer, labels, value, moment));
      }
      writer.unsigned(2, CUMULATIVE);
    });
    return;
  }
  const isSum = family.type === "counter";
  writer.message(isSum ? SUM : GAUGE, () => {
    for (const { labels, value } of family.values) {
      writer.message(1, () => {
        writer.nanos(2, moment.startedAt);
        writer.nanos(3, moment.now);
        writer.double(4, value);
        writeAttributes(writer, 7, attributesOf(labels));
      });
    }
    if (!isSum) return;
    writer.unsigned(2, CUMULATIVE);
    writer.unsigned(3, 1);
  });
}

function writeHistogram(
  writer: ProtobufWriter,
  labels: string,
  histogram: Histogram,
  { startedAt, now }: Moment,
): void {
  writer.nanos(2, startedAt);
  writer.nanos(3, now);
  writer.fixed64(4, BigInt(histogram.count));
  writer.double(5, histogram.sum);
  writer.packed(6, histogram.counts, "fixed64");
  writer.packed(7, histogram.bounds, "double");
  for (const bucket of histogram.counts.keys()) {
    const exemplar = histogram.exemplar(bucket);
    if (exemplar) writeExemplar(writer, exemplar);
  }
  writeAttributes(writer, 9, attributesOf(labels));
}

function writeExemplar(writer: ProtobufWriter, { traceId, value, at }: Exemplar): void {
  writer.message(8, () => {
    writer.nanos(2, at);
    writer.double(3, value);
    writer.hex(5, traceId);
  });
}

/** As the exposition formats them: `a="x",b="y"`. */
function attributesOf(labels: string): Map<string, Value> {
  const found = labels.matchAll(/([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g);
  return new Map(
    Array.from(found, ([, name = "", value = ""]) => [
      name,
      value.replaceAll(/\\(.)/g, (_, char: string) => (char === "n" ? "\n" : char)),
    ]),
  );
}

function unitOf(name: string): string {
  if (/_seconds(_total)?$/.test(name)) return "s";
  return /_bytes(_total)?$/.test(name) ? "By" : "1";
}
