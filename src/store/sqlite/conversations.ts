import type { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { atomically } from "./atomically.ts";
import type { StoredItem } from "./responses.ts";

export interface StoredConversation {
  readonly id: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

const Json = z.string().transform((text) => JSON.parse(text) as Record<string, unknown>); // only this file writes it
const Item = z
  .object({ id: z.string(), value: Json })
  .transform(({ id, value }) => ({ ...value, id }));
const Row = z
  .object({ id: z.string(), metadata: Json, created_at: z.number() })
  .transform(({ created_at: createdAt, id, metadata }): StoredConversation => ({
    id,
    metadata,
    createdAt,
  }));

export type ConversationStore = ReturnType<typeof createConversationStore>;

/** Conversations: lists of items that answers are added to. Each belongs to one key; none expires. */
export function createConversationStore(db: DatabaseSync, now: () => number) {
  const sql = prepare(db);

  function append(id: string, items: readonly StoredItem[]): void {
    let at = Number(sql.last.get(id)?.["last"] ?? 0);
    for (const { id: itemId, ...value } of items) {
      sql.addItem.run(id, ++at, itemId, JSON.stringify(value));
    }
  }

  return {
    add(
      keyId: string,
      { id, metadata }: Omit<StoredConversation, "createdAt">,
      items: readonly StoredItem[],
    ): void {
      atomically(db, () => {
        sql.add.run(id, keyId, JSON.stringify(metadata), now());
        append(id, items);
      });
    },
    find(keyId: string, id: string): StoredConversation | undefined {
      const row = sql.find.get(id, keyId);
      return row && Row.parse(row);
    },
    update(keyId: string, id: string, metadata: Readonly<Record<string, unknown>>): void {
      sql.update.run(JSON.stringify(metadata), id, keyId);
    },
    remove: (keyId: string, id: string): boolean => Number(sql.drop.run(id, keyId).changes) > 0,
    /** Oldest first. */
    items: (id: string): StoredItem[] => sql.items.all(id).map((row) => Item.parse(row)),
    /** Nothing happens to a conversation that is gone. */
    append(keyId: string, id: string, items: readonly StoredItem[]): void {
      atomically(db, () => {
        if (sql.find.get(id, keyId)) append(id, items);
      });
    },
    removeItem: (id: string, itemId: string): boolean =>
      Number(sql.dropItem.run(id, itemId).changes) > 0,
  };
}

function prepare(db: DatabaseSync) {
  return {
    add: db.prepare(
      "INSERT INTO conversation (id, key_id, metadata, created_at) VALUES (?, ?, ?, ?)",
    ),
    find: db.prepare("SELECT * FROM conversation WHERE id = ? AND key_id = ?"),
    update: db.prepare("UPDATE conversation SET metadata = ? WHERE id = ? AND key_id = ?"),
    drop: db.prepare("DELETE FROM conversation WHERE id = ? AND key_id = ?"),
    last: db.prepare(
      "SELECT max(position) AS last FROM conversation_item WHERE conversation_id = ?",
    ),
    addItem: db.prepare(
      "INSERT INTO conversation_item (conversation_id, position, id, value) VALUES (?, ?, ?, ?)",
    ),
    items: db.prepare(
      "SELECT id, value FROM conversation_item WHERE conversation_id = ? ORDER BY position",
    ),
    dropItem: db.prepare("DELETE FROM conversation_item WHERE conversation_id = ? AND id = ?"),
  };
}
