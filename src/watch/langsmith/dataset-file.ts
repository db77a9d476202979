import { WeirError } from "../../core/errors.ts";
import type { Example, NewExample } from "./example.ts";

/** Datasets as files: CSV and JSON lines, in both directions. */

interface Columns {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly metadata: readonly string[];
}

/** The examples of an uploaded file. Throws invalid_request naming the row and what is wrong with it. */
export function examplesOfFile(text: string, filename: string, columns: Columns): NewExample[] {
  const isLines = /\.(jsonl|ndjson)$/i.test(filename) || /^\s*\{/.test(text);
  return isLines ? examplesOfLines(text, columns) : examplesOfCsv(text, columns);
}

function examplesOfCsv(text: string, columns: Columns): NewExample[] {
  const [header, ...rows] = parseCsv(text.replace(/^\uFEFF/, ""));
  if (!header) throw fault("file: is empty");
  const wanted = [...columns.inputs, ...columns.outputs, ...columns.metadata];
  const missing = wanted.filter((name) => !header.includes(name));
  if (missing.length > 0) {
    throw fault(`file: has no column ${missing.join(", ")}. It has: ${header.join(", ")}`);
  }
  return rows.map((row, index) => {
    if (row.length !== header.length) {
      throw fault(`file: row ${index + 2} has ${row.length} fields, not ${header.length}`);
    }
    const fields = Object.fromEntries(header.map((name, at) => [name, row[at]]));
    return toExample(fields, columns);
  });
}

function examplesOfLines(text: string, columns: Columns): NewExample[] {
  const lines = text.split("\n").map((line, index) => ({ line: line.trim(), number: index + 1 }));
  return lines
    .filter(({ line }) => line !== "")
    .map(({ line, number }) => {
      const fields = objectOf(line);
      if (!fields) throw fault(`file: line ${number} is no JSON object`);
      if (columns.inputs.length > 0) return toExample(fields, columns);
      const { inputs, outputs, metadata } = fields as NewExample; // checked where it is added
      if (!inputs) throw fault(`file: line ${number} has no "inputs". Name input_keys otherwise`);
      return { inputs, outputs, metadata };
    });
}

function objectOf(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function toExample(fields: Readonly<Record<string, unknown>>, columns: Columns): NewExample {
  const pick = (names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, fields[name] ?? null]));
  return {
    inputs: pick(columns.inputs),
    outputs: columns.outputs.length > 0 ? pick(columns.outputs) : null,
    metadata: columns.metadata.length > 0 ? pick(columns.metadata) : null,
  };
}

const FIELD = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|\r|$)/y;

/** After RFC 4180; rows without any field are left out. */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  FIELD.lastIndex = 0;
  while (FIELD.lastIndex < text.length) {
    const at = FIELD.lastIndex;
    const [, quoted, plain = "", end] = FIELD.exec(text) ?? [];
    if (end === undefined) throw fault(`file: row ${rows.length + 1} has a broken quote`);
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    const isLast = FIELD.lastIndex >= text.length;
    if (end === "," && isLast) row.push("");
    if (end !== "," || isLast) {
      if (row.length > 1 || row[0] !== "") rows.push(row);
      row = [];
    }
    if (FIELD.lastIndex === at) break;
  }
  return rows;
}

/** One column a field, as `input_question`; texts as they are and the rest as JSON. */
export function toCsv(examples: readonly Example[]): string {
  const rows = examples.map(({ id, value: { inputs, outputs, metadata } }) => ({
    id,
    ...prefixed("input", inputs),
    ...prefixed("output", outputs ?? {}),
    ...prefixed("metadata", metadata),
  }));
  const columns = [...new Set(["id", ...rows.flatMap((row) => Object.keys(row))])];
  const cells = rows.map((row: Readonly<Record<string, unknown>>) =>
    columns.map((column) => cellOf(row[column])),
  );
  return [columns, ...cells].map((row) => `${row.map(quotedCell).join(",")}\r\n`).join("");
}

function prefixed(prefix: string, fields: Readonly<Record<string, unknown>>) {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [`${prefix}_${name}`, value]),
  );
}

function cellOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** A cell that a spreadsheet would compute is kept from that. */
function quotedCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function toJsonLines(examples: readonly Example[]): string {
  return examples
    .map(({ id, value: { inputs, outputs, metadata } }) =>
      JSON.stringify({ id, inputs, outputs, metadata }),
    )
    .map((line) => `${line}\n`)
    .join("");
}

function fault(text: string): WeirError {
  return new WeirError("invalid_request", `${text}.`, { param: "file" });
}
