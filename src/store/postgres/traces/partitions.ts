import type { PoolClient } from "pg";
import { DAY_MS, FIRST_DAY, LAST_DAY } from "./schema.ts";

const TABLES = ["run", "run_text"] as const;
/** Two writers that meet the same new day. */
const LOCK = 0x77_65_69_73;

/** Makes the partitions for these times, and remembers which there are. */
export class Partitions {
  private readonly known = new Set<string>();

  async make(client: PoolClient, times: readonly number[]): Promise<void> {
    const names = new Map(times.map((at) => rangeOf(at)).map((range) => [range.name, range]));
    const fresh = [...names.values()].filter(({ name }) => !this.known.has(name));
    if (fresh.length === 0) return;
    await client.query("SELECT pg_advisory_xact_lock($1)", [LOCK]);
    for (const { name, from, to } of fresh) {
      for (const table of TABLES) {
        await client.query(
          `CREATE TABLE IF NOT EXISTS weir.${table}_${name} PARTITION OF weir.${table} FOR VALUES FROM (${from}) TO (${to})`,
        );
      }
      this.known.add(name);
    }
  }

  /** Drops the oldest that holds runs and lies wholly before this time; gives how many runs went with it. */
  async drop(client: PoolClient, before: number): Promise<number> {
    const { rows } = await client.query<{ name: string }>(
      `SELECT child.relname AS name FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
       WHERE inhparent = 'weir.run'::regclass`,
    );
    const days = rows
      .map(({ name }) => ({ name, end: endOf(name) ?? Number.POSITIVE_INFINITY }))
      .filter(({ end }) => end <= before)
      .toSorted((a, b) => a.end - b.end);
    for (const { name } of days) {
      const gone = await this.dropDay(client, name);
      if (gone > 0) return gone;
    }
    return 0;
  }

  private async dropDay(client: PoolClient, name: string): Promise<number> {
    await client.query(
      `DELETE FROM weir.feedback WHERE run IN (SELECT id FROM weir.${name} WHERE NOT is_hidden)`,
    );
    const { rows } = await client.query<{ n: string }>(`SELECT count(*) AS n FROM weir.${name}`);
    const suffix = name.slice("run_".length);
    for (const table of TABLES) await client.query(`DROP TABLE IF EXISTS weir.${table}_${suffix}`);
    this.known.delete(suffix);
    return Number(rows[0]?.n ?? 0);
  }

  /** A transaction that made some was rolled back. */
  forget(): void {
    this.known.clear();
  }
}

function rangeOf(at: number): { name: string; from: string; to: string } {
  if (at < FIRST_DAY) return { name: "before", from: "MINVALUE", to: String(FIRST_DAY) };
  if (at >= LAST_DAY) return { name: "after", from: String(LAST_DAY), to: "MAXVALUE" };
  const from = Math.floor(at / DAY_MS) * DAY_MS;
  const name = `d${new Date(from).toISOString().slice(0, 10).replaceAll("-", "")}`;
  return { name, from: String(from), to: String(from + DAY_MS) };
}

function endOf(table: string): number | undefined {
  const match = /^run_d(\d{4})(\d\d)(\d\d)$/.exec(table);
  if (!match) return table === "run_before" ? FIRST_DAY : undefined;
  const [, year, month, day] = match;
  return Date.UTC(Number(year), Number(month) - 1, Number(day)) + DAY_MS;
}
