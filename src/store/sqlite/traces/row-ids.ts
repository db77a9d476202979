import type { DatabaseSync } from "node:sqlite";

const WRITES = /^\s*(?:INSERT|UPDATE|DELETE)\b(?!.*\bRETURNING\b)/is;

/**
 * The same database, whose writes tell row ids as bigints: deletions from the full-text index leave one
 * of its own behind as the last, which no number can hold, and every later write would throw over it.
 */
export function withLargeRowIds(database: DatabaseSync): DatabaseSync {
  const prepare = database.prepare.bind(database);
  database.prepare = (sql, ...options) => {
    const statement = prepare(sql, ...options);
    if (WRITES.test(sql)) statement.setReadBigInts(true);
    return statement;
  };
  return database;
}
