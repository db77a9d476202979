/** What every trace database makes of the runs that it has found. */
import { WeirError } from "../core/errors.ts";
import type { KeptRun, Run, RunPayload } from "../core/run.ts";
import type { RunQuery } from "../core/run-query.ts";

export type Asked = Omit<RunQuery, "limit" | "cursor">;

/** Facets are counted over so many of the newest runs that pass. */
export const FACET_RUNS = 20_000;

/** The runs of a trace, by start. */
export function ofTrace(
  traceId: string,
  { tenantId, limit, cursor }: { tenantId?: string; limit: number; cursor?: string },
): RunQuery {
  const filter = { op: "eq", field: "traceId", value: traceId } as const;
  return { tenantId, filter, limit, cursor, order: "asc" };
}

/** Of a call, its timeline lies with the texts. */
export function withTexts(run: Run, kept: RunPayload): KeptRun {
  const { timeline = null, ...payload } = kept as RunPayload & { timeline?: unknown };
  return { run: run.call ? { ...run, call: { ...run.call, timeline } } : run, payload };
}

export function payloadsOf(found: readonly KeptRun[]): Record<string, RunPayload> {
  return Object.fromEntries(found.map(({ run, payload }) => [run.id, payload]));
}

/** A page of the rows, of which one more than it takes were read; `cursorOf` says where the next one begins. */
export function pageOf<Row>(
  rows: readonly Row[],
  limit: number,
  cursorOf: (last: Row) => string,
): { page: readonly Row[]; next: string | null } {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { page, next: rows.length > page.length && last ? cursorOf(last) : null };
}

export function badCursor(): WeirError {
  return new WeirError("invalid_request", "cursor: hand back the `next` of the page before.", {
    param: "cursor",
  });
}

const PLACE = /^(-?[\d.]+(?:e[+-]?\d+)?)_([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})$/;

/** Where databases without a key of their own go on: after a start and, of one moment, after an id. */
export function placeOf({ at, id }: { readonly at: number; readonly id: string }): string {
  return `${at}_${id}`;
}

export function readPlace(cursor: string): { at: number; id: string } {
  const [, at, id] = PLACE.exec(cursor) ?? [];
  if (at === undefined || id === undefined || !Number.isFinite(Number(at))) throw badCursor();
  return { at: Number(at), id };
}
