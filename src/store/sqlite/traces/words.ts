import type { DatabaseSync } from "node:sqlite";

const MOST = 50_000;

/** Texts that occur again and again, kept once and named by a number in every row. */
export class Words {
  private readonly ids = new Map<string, number>();
  private readonly texts = new Map<number, string>();
  private readonly find;
  private readonly add;
  private readonly read;

  constructor(db: DatabaseSync) {
    this.find = db.prepare("SELECT id FROM word WHERE text = ?");
    this.add = db.prepare("INSERT INTO word (text) VALUES (?)");
    this.read = db.prepare("SELECT text FROM word WHERE id = ?");
  }

  /** The number of a text, which it gets where it has none: inside a transaction of the writer alone. */
  idOf(text: string | null): number | null {
    if (text === null) return null;
    const known = this.known(text);
    if (known !== undefined) return known;
    const id = Number(this.add.run(text).lastInsertRowid);
    this.remember(id, text);
    return id;
  }

  /** The number of a text; undefined where nothing was ever called so. */
  known(text: string): number | undefined {
    const id = this.ids.get(text);
    if (id !== undefined) return id;
    const row = this.find.get(text);
    if (!row) return undefined;
    this.remember(Number(row["id"]), text);
    return Number(row["id"]);
  }

  textOf(id: number | null): string | null {
    if (id === null) return null;
    let text = this.texts.get(id);
    if (text === undefined) {
      text = String(this.read.get(id)?.["text"] ?? "");
      this.remember(id, text);
    }
    return text;
  }

  /** Numbers that a rolled back transaction gave are not to be used again. */
  forget(): void {
    this.ids.clear();
    this.texts.clear();
  }

  private remember(id: number, text: string): void {
    if (this.ids.size >= MOST) this.forget();
    this.ids.set(text, id);
    this.texts.set(id, text);
  }
}
