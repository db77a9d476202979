import type { DatabaseSync, StatementSync } from "node:sqlite";

/** More words than these are not asked for one by one. */
const MOST_WORDS = 128;
/** Of others the index may have another form than we. */
const PLAIN = /^[a-z0-9]+$/;

/** What words the full-text index has. */
export class IndexWords {
  private readonly db: DatabaseSync;
  private next: StatementSync | undefined;

  constructor(db: DatabaseSync) {
    this.db = db;
  }

  /** The words that begin so; undefined where they are too many, or where their form is not sure. */
  with(beginning: string): readonly string[] | undefined {
    if (!PLAIN.test(beginning)) return undefined;
    this.next ??= this.prepare();
    const words: string[] = [];
    for (let from = beginning; ;) {
      const word = String(this.next.get(from)?.["term"] ?? "");
      if (!word.startsWith(beginning)) return words;
      if (words.length === MOST_WORDS) return undefined;
      words.push(word);
      // The least text behind this word: where it stands is not to be walked through.
      from = `${word}\u0001`;
    }
  }

  private prepare(): StatementSync {
    this.db.exec("CREATE VIRTUAL TABLE temp.run_word USING fts5vocab(main, run_text, instance)");
    return this.db.prepare("SELECT term FROM temp.run_word WHERE term >= ? LIMIT 1");
  }
}
