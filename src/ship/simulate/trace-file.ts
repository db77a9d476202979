import { WeirError } from "../../core/errors.ts";
import { type Trace, type TraceCall, traceOf } from "./trace.ts";

/** The columns of a trace file; others are passed over. */
const NEEDED = ["t_ms", "input_tokens", "output_tokens"] as const;
const BLOCKS = "prefix_blocks";
const MOST_TOKENS = 100_000_000;

/**
 * Reads CSV with a header that names `t_ms`, `input_tokens` and `output_tokens`, and perhaps `prefix_blocks`
 * (`0-13 20`). Throws invalid_request with the file, the line and what was expected there.
 */
export function readTrace(text: string, path: string): Trace {
  const lines = text.split(/\r?\n/);
  const columns = readHeader(lines[0] ?? "", path);
  const calls: TraceCall[] = [];
  for (let at = 1; at < lines.length; at++) {
    const line = lines[at] ?? "";
    if (line.trim() !== "") calls.push(readLine(line, columns, `${path}:${at + 1}`));
  }
  if (calls.length === 0) throw bad(path, "no call stands in it, only the header");
  const first = calls.reduce((least, { at }) => Math.min(least, at), Infinity);
  const last = calls.reduce((most, { at }) => Math.max(most, at), 0);
  const name = path.replace(/^.*[/\\]/, "").replace(/\.csv(\.gz)?$/, "");
  return traceOf(
    name,
    last - first + 1,
    calls.map((call) => ({ ...call, at: call.at - first })),
  );
}

type Columns = Readonly<Record<(typeof NEEDED)[number] | typeof BLOCKS, number>>;

function readHeader(line: string, path: string): Columns {
  const names = line.split(",").map((name) => name.trim());
  const missing = NEEDED.filter((name) => !names.includes(name));
  if (missing.length > 0) {
    throw bad(
      `${path}:1`,
      `the header names no ${missing.join(" and no ")}; a trace is CSV with the columns ${NEEDED.join(",")}`,
    );
  }
  const [t_ms = 0, input_tokens = 0, output_tokens = 0] = NEEDED.map((name) => names.indexOf(name));
  return { t_ms, input_tokens, output_tokens, prefix_blocks: names.indexOf(BLOCKS) };
}

function readLine(line: string, columns: Columns, where: string): TraceCall {
  const cells = line.split(",");
  const number = (name: (typeof NEEDED)[number], most: number): number => {
    const cell = cells[columns[name]]?.trim() ?? "";
    const value = cell === "" ? NaN : Number(cell);
    if (value >= 0 && value <= most) return value;
    throw bad(where, `${name} is "${cell.slice(0, 40)}", where a number from 0 on is expected`);
  };
  const at = number("t_ms", Number.MAX_SAFE_INTEGER);
  const prompt = Math.round(number("input_tokens", MOST_TOKENS));
  const output = Math.round(number("output_tokens", MOST_TOKENS));
  if (columns.prefix_blocks === -1) return { at, prompt, output };
  const blocks = readBlocks(cells[columns.prefix_blocks]?.trim() ?? "", where);
  return { at, prompt, output, blocks };
}

/** `0-3 7` is the blocks 0, 1, 2, 3 and 7. */
function readBlocks(cell: string, where: string): number[] {
  if (cell === "") return [];
  return cell.split(" ").flatMap((run) => {
    const [, from, to = from] = /^(\d+)(?:-(\d+))?$/.exec(run) ?? [];
    const length = Number(to) - Number(from) + 1;
    if (from === undefined || !(length >= 1 && length <= MOST_TOKENS / 1000)) {
      throw bad(where, `prefix_blocks has "${run.slice(0, 40)}", where 7 or 0-13 is expected`);
    }
    return Array.from({ length }, (_, more) => Number(from) + more);
  });
}

function bad(where: string, what: string): WeirError {
  return new WeirError("invalid_request", `${where}: ${what}.`);
}
