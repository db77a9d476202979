import type { DatabaseSync } from "node:sqlite";
import type { Asked } from "../../run-answers.ts";
import {
  type Condition,
  asksForLatency,
  besidesWords,
  matchOf,
  projectOf,
  seqRange,
  toCondition,
} from "./filter-sql.ts";
import { IndexWords } from "./index-words.ts";
import type { Words } from "./words.ts";

/** Where rows come from, and which of them. */
export interface RunSource {
  readonly from: string;
  readonly where: Condition;
  /** The column that runs are in the order of. */
  readonly key: string;
}

interface Part {
  readonly hasLatency: boolean;
  /** Keys above the one, up to the other. */
  readonly above?: number;
  readonly upTo?: number;
}

/** Where the runs that pass a filter are read from: the full-text index where it names words, a project's roots, or all. */
export class RunSources {
  private readonly db: DatabaseSync;
  private readonly words: Words;
  private readonly indexWords: IndexWords;
  private latencySince: number | undefined;

  constructor(db: DatabaseSync, words: Words) {
    this.db = db;
    this.words = words;
    this.indexWords = new IndexWords(db);
  }

  /** One after the other these give the rows in their order. */
  of(query: Asked): RunSource[] {
    return this.parts(query).map((part) => this.source(query, part));
  }

  /** Runs that were written before there were words for how long they took are looked for without. */
  private parts({ filter, order }: Asked): Part[] {
    if (!asksForLatency(filter)) return [{ hasLatency: false }];
    this.latencySince ??= this.since("latency");
    if (this.latencySince === Number.NEGATIVE_INFINITY) return [{ hasLatency: true }];
    const newer: Part = { hasLatency: true, above: this.latencySince };
    const older: Part = { hasLatency: false, upTo: this.latencySince };
    return order === "asc" ? [older, newer] : [newer, older];
  }

  private since(kind: string): number {
    const row = this.db.prepare("SELECT seq FROM words_since WHERE kind = ?").get(kind);
    return row ? Number(row["seq"]) : Number.NEGATIVE_INFINITY;
  }

  private source(query: Asked, { hasLatency, above, upTo }: Part): RunSource {
    const { filter, tenantId, isRoot } = query;
    const wordsWith = (beginning: string) => this.indexWords.with(beginning);
    const match = matchOf(filter, { wordsWith, hasLatency });
    const key = match === undefined ? "run.seq" : "run_text.rowid";
    const parts: Condition[] = [];
    if (match !== undefined) parts.push({ sql: "run_text MATCH ?", values: [match] });
    const { from, to } = seqRange(filter);
    if (from > Number.MIN_SAFE_INTEGER) parts.push({ sql: `${key} >= ?`, values: [from] });
    if (to < Number.MAX_SAFE_INTEGER) parts.push({ sql: `${key} < ?`, values: [to] });
    if (above !== undefined) parts.push({ sql: `${key} > ?`, values: [above] });
    if (upTo !== undefined) parts.push({ sql: `${key} <= ?`, values: [upTo] });
    if (tenantId !== undefined) {
      parts.push({ sql: "run.tenant = ?", values: [this.words.known(tenantId) ?? -1] });
    }
    if (isRoot !== undefined) {
      parts.push({ sql: `run.parent IS ${isRoot ? "" : "NOT "}NULL`, values: [] });
    }
    if (filter) {
      parts.push(toCondition(match === undefined ? filter : besidesWords(filter), this.words));
    }
    return { from: tableFor(query, match), where: all(parts), key };
  }
}

function tableFor({ filter, isRoot }: Asked, match: string | undefined): string {
  if (match !== undefined) return "run_text CROSS JOIN run ON run.seq = run_text.rowid";
  return isRoot === true && projectOf(filter) !== undefined ? "run INDEXED BY run_root" : "run";
}

function all(parts: readonly Condition[]): Condition {
  return {
    sql: parts.map(({ sql }) => `(${sql})`).join(" AND ") || "1",
    values: parts.flatMap(({ values }) => values),
  };
}
