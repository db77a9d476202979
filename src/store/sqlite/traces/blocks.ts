import type { DatabaseSync } from "node:sqlite";
import type { RunPayload } from "../../../core/run.ts";
import type { Sealed, Sealing } from "../../sealing.ts";
import { putBackTexts, sharedIn, takeOutTexts } from "./shared-texts.ts";

/** Where a run's texts lie inside the opened block. */
export interface Place {
  readonly block: number;
  readonly start: number;
  readonly length: number;
}

/** A payload on its way into a block. */
export interface Piece {
  readonly seq: number;
  readonly at: number;
  readonly json: Buffer;
}

const BLOCK_RUNS = 64;
const BLOCK_BYTES = 256 * 1024;
const SEEN_MOST = 20_000;
/** Of each run in a block: its key and its bytes' place. */
const ENTRY_BYTES = 16;

/** Writes texts: those of many runs in a block together, long ones that come again once. */
export class BlockWriter {
  private readonly sealing: Sealing;
  private readonly sql;
  private readonly glimpses = new Set<number>();
  /** Hashes of long texts, with their number once they came again. */
  private seen = new Map<string, number | undefined>();

  constructor(db: DatabaseSync, sealing: Sealing) {
    this.sealing = sealing;
    this.sql = {
      addBlock: db.prepare("INSERT INTO block (at, codec, body) VALUES (?, ?, ?)"),
      setBlock: db.prepare("UPDATE block SET codec = ?, body = ? WHERE id = ?"),
      blockOf: db.prepare("SELECT codec, body FROM block WHERE id = ?"),
      dropBlock: db.prepare("DELETE FROM block WHERE id = ?"),
      addText: db.prepare(
        "INSERT INTO text (hash, codec, body) VALUES (?, ?, ?) ON CONFLICT (hash) DO UPDATE SET hash = excluded.hash RETURNING id",
      ),
      use: db.prepare("INSERT OR IGNORE INTO block_text (text, block) VALUES (?, ?)"),
      unuse: db.prepare("DELETE FROM block_text WHERE block = ?"),
      textsOf: db.prepare("SELECT text FROM block_text WHERE block = ?"),
      dropText: db.prepare(
        "DELETE FROM text WHERE id = ? AND NOT EXISTS (SELECT 1 FROM block_text WHERE text = text.id)",
      ),
      setLoose: db.prepare("INSERT OR REPLACE INTO loose (seq, codec, body) VALUES (?, ?, ?)"),
    };
  }

  /** The bytes of a payload that goes into a block: long texts that were seen before are taken out. */
  toJson(payload: RunPayload): Buffer {
    return Buffer.from(JSON.stringify(takeOutTexts(payload, (text) => this.share(text))));
  }

  /** Writes pieces as blocks; tells where each of them lies. */
  write(pieces: readonly Piece[], placed: (seq: number, place: Place) => void): void {
    for (const group of groupsOf(pieces)) {
      const { body, places } = pack(group);
      const { codec, body: sealed } = this.sealing.close(body);
      const at = Math.ceil(Math.max(...group.map((piece) => piece.at)));
      const block = Number(this.sql.addBlock.run(at, codec, sealed).lastInsertRowid);
      for (const { json } of group) this.noteTexts(block, json);
      for (const [index, { seq }] of group.entries()) {
        const place = places[index];
        if (place) placed(seq, { block, ...place });
      }
    }
  }

  /** Writes one payload by itself: of a run that goes on, or that changed after its block was written. */
  writeLoose(seq: number, payload: RunPayload): void {
    // Nothing is shared here: a loose payload is not counted among the users of a text.
    const kept = takeOutTexts(payload, () => undefined);
    const { codec, body } = this.sealing.close(Buffer.from(JSON.stringify(kept)));
    this.sql.setLoose.run(seq, codec, body);
  }

  /** Leaves in a block only what is still wanted of it. The places of the rest stay as they are. */
  compact(block: number, isWanted: (seq: number) => boolean): void {
    const row = this.sql.blockOf.get(block);
    if (!row) return;
    const bytes = Buffer.from(this.sealing.open(row as unknown as Sealed));
    const shared = this.sql.textsOf.all(block).map(({ text }) => Number(text));
    let hasMore = false;
    this.sql.unuse.run(block);
    for (const { seq, start, end } of entriesOf(bytes)) {
      if (!isWanted(seq)) {
        bytes.fill(0x20, start, end);
        continue;
      }
      hasMore = true;
      this.noteTexts(block, bytes.subarray(start, end));
    }
    if (hasMore) {
      const { codec, body } = this.sealing.close(bytes);
      this.sql.setBlock.run(codec, body, block);
    } else this.sql.dropBlock.run(block);
    for (const text of shared) this.sql.dropText.run(text);
    // A text that went must not be referred to again.
    this.forget();
  }

  /** Numbers that a rolled back transaction gave are not to be used again. */
  forget(): void {
    this.seen = new Map();
  }

  private share(text: string): number | undefined {
    // Most texts come once: they are told from the others without a hash of the whole.
    if (!this.hasGlimpsed(text)) return undefined;
    const hash = this.sealing.hash(text);
    const name = Buffer.from(hash).toString("latin1");
    if (!this.seen.has(name)) {
      if (this.seen.size >= SEEN_MOST) this.forget();
      this.seen.set(name, undefined);
      return undefined;
    }
    const known = this.seen.get(name);
    if (known !== undefined) return known;
    const { codec, body } = this.sealing.close(Buffer.from(text));
    const id = Number(this.sql.addText.get(hash, codec, body)?.["id"]);
    this.seen.set(name, id);
    return id;
  }

  private hasGlimpsed(text: string): boolean {
    let glimpse = text.length;
    const step = Math.ceil(text.length / 24);
    for (let at = 0; at < text.length; at += step) {
      glimpse = (Math.imul(glimpse, 31) + text.charCodeAt(at)) | 0;
    }
    if (this.glimpses.has(glimpse)) return true;
    if (this.glimpses.size >= SEEN_MOST) this.glimpses.clear();
    this.glimpses.add(glimpse);
    return false;
  }

  private noteTexts(block: number, json: Buffer): void {
    if (!json.includes(String.raw`\u0001t`)) return;
    for (const text of sharedIn(json.toString())) this.sql.use.run(text, block);
  }
}

function* groupsOf(pieces: readonly Piece[]): Generator<Piece[]> {
  let group: Piece[] = [];
  let bytes = 0;
  for (const piece of pieces) {
    group.push(piece);
    bytes += piece.json.length;
    if (group.length < BLOCK_RUNS && bytes < BLOCK_BYTES) continue;
    yield group;
    group = [];
    bytes = 0;
  }
  if (group.length > 0) yield group;
}

function pack(group: readonly Piece[]) {
  const head = Buffer.alloc(4 + group.length * ENTRY_BYTES);
  head.writeUInt32LE(group.length, 0);
  let start = head.length;
  const places = group.map(({ seq, json: { length } }, index) => {
    const at = 4 + index * ENTRY_BYTES;
    head.writeDoubleLE(seq, at);
    head.writeUInt32LE(start, at + 8);
    head.writeUInt32LE(length, at + 12);
    const place = { start, length };
    start += length;
    return place;
  });
  return { body: Buffer.concat([head, ...group.map(({ json }) => json)]), places };
}

function* entriesOf(bytes: Buffer): Generator<{ seq: number; start: number; end: number }> {
  for (let index = 0; index < bytes.readUInt32LE(0); index++) {
    const at = 4 + index * ENTRY_BYTES;
    const start = bytes.readUInt32LE(at + 8);
    yield { seq: bytes.readDoubleLE(at), start, end: start + bytes.readUInt32LE(at + 12) };
  }
}

/** A run's texts by its key, wherever they lie. */
export class PayloadReader {
  private readonly sealing: Sealing;
  private readonly sql;
  private last: { readonly block: number; readonly bytes: Buffer } | undefined;

  constructor(db: DatabaseSync, sealing: Sealing) {
    this.sealing = sealing;
    this.sql = {
      loose: db.prepare("SELECT codec, body FROM loose WHERE seq = ?"),
      block: db.prepare("SELECT codec, body FROM block WHERE id = ?"),
      text: db.prepare("SELECT codec, body FROM text WHERE id = ?"),
    };
  }

  read(seq: number, place: Place | undefined): RunPayload {
    const loose = this.sql.loose.get(seq);
    const json = loose
      ? this.sealing.open(loose as unknown as Sealed).toString()
      : place && this.fromBlock(place);
    // A blank: it was deleted from the block.
    if (!json?.trim()) return {};
    return putBackTexts(JSON.parse(json), (id) => this.textOf(id)) as RunPayload; // written by BlockWriter
  }

  /** Opened blocks are kept only from one run of a trace to the next. */
  forget(): void {
    this.last = undefined;
  }

  private fromBlock({ block, start, length }: Place): string | undefined {
    if (this.last?.block !== block) {
      const row = this.sql.block.get(block);
      if (!row) return undefined;
      this.last = { block, bytes: this.sealing.open(row as unknown as Sealed) };
    }
    return this.last.bytes.toString("utf8", start, start + length);
  }

  private textOf(id: number): string {
    const row = this.sql.text.get(id);
    return row ? this.sealing.open(row as unknown as Sealed).toString() : "";
  }
}
