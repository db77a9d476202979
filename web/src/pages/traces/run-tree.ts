import type { RunRow } from "../../../../src/http/trace-schemas.ts";

/** What the tree shows of a run: a trace may have tens of thousands, so no more is kept of each. */
export type TreeRun = Pick<
  RunRow,
  | "id"
  | "parentId"
  | "name"
  | "type"
  | "status"
  | "at"
  | "durationMs"
  | "ttftMs"
  | "model"
  | "costNanos"
  | "inputTokens"
  | "outputTokens"
  | "isCovered"
>;

/** One line of the tree. */
export interface TreeRow {
  readonly run: TreeRun;
  readonly depth: number;
  readonly hasChildren: boolean;
  readonly isOpen: boolean;
  /** Its place among its siblings, from 1, and how many they are. */
  readonly place: number;
  readonly siblings: number;
  /** Its parent was never sent, or the runs name each other as parents in a circle. */
  readonly isStray: boolean;
}

export interface Extent {
  readonly from: number;
  readonly to: number;
}

/**
 * The lines in reading order: each run below its parent, siblings by start; children of a closed run
 * are left out. Nothing gets lost: a run whose parent is missing stands at the root, and so does one
 * of each circle. No recursion: a chain may be as deep as the trace is long.
 */
export function toRows(runs: readonly TreeRun[], closed: ReadonlySet<string>): TreeRow[] {
  const known = new Set(runs.map(({ id }) => id));
  const isTop = ({ id, parentId }: TreeRun) =>
    parentId === null || parentId === id || !known.has(parentId);
  const sorted = runs.toSorted((a, b) => a.at - b.at);
  const children = Map.groupBy(sorted, (run) => (isTop(run) ? "" : (run.parentId ?? "")));
  const seen = new Set<string>();
  const rows: TreeRow[] = [];

  const tops = children.get("") ?? [];
  tops.forEach((run, index) =>
    walk(run, { place: index + 1, siblings: tops.length, isStray: run.parentId !== null }),
  );
  for (const run of sorted) {
    if (!seen.has(run.id)) walk(run, { place: 1, siblings: 1, isStray: true });
  }
  return rows;

  function walk(top: TreeRun, where: Pick<TreeRow, "place" | "siblings" | "isStray">): void {
    const open = [{ run: top, depth: 0, isShown: true, ...where }];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const { isShown, ...row } = next;
      if (seen.has(row.run.id)) continue;
      seen.add(row.run.id);
      const below = children.get(row.run.id) ?? [];
      const isOpen = !closed.has(row.run.id);
      if (isShown) rows.push({ ...row, hasChildren: below.length > 0, isOpen });
      for (const [index, run] of [...below.entries()].toReversed()) {
        const place = { place: index + 1, siblings: below.length, isStray: false };
        open.push({ run, depth: row.depth + 1, isShown: isShown && isOpen, ...place });
      }
    }
  }
}

/** The runs that fit, with all that stand above them. */
export function withAncestors(
  runs: readonly TreeRun[],
  fits: (run: TreeRun) => boolean,
): TreeRun[] {
  const byId = new Map(runs.map((run) => [run.id, run]));
  const kept = new Set<string>();
  for (const run of runs) {
    if (!fits(run)) continue;
    let above: TreeRun | undefined = run;
    while (above && !kept.has(above.id)) {
      kept.add(above.id);
      above = above.parentId === null ? undefined : byId.get(above.parentId);
    }
  }
  return runs.filter(({ id }) => kept.has(id));
}

/** From the first start to the last end; a run without an end lasts until `now`. */
export function extentOf(runs: readonly TreeRun[], now: number): Extent {
  let from = Number.POSITIVE_INFINITY;
  let to = 0;
  for (const run of runs) {
    from = Math.min(from, run.at);
    to = Math.max(to, endOf(run, now));
  }
  return runs.length === 0 ? { from: 0, to: 0 } : { from, to: Math.max(from, to) };
}

/** Where a run's bar lies on the axis, in percent. Wide enough to be seen, and never past the end. */
export function barOf(
  run: TreeRun,
  { from, to }: Extent,
  now: number,
): { left: number; width: number; ttft: number | null } {
  const scale = 100 / Math.max(to - from, 0.01);
  const left = Math.min(Math.max(0, (run.at - from) * scale), 100 - THINNEST);
  const width = Math.max(THINNEST, (endOf(run, now) - run.at) * scale);
  const ttft = run.ttftMs === null ? null : Math.min(100, left + run.ttftMs * scale);
  return { left, width: Math.min(100 - left, width), ttft };
}

const THINNEST = 0.4;

function endOf({ at, durationMs, status }: TreeRun, now: number): number {
  if (durationMs !== null) return at + durationMs;
  return status === "pending" ? Math.max(at, now) : at;
}
