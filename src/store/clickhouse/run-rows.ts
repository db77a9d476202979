import type { Run } from "../../core/run.ts";
import { HIDDEN, type RunColumns, fromColumns, toColumns } from "../run-columns.ts";
import { dayOf, nextVersion } from "./schema.ts";

/** A row as it is written, and as it is read: flags are numbers. */
export interface RunRow extends Readonly<Record<string, unknown>> {
  readonly id: string;
  readonly at: number;
  readonly answer_id: string | null;
  readonly version: string | number;
}

interface Beside {
  readonly isPatched: boolean;
  readonly isHidden: boolean;
  readonly answer: string | undefined;
  readonly words: readonly string[];
}

export function toRow(run: Run, { isPatched, isHidden, answer, words }: Beside): RunRow {
  const columns = toColumns(run, { isPatched, isHidden });
  const metadata = isHidden ? [] : Object.entries(run.metadata);
  const numbers = metadata.filter(([, value]) => typeof value === "number");
  return {
    ...withFlags(columns),
    id: run.id,
    at: run.at,
    answer_id: isHidden ? null : (answer ?? null),
    meta_keys: metadata.map(([key]) => key),
    meta_values: metadata.map(([, value]) => String(value)),
    number_keys: numbers.map(([key]) => key),
    number_values: numbers.map(([, value]) => value),
    words: words.length > 0 && !isHidden ? ` ${words.join(" ")} ` : "",
    day: dayOf(run.at),
    is_gone: 0,
    version: nextVersion(),
  };
}

/** The same row with other columns, as a later version. */
export function changedRow(row: RunRow, changes: Readonly<Record<string, unknown>>): RunRow {
  return { ...row, ...withFlags(changes), day: dayOf(row.at), is_gone: 0, version: nextVersion() };
}

/** It is counted, and shown nowhere. */
export function hiddenRow(row: RunRow): RunRow {
  const found = { meta_keys: [], meta_values: [], number_keys: [], number_values: [], words: "" };
  return changedRow(row, { ...HIDDEN, ...found, trace_id: row.id });
}

/** What says that a run is not there any more, or not on this day. */
export function goneRow(id: string, at: number): object {
  return { id, at, day: dayOf(at), is_gone: 1, version: nextVersion() };
}

export function fromRow(row: RunRow): Run {
  const flags = Object.keys(row).filter((name) => name.startsWith("is_"));
  const told = Object.fromEntries(flags.map((name) => [name, Boolean(row[name])]));
  return fromColumns({ ...row, ...told } as unknown as RunColumns); // the columns of the table
}

function withFlags(columns: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(columns).map(([name, value]) => [
      name,
      typeof value === "boolean" ? Number(value) : (value as unknown),
    ]),
  );
}
