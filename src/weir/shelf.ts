import type { Settings } from "../config/settings.ts";
import type { SqliteShelf } from "../store/sqlite/shelf.ts";
import type { Shelf } from "../watch/langsmith/shelf.ts";
import { postgresOptions } from "./access.ts";

/** Where datasets, prompts and the like are kept: in the data folder, or in PostgreSQL where one is named. */
export async function shelfOf(settings: Settings, control: SqliteShelf): Promise<Shelf> {
  const options = postgresOptions(settings);
  if (!options) return { ...control, close: async () => undefined };
  const { openPostgresShelf } = await import("../store/postgres/shelf.ts");
  return openPostgresShelf(options);
}
