import type { Span } from "../../../../src/http/admin-schemas.ts";
import { formatBytes, formatCost, formatMs } from "../../format.ts";

/** One bar of the waterfall: where it stands in the tree and on the time axis, in percent. */
export interface Bar {
  readonly span: Span;
  readonly depth: number;
  readonly left: number;
  readonly width: number;
}

/** A bar is never thinner than this, in percent, or it could not be seen. */
const THINNEST = 0.4;

/**
 * The spans in reading order: each below its parent, siblings by start. A span whose parent is
 * missing stands at the root, so that nothing gets lost.
 */
export function toBars(spans: readonly Span[], totalMs: number): Bar[] {
  const known = new Set(spans.map((span) => span.id));
  const children = Map.groupBy(spans, ({ parent }) =>
    parent !== null && known.has(parent) ? parent : "",
  );
  const scale =
    100 / Math.max(totalMs, ...spans.map((span) => span.startMs + span.durationMs), 0.01);
  const seen = new Set<string>();

  function below(parent: string, depth: number): Bar[] {
    const row = (children.get(parent) ?? []).toSorted((a, b) => a.startMs - b.startMs);
    return row.flatMap((span) => {
      if (seen.has(span.id)) return [];
      seen.add(span.id);
      return [place(span, depth), ...below(span.id, depth + 1)];
    });
  }

  function place(span: Span, depth: number): Bar {
    const left = Math.min(span.startMs * scale, 100 - THINNEST);
    return {
      span,
      depth,
      left,
      width: Math.min(100 - left, Math.max(THINNEST, span.durationMs * scale)),
    };
  }

  const bars = below("", 0);
  // Spans that name each other as parents in a circle have no root; they follow at the end.
  return [...bars, ...spans.filter((span) => !seen.has(span.id)).map((span) => place(span, 0))];
}

/** Round times for the axis, four to six of them, from 0 up to the end. */
export function toTicks(totalMs: number): number[] {
  if (totalMs <= 0) return [0];
  const rough = totalMs / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step =
    [1, 2, 5, 10].map((factor) => factor * power).findLast((size) => size <= rough) ?? rough;
  return Array.from({ length: Math.floor(totalMs / step) + 1 }, (_, index) =>
    Number((index * step).toPrecision(6)),
  );
}

/** An attribute for a reader: the unit that its name ends with decides how it is written. */
export function attributeText(name: string, value: Span["attributes"][string]): string {
  if (value === null) return "–";
  if (typeof value !== "number") return String(value);
  if (/ms$/i.test(name)) return formatMs(value);
  if (/nanos$/i.test(name)) return formatCost(value);
  if (/bytes$/i.test(name)) return formatBytes(value);
  return String(Number(value.toFixed(3)));
}
