import type { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { atomically } from "./atomically.ts";

/** An item as clients see it; only its id means something here. */
export interface StoredItem {
  readonly id: string;
  readonly [field: string]: unknown;
}

export interface StoredResponse {
  readonly id: string;
  readonly status: string;
  /** The Response without its output. */
  readonly body: Readonly<Record<string, unknown>>;
  /** The number of its stream's last event. */
  readonly lastEvent: number;
}

export interface NewResponse extends StoredResponse {
  readonly keyId: string;
  readonly previousId: string | null;
  readonly input: readonly StoredItem[];
  readonly output: readonly StoredItem[];
}

export const RESPONSES_SCHEMA = `
  CREATE TABLE response (
    id TEXT PRIMARY KEY, key_id TEXT NOT NULL, status TEXT NOT NULL, previous_id TEXT,
    thread TEXT NOT NULL, body TEXT NOT NULL, last_event INTEGER NOT NULL, expires_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX response_thread ON response (thread, expires_at);
  CREATE INDEX response_expires_at ON response (expires_at);
  CREATE TABLE response_item (
    response_id TEXT NOT NULL REFERENCES response(id) ON DELETE CASCADE, position INTEGER NOT NULL,
    id TEXT NOT NULL, is_output INTEGER NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (response_id, position)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX response_item_id ON response_item (id);
  CREATE TABLE conversation (
    id TEXT PRIMARY KEY, key_id TEXT NOT NULL, metadata TEXT NOT NULL, created_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE conversation_item (
    conversation_id TEXT NOT NULL REFERENCES conversation(id) ON DELETE CASCADE,
    position INTEGER NOT NULL, id TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (conversation_id, position)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX conversation_item_id ON conversation_item (id);`;

const Json = z.string().transform((text) => JSON.parse(text) as Record<string, unknown>); // only this folder writes it
const Item = z
  .object({ id: z.string(), value: Json })
  .transform(({ id, value }) => ({ ...value, id }));
const Row = z
  .object({ id: z.string(), status: z.string(), body: Json, last_event: z.number() })
  .transform(({ last_event: lastEvent, ...row }): StoredResponse => ({ ...row, lastEvent }));

const SWEEP_MS = 3_600_000;
const DAY_MS = 86_400_000;

export type ResponseStore = ReturnType<typeof createResponseStore>;

/**
 * Answers that clients may come back to. Each belongs to one key; a thread of answers that build on
 * each other is kept as long as its newest one, so that a context never loses its beginning.
 */
export function createResponseStore(
  db: DatabaseSync,
  now: () => number,
  retentionMs: () => number = () => 30 * DAY_MS,
) {
  const sql = prepare(db);
  const { sweep, insert } = createWriter(sql, now, retentionMs);

  sweep();
  return {
    /** Keeps a response, in the place of what stood under its id. All of it or, when it throws, none. */
    put(response: NewResponse): void {
      sweep();
      atomically(db, () => insert(response));
    },
    find(keyId: string, id: string): StoredResponse | undefined {
      const row = sql.find.get(id, keyId, now());
      return row && Row.parse(row);
    },
    /** What it was asked, or what it answered, in order. */
    items: (id: string, kind: "input" | "output"): StoredItem[] =>
      sql.items.all(id, kind === "output" ? 1 : 0).map((row) => Item.parse(row)),
    /**
     * Everything said up to and with a response, oldest first; undefined when a part of it is gone.
     */
    history(keyId: string, id: string): StoredItem[] | undefined {
      const chain = sql.chain.all(id, keyId, keyId);
      const first = chain.at(-1);
      if (!first || first["previous_id"] !== null) return undefined;
      return chain
        .toReversed()
        .flatMap((row) => sql.allItems.all(row["id"] ?? null).map((item) => Item.parse(item)));
    },
    /** An item of any of a key's responses or conversations. */
    item(keyId: string, itemId: string): StoredItem | undefined {
      const row = sql.item.get(itemId, keyId, itemId, keyId);
      return row && Item.parse(row);
    },
    remove: (keyId: string, id: string): boolean => Number(sql.drop.run(id, keyId).changes) > 0,
    /** Marks what an earlier process left unfinished as failed. */
    failUnfinished(error: { code: string; message: string }): void {
      sql.fail.run(JSON.stringify(error));
    },
  };
}

/** What changes the tables, and forgets what is old. */
function createWriter(
  sql: ReturnType<typeof prepare>,
  now: () => number,
  retentionMs: () => number,
) {
  let sweptAt = -Infinity;

  function sweep(): void {
    if (now() - sweptAt < SWEEP_MS) return;
    sweptAt = now();
    sql.sweep.run(now());
  }

  function insert(response: NewResponse): void {
    const { id, keyId, previousId, input, output } = response;
    const thread = previousId === null ? id : threadOf(previousId, id);
    const expiresAt = now() + retentionMs();
    const body = JSON.stringify(response.body);
    sql.drop.run(id, keyId);
    sql.add.run(
      id,
      keyId,
      response.status,
      previousId,
      thread,
      body,
      response.lastEvent,
      expiresAt,
    );
    for (const [at, item] of input.entries())
      sql.addItem.run(id, at, item.id, 0, JSON.stringify(item));
    for (const [at, item] of output.entries()) {
      sql.addItem.run(id, input.length + at, item.id, 1, JSON.stringify(item));
    }
    // A day more than is needed, so that a long thread is not written anew with each answer.
    sql.renew.run(expiresAt + DAY_MS, thread, expiresAt);
  }

  function threadOf(previousId: string, own: string): string {
    const thread = sql.thread.get(previousId)?.["thread"];
    return typeof thread === "string" ? thread : own;
  }

  return { sweep, insert };
}

function prepare(db: DatabaseSync) {
  return {
    add: db.prepare(
      `INSERT INTO response (id, key_id, status, previous_id, thread, body, last_event, expires_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    addItem: db.prepare(
      "INSERT INTO response_item (response_id, position, id, is_output, value) VALUES (?, ?, ?, ?, ?)",
    ),
    find: db.prepare("SELECT * FROM response WHERE id = ? AND key_id = ? AND expires_at > ?"),
    thread: db.prepare("SELECT thread FROM response WHERE id = ?"),
    renew: db.prepare("UPDATE response SET expires_at = ? WHERE thread = ? AND expires_at < ?"),
    items: db.prepare(
      "SELECT id, value FROM response_item WHERE response_id = ? AND is_output = ? ORDER BY position",
    ),
    allItems: db.prepare(
      "SELECT id, value FROM response_item WHERE response_id = ? ORDER BY position",
    ),
    chain: db.prepare(
      `WITH RECURSIVE chain (id, previous_id, depth) AS (
         SELECT id, previous_id, 0 FROM response WHERE id = ? AND key_id = ?
         UNION ALL
         SELECT response.id, response.previous_id, depth + 1 FROM response
         JOIN chain ON response.id = chain.previous_id WHERE response.key_id = ?
       ) SELECT id, previous_id FROM chain ORDER BY depth`,
    ),
    item: db.prepare(
      `SELECT response_item.id, value FROM response_item JOIN response ON response.id = response_id
         WHERE response_item.id = ? AND key_id = ?
       UNION ALL
       SELECT conversation_item.id, value FROM conversation_item
         JOIN conversation ON conversation.id = conversation_id
         WHERE conversation_item.id = ? AND key_id = ?
       LIMIT 1`,
    ),
    drop: db.prepare("DELETE FROM response WHERE id = ? AND key_id = ?"),
    sweep: db.prepare("DELETE FROM response WHERE expires_at <= ?"),
    fail: db.prepare(
      `UPDATE response SET status = 'failed',
         body = json_set(body, '$.status', 'failed', '$.error', json(?))
       WHERE status IN ('queued', 'in_progress')`,
    ),
  };
}
