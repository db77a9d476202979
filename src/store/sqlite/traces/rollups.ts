import type { DatabaseSync } from "node:sqlite";
import type { Run } from "../../../core/run.ts";
import type { Dimension } from "../../../core/run-query.ts";
import { Sketch } from "../../../core/sketch.ts";
import { Cell, SKETCHES, SUMS, addSums, isCounted, valueOf } from "../../figure-cells.ts";
import type { Words } from "./words.ts";

/** Widths of the buckets in which figures are kept. */
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

/** The dimensions that are kept together: any choice of these is answered from one table. */
export const CUBE = [
  "tenant",
  "project",
  "source",
  "type",
  "model",
  "provider",
  "target",
  "route",
  "key",
] as const satisfies Dimension[];

/** Kept apart by tenant, so that long windows are read from few rows. */
const SINGLES = [
  "model",
  "target",
  "provider",
  "route",
  "key",
  "project",
  "type",
  "source",
] as const;
/** Of many values: by the hour, and sums alone. */
export const SUMS_ONLY = ["user", "promptVersion", "name", "status"] as const;

/** What is kept at both levels; the rest by the hour alone. */
export const BY_MINUTE: readonly string[] = ["tenant", "model", "cube"];

/** Cells that are remembered: those of the last minute and hour are written again and again. */
const MOST_CELLS = 2000;

/** A set of dimensions that is kept, as `rollup.dims` names it, and the dimensions of its key. */
export function keptDims(): { dims: string; of: readonly Dimension[]; hasSketches: boolean }[] {
  return [
    { dims: "cube", of: CUBE, hasSketches: true },
    { dims: "tenant", of: ["tenant"], hasSketches: true },
    ...SINGLES.map((name) => ({ dims: name, of: ["tenant", name] as const, hasSketches: true })),
    ...[...SUMS_ONLY, "tag" as const].map((name) => ({
      dims: name,
      of: ["tenant", name] as const,
      hasSketches: false,
    })),
  ];
}

export const SUM_COLUMNS = SUMS.map((_, index) => `s${index}`);

interface Batch {
  /** By minute and cube key. */
  readonly cube: Map<string, { at: number; key: string; cell: Cell }>;
  /** By hour, dimension, tenant and value: what the cube does not have. */
  readonly others: Map<
    string,
    { at: number; dims: string; tenant: number; value: number; sums: Float64Array }
  >;
}

/** Adds runs to the figures of their minute and hour. One writer: what it wrote it remembers. */
export class Rollups {
  private readonly words: Words;
  private readonly sql;
  private readonly cells = new Map<string, Cell>();
  private batch: Batch = { cube: new Map(), others: new Map() };

  constructor(db: DatabaseSync, words: Words) {
    this.words = words;
    this.sql = {
      find: db.prepare(
        "SELECT sums, duration, ttft, per_token, queue FROM rollup WHERE level = ? AND dims = ? AND at = ? AND key = ?",
      ),
      put: db.prepare(
        "INSERT OR REPLACE INTO rollup (level, dims, at, key, sums, duration, ttft, per_token, queue) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      ),
      prune: db.prepare("DELETE FROM rollup WHERE level = ? AND at < ?"),
      addSums: db.prepare(
        `INSERT INTO rollup_sum (dims, at, tenant, value, ${SUM_COLUMNS.join(", ")})
         VALUES (${Array.from({ length: SUM_COLUMNS.length + 4 }, () => "?").join(", ")})
         ON CONFLICT DO UPDATE SET ${SUM_COLUMNS.map((name) => `${name} = ${name} + excluded.${name}`).join(", ")}`,
      ),
      pruneSums: db.prepare("DELETE FROM rollup_sum WHERE at < ?"),
      dropUser: db.prepare(
        "DELETE FROM rollup_sum WHERE dims = 'user' AND tenant = ? AND value = ?",
      ),
    };
  }

  /** Counts a run in the place of what it was before. */
  replace(before: Run | undefined, after: Run | undefined): void {
    if (before && isCounted(before)) this.count(before, -1);
    if (after && isCounted(after)) this.count(after, 1);
  }

  /** Writes what was counted: inside the transaction of the runs themselves. */
  write(): void {
    const minutes: Gathered = new Map();
    const hours: Gathered = new Map();
    for (const { at, key, cell } of this.batch.cube.values()) {
      const hour = at - (at % HOUR);
      for (const [dims, part] of keysOf(key)) {
        if (BY_MINUTE.includes(dims)) gather(minutes, { at, dims, key: part, cell });
        gather(hours, { at: hour, dims, key: part, cell });
      }
    }
    for (const { at, dims, tenant, value, sums } of this.batch.others.values()) {
      this.sql.addSums.run(dims, at, tenant, value, ...sums);
    }
    for (const entry of minutes.values()) this.add(MINUTE, entry);
    for (const entry of hours.values()) this.add(HOUR, entry);
    this.batch = { cube: new Map(), others: new Map() };
  }

  /** What a rolled back transaction counted. */
  forget(): void {
    this.cells.clear();
    this.batch = { cube: new Map(), others: new Map() };
  }

  prune(level: number, before: number): void {
    this.sql.prune.run(level, before);
    if (level === HOUR) this.sql.pruneSums.run(before);
  }

  /** Takes a user's name out of the figures; what was counted stays in all others. */
  dropUser(tenant: number, user: number): void {
    this.sql.dropUser.run(tenant, user);
  }

  private count(run: Run, sign: 1 | -1): void {
    const word = (text: string | null) => this.words.idOf(text) ?? 0;
    const at = Math.floor(run.at / MINUTE) * MINUTE;
    const key = CUBE.map((name) => word(valueOf(run, name))).join(",");
    const id = `${at} ${key}`;
    let entry = this.batch.cube.get(id);
    if (!entry) this.batch.cube.set(id, (entry = { at, key, cell: new Cell() }));
    entry.cell.add(run, sign);

    const tenant = word(run.tenantId);
    const hour = Math.floor(run.at / HOUR) * HOUR;
    const other = (dims: string, text: string) => {
      const value = word(text);
      const otherId = `${hour} ${dims} ${tenant} ${value}`;
      let found = this.batch.others.get(otherId);
      if (!found) {
        found = { at: hour, dims, tenant, value, sums: new Float64Array(SUMS.length) };
        this.batch.others.set(otherId, found);
      }
      addSums(found.sums, run, sign);
    };
    for (const name of SUMS_ONLY) {
      const value = valueOf(run, name);
      if (value !== null) other(name, value);
    }
    for (const tag of new Set(run.tags)) other("tag", tag);
  }

  private add(
    level: number,
    { at, dims, key, cell: delta }: { at: number; dims: string; key: string; cell: Cell },
  ): void {
    const id = `${level} ${at} ${dims} ${key}`;
    let cell = this.cells.get(id);
    if (!cell) {
      if (this.cells.size >= MOST_CELLS) this.cells.clear();
      const row = this.sql.find.get(level, dims, at, key);
      cell = row ? readCell(row as unknown as CellRow) : new Cell();
      this.cells.set(id, cell);
    }
    cell.merge(delta);
    const sketches = SKETCHES.map((name) => cell[name].toBytes() ?? null);
    const [duration = null, ttft = null, perToken = null, queue = null] = sketches;
    const sums = JSON.stringify(Array.from(cell.sums));
    this.sql.put.run(level, dims, at, key, sums, duration, ttft, perToken, queue);
  }
}

/** Where a cell of the cube counts: in the cube itself, in its tenant's sum, and by each dimension. */
function keysOf(cubeKey: string): [dims: string, key: string][] {
  const values = cubeKey.split(",");
  const tenant = values[0] ?? "";
  const singles = SINGLES.map((name): [string, string] => [
    name,
    `${tenant},${values[CUBE.indexOf(name)]}`,
  ]);
  return [["cube", cubeKey], ["tenant", tenant], ...singles];
}

type Gathered = Map<string, { at: number; dims: string; key: string; cell: Cell }>;

function gather(
  into: Gathered,
  { at, dims, key, cell }: { at: number; dims: string; key: string; cell: Cell },
): void {
  const id = `${at} ${dims} ${key}`;
  let entry = into.get(id);
  if (!entry) into.set(id, (entry = { at, dims, key, cell: new Cell() }));
  entry.cell.merge(cell);
}

export interface CellRow {
  readonly sums: string;
  readonly duration: Uint8Array | null;
  readonly ttft: Uint8Array | null;
  readonly per_token: Uint8Array | null;
  readonly queue: Uint8Array | null;
}

export function readCell(row: CellRow): Cell {
  const cell = new Cell();
  addCell(cell, row);
  return cell;
}

/** Adds a kept cell to another without making one of it first. */
export function addCell(cell: Cell, row: CellRow): void {
  const sums: number[] = JSON.parse(row.sums);
  for (const [index, value] of sums.entries()) {
    if (value) cell.sums[index] = (cell.sums[index] ?? 0) + value;
  }
  cell.duration.merge(Sketch.fromBytes(row.duration));
  cell.ttft.merge(Sketch.fromBytes(row.ttft));
  cell.perToken.merge(Sketch.fromBytes(row.per_token));
  cell.queue.merge(Sketch.fromBytes(row.queue));
}
