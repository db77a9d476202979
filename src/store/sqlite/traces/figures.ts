import type { DatabaseSync } from "node:sqlite";
import type { Run } from "../../../core/run.ts";
import type { Dimension, FigureCell, FigureQuery } from "../../../core/run-query.ts";
import { Cell, isCounted, valueOf } from "../../figure-cells.ts";
import {
  BY_MINUTE,
  type CellRow,
  HOUR,
  MINUTE,
  SUM_COLUMNS,
  addCell,
  keptDims,
} from "./rollups.ts";
import type { Words } from "./words.ts";

type Row = CellRow & { readonly at: number; readonly key: string };

/** Answers from what is kept by the minute and the hour; other questions walk the runs themselves. */
export class FigureReader {
  private readonly words: Words;
  private readonly range;
  private readonly sums;

  constructor(db: DatabaseSync, words: Words) {
    this.words = words;
    this.range = db.prepare(
      "SELECT at, key, sums, duration, ttft, per_token, queue FROM rollup WHERE level = ? AND dims = ? AND at >= ? AND at < ?",
    );
    this.sums = db.prepare("SELECT * FROM rollup_sum WHERE dims = ? AND at >= ? AND at < ?");
  }

  figures(query: FigureQuery, runs: () => Iterable<Run>): FigureCell[] {
    const cells = new Cells(query);
    const kept = keptFor(query);
    if (kept) this.fromRollups(query, kept, cells);
    else for (const run of runs()) cells.addRun(run);
    return cells.figures();
  }

  private fromRollups(query: FigureQuery, kept: Kept, cells: Cells): void {
    if (!kept.hasSketches) {
      this.fromSums(query, kept, cells);
      return;
    }
    const indexes = query.by.map((name) => kept.of.indexOf(name));
    const conditions = this.wordsOf(query).map(([name, words]) => ({
      index: kept.of.indexOf(name),
      words,
    }));
    for (const [level, from, to] of spansOf(query, BY_MINUTE.includes(kept.dims))) {
      for (const row of this.range.iterate(level, kept.dims, from, to) as Iterable<Row>) {
        // the columns asked for
        const values = row.key.split(",").map(Number);
        if (!conditions.every(({ index, words }) => words.has(values[index] ?? 0))) continue;
        const names = indexes.map((index) => this.words.textOf(values[index] || null) ?? "");
        addCell(cells.cell(row.at, names), row);
      }
    }
  }

  /** Of many values only sums are kept, by the hour. */
  private fromSums(query: FigureQuery, kept: Kept, cells: Cells): void {
    const conditions = this.wordsOf(query);
    const hour = Math.floor(query.from / HOUR) * HOUR;
    for (const row of this.sums.iterate(kept.dims, hour, query.to) as Iterable<SumRow>) {
      const words = { tenant: row.tenant, [kept.dims]: row.value };
      if (!conditions.every(([name, known]) => known.has(words[name] ?? 0))) continue;
      const names = query.by.map((name) => this.words.textOf(words[name] || null) ?? "");
      const { sums } = cells.cell(row.at, names);
      for (const [index, column] of SUM_COLUMNS.entries()) {
        sums[index] = (sums[index] ?? 0) + (row[column] ?? 0);
      }
    }
  }

  private wordsOf(query: FigureQuery): [Dimension, ReadonlySet<number>][] {
    return conditionsOf(query).map(([name, values]) => [
      name,
      new Set(values.map((value) => (value === "" ? 0 : (this.words.known(value) ?? -1)))),
    ]);
  }
}

type SumRow = Readonly<Record<string, number>> & {
  readonly at: number;
  readonly tenant: number;
  readonly value: number;
};
type Kept = ReturnType<typeof keptDims>[number];

function conditionsOf({ tenantId, where }: FigureQuery): [Dimension, readonly string[]][] {
  const conditions = Object.entries(where ?? {}) as [Dimension, readonly string[]][];
  if (tenantId !== undefined) conditions.push(["tenant", [tenantId]]);
  return conditions;
}

/** The least table that has all dimensions of the question; undefined where none has. */
function keptFor(query: FigureQuery): Kept | undefined {
  if (query.filter) return undefined;
  const needed = [...query.by, ...conditionsOf(query).map(([name]) => name)];
  const fits = keptDims().filter(({ of }) => needed.every((name) => of.includes(name)));
  // By the minute only some are kept: a question about minutes takes one of those.
  const isAligned = query.from % HOUR === 0 && query.to % HOUR === 0;
  const areBucketsFine = query.bucketMs !== undefined && query.bucketMs % HOUR !== 0;
  const byMinute = fits.filter(({ dims }) => BY_MINUTE.includes(dims));
  const choice = areBucketsFine || (!isAligned && byMinute.length > 0) ? byMinute : fits;
  return choice.toSorted((a, b) => a.of.length - b.of.length)[0];
}

/** Which buckets of which level make up the window. */
function spansOf(
  { from, to, bucketMs }: FigureQuery,
  hasMinutes: boolean,
): [level: number, from: number, to: number][] {
  const isFine = bucketMs !== undefined && bucketMs % HOUR !== 0;
  if (!hasMinutes) return [[HOUR, Math.floor(from / HOUR) * HOUR, to]];
  const first = Math.ceil(from / HOUR) * HOUR;
  const last = Math.floor(to / HOUR) * HOUR;
  if (isFine || first >= last) return [[MINUTE, Math.floor(from / MINUTE) * MINUTE, to]];
  return [
    [MINUTE, Math.floor(from / MINUTE) * MINUTE, first],
    [HOUR, first, last],
    [MINUTE, last, to],
  ];
}

/** The cells of an answer, by bucket and values. */
class Cells {
  private readonly query: FigureQuery;
  private readonly cells = new Map<string, { at: number; values: readonly string[]; cell: Cell }>();

  constructor(query: FigureQuery) {
    this.query = query;
  }

  cell(at: number, values: readonly string[]): Cell {
    const { from, bucketMs } = this.query;
    const start =
      bucketMs === undefined ? from : Math.floor((at - from) / bucketMs) * bucketMs + from;
    const id = `${start}\0${values.join("\0")}`;
    let entry = this.cells.get(id);
    if (!entry) this.cells.set(id, (entry = { at: start, values, cell: new Cell() }));
    return entry.cell;
  }

  addRun(run: Run): void {
    if (!isCounted(run) || !this.passes(run)) return;
    for (const values of valuesOf(run, this.query.by)) this.cell(run.at, values).add(run, 1);
  }

  figures(): FigureCell[] {
    return [...this.cells.values()]
      .map(({ at, values, cell }) => cell.toFigures(at, values))
      .filter(({ runs }) => runs !== 0)
      .toSorted(byTimeAndSize);
  }

  private passes(run: Run): boolean {
    return conditionsOf(this.query).every(([name, values]) =>
      name === "tag"
        ? run.tags.some((tag) => values.includes(tag))
        : values.includes(valueOf(run, name) ?? ""),
    );
  }
}

/** The busiest first within a bucket; those of one size by their values. */
function byTimeAndSize(a: FigureCell, b: FigureCell): number {
  return a.at - b.at || b.runs - a.runs || (a.values.join() < b.values.join() ? -1 : 1);
}

/** The combinations of values in which a run counts: with tags there are several. */
function valuesOf(run: Run, by: readonly Dimension[]): string[][] {
  let combinations: string[][] = [[]];
  for (const name of by) {
    const values = name === "tag" ? [...new Set(run.tags)] : [valueOf(run, name) ?? ""];
    combinations = combinations.flatMap((head) => values.map((value) => [...head, value]));
  }
  return combinations;
}
