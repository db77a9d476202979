import { randomUUID } from "node:crypto";
import type { Caller } from "../core/call.ts";
import type { Shelf } from "../watch/langsmith/shelf.ts";

/** Who looked at texts of prompts and answers: noted before they leave, for a year and a month. */

const KIND = "text-read";
/** The shelf asks for a tenant; notes are the whole server's. */
const ALL = "-";
/** The same look again within this time is one: pages that refresh themselves would fill the list. */
const SAME_MS = 5 * 60_000;
const KEEP_MS = 400 * 86_400_000;
const TIDY_EVERY = 500;
const MOST_SUBJECT_CHARS = 500;

interface Note {
  readonly who: string;
  readonly what: string;
  readonly tenantId: string | null;
  readonly subject: string;
}

export function createTextReads(shelf: Shelf, now: () => number) {
  const latest = new Map<string, number>();
  let noted = 0;

  /** Removes what is older than it need be. */
  async function tidy(): Promise<void> {
    const old = await shelf.list({ kind: KIND, tenantId: ALL, order: "oldest", limit: TIDY_EVERY });
    const gone = old.filter(({ createdAt }) => createdAt < now() - KEEP_MS);
    if (gone.length === 0) return;
    await shelf.write(gone.map(({ id }) => ({ op: "remove", kind: KIND, tenantId: ALL, id })));
  }

  return {
    async note({
      who,
      what,
      subject,
    }: {
      who: Pick<Caller, "keyName" | "tenantId">;
      what: string;
      subject: string;
    }): Promise<void> {
      const note: Note = {
        who: who.keyName,
        what,
        tenantId: who.tenantId ?? null,
        subject: subject.slice(0, MOST_SUBJECT_CHARS),
      };
      const name = JSON.stringify(note);
      const at = now();
      if (at - (latest.get(name) ?? -Infinity) < SAME_MS) return;
      if (latest.size >= TIDY_EVERY) latest.clear();
      latest.set(name, at);
      await shelf.write([
        { op: "put", kind: KIND, tenantId: ALL, id: randomUUID(), value: note, at },
      ]);
      noted += 1;
      if (noted % TIDY_EVERY === 0) await tidy();
    },
    async list(limit: number) {
      const records = await shelf.list({ kind: KIND, tenantId: ALL, limit });
      return {
        reads: records.map(({ createdAt, value }) => ({ at: createdAt, ...(value as Note) })), // written by note
      };
    },
  };
}

export type TextReads = ReturnType<typeof createTextReads>;
